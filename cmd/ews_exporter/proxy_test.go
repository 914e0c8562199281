package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestProbeThroughAProxy: what nothing but a proxy leads to can be tried by hand, without a configuration.
func TestProbeThroughAProxy(t *testing.T) {
	t.Parallel()
	config := t.TempDir()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{"healthy"}})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	if err := lab.WriteConfig(config, site); err != nil {
		t.Fatal(err)
	}
	proxy := lab.Serve(t, script.Tunnels(nil))
	healthy := site.Scenarios()[0]
	var out, problems bytes.Buffer
	code := run(context.Background(), []string{
		"probe", "--config.file", config + "/ews_exporter.yml", healthy.Verdicts[0].Module, healthy.Address, "--proxy-url", "http://" + proxy.Addr(), "--json",
	}, strings.NewReader(""), &out, &problems)
	var res result.Result
	if err := json.Unmarshal(out.Bytes(), &res); err != nil || code != exitOK {
		t.Fatalf("exit code %d, %v: %s%s", code, err, out.String(), problems.String())
	}
	if res.Proxy != "http://"+proxy.Addr() || proxy.Connections() == 0 || res.Connections[0].Proxy == nil {
		t.Errorf("it did not go through the proxy: %q, %d connections", res.Proxy, proxy.Connections())
	}
}

// TestProxyOnTheCommandLine: a mistake is told, and a password in it is not.
func TestProxyOnTheCommandLine(t *testing.T) {
	t.Parallel()
	for url, says := range map[string]string{
		"http://svc:hunter2@proxy.contoso.com:3128": "proxy_auth",
		"socks5://proxy.contoso.com:1080":           "http:// or https://",
		"proxy.contoso.com:3128":                    "must be a URL",
	} {
		var out, problems bytes.Buffer
		code := run(context.Background(), []string{"probe", example.Name, "mail.contoso.com", "--proxy-url", url}, strings.NewReader(""), &out, &problems)
		if text := out.String() + problems.String(); code != exitUsage || !strings.Contains(text, says) || strings.Contains(text, "hunter2") {
			t.Errorf("%s: exit code %d, %s", url, code, text)
		}
	}
}
