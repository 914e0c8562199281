package runner_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestRealProxies: Squid, Apache httpd and Tinyproxy lead on, and say why they do not.
func TestRealProxies(t *testing.T) {
	t.Parallel()
	site := lab.ServeTLS(t, script.TLS(t), script.Each(script.Request(lab.Write(script.Sized("<x/>")))))
	near, far := "mail.contoso.test:"+script.Port(site), "mail.contoso.test:1"
	const right, logon = "hunter2-hunter2", `proxy_auth: outward`
	squid, apache, tinyproxy := servers.SquidForward, servers.ApacheForward, servers.Tinyproxy
	for _, c := range []struct {
		name    string
		server  servers.Server
		scheme  string
		wants   string // the password that it lets in; empty for everybody
		keys    string
		target  string
		reason  string // of stage connect; empty for a success
		product string
		code    string
	}{
		{name: "Squid", server: squid, scheme: "http", target: near},
		{name: "Squid over TLS", server: squid, scheme: "https", target: near},
		{name: "Squid forbids", server: squid, scheme: "http", target: "127.0.0.9:443", reason: prober.ReasonProxyDenied, product: "squid", code: "ERR_ACCESS_DENIED"},
		{name: "Squid finds no way", server: squid, scheme: "http", target: far, reason: prober.ReasonProxyUpstream, product: "squid", code: "ERR_CONNECT_FAIL"},
		{name: "Squid wants a logon", server: squid, scheme: "http", wants: right, target: near, reason: prober.ReasonProxyLogon, product: "squid", code: "ERR_CACHE_ACCESS_DENIED"},
		{name: "Squid is given one", server: squid, scheme: "https", wants: right, keys: logon, target: near},
		{name: "Squid refuses one", server: squid, scheme: "https", wants: "another", keys: logon, target: near, reason: prober.ReasonProxyLogonRefused, product: "squid", code: "ERR_CACHE_ACCESS_DENIED"},
		{name: "Squid is given one, and finds no way", server: squid, scheme: "https", wants: right, keys: logon, target: far, reason: prober.ReasonProxyUpstream, product: "squid", code: "ERR_CONNECT_FAIL"},
		{name: "Apache", server: apache, scheme: "http", target: near},
		{name: "Apache over TLS", server: apache, scheme: "https", target: near},
		{name: "Apache forbids", server: apache, scheme: "http", target: "127.0.0.9:443", reason: prober.ReasonProxyDenied, product: "apache"},
		{name: "Apache finds no way", server: apache, scheme: "http", target: far, reason: prober.ReasonProxyUpstream, product: "apache"},
		{name: "Tinyproxy", server: tinyproxy, scheme: "http", target: near},
		{name: "Tinyproxy finds no way", server: tinyproxy, scheme: "http", target: far, reason: prober.ReasonProxyUpstream, product: "tinyproxy"},
		{name: "Tinyproxy wants a logon", server: tinyproxy, scheme: "http", wants: right, target: near, reason: prober.ReasonProxyLogon, product: "tinyproxy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			place := servers.Place{Password: c.wants}
			if c.wants != "" {
				place.User = "svc"
			}
			if c.scheme == "https" {
				place.Certificate = certificateFile(t, script.TLS(t).Certificates[0])
			}
			address := c.server.Start(t, place)
			cfg := load(t, fmt.Sprintf(`
auths: {outward: {username: svc, password: hunter2-hunter2, schemes: [basic], targets: ["%[1]s"]}}
modules:
  out:
    prober: asker
    ip_protocol: ip4
    proxy_url: %[2]s://%[1]s
    tls_config: {ca_file: ca.pem}
    %[3]s
policy: {allow: [127.0.0.0/8]}
`, address, c.scheme, c.keys), map[string]string{"ca.pem": string(script.Authority().PEM())})
			o := &outward{Runner: resolving(cfg)}
			res := o.ask(t, c.target)
			switch {
			case c.reason == "" && res.Failure != nil:
				t.Fatal(res.Failure)
			case c.reason == "":
			case !failure.Is(res.Failure, failure.Connect, c.reason):
				t.Fatalf("failure %v, want connect/%s", res.Failure, c.reason)
			case res.Deciding == nil || res.Deciding.Origin.Kind != "proxy" || res.Deciding.Origin.Product != c.product || res.Failure.Code != c.code:
				t.Errorf("%+v answered, with the code %q", res.Deciding, res.Failure.Code)
			}
		})
	}
}

func certificateFile(t *testing.T, pair tls.Certificate) string {
	t.Helper()
	var text []byte
	for _, der := range pair.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "certificate.pem")
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
