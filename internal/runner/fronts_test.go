package runner_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// behind are the simulated sites that the real servers stand in front of.
var behind = []string{"healthy", "ignored", "kemp-rfc2616"}

// fronted is what a probe reports through each real server, by what stands behind it. What a proxy that answers the 100
// itself hides is the point: through nginx even a site that never sends a 100 looks well. Apache waits for the server's
// 100 before it reads the body (mod_proxy, Proxy100Continue On), so a site that never sends one gets no body and gives
// no answer.
var fronted = map[string]map[string]string{
	"nginx":                       {"healthy": "continue", "ignored": "continue", "kemp-rfc2616": "continue"},
	"nginx-unbuffered":            {"healthy": "continue", "ignored": "continue", "kemp-rfc2616": "continue"},
	"haproxy-http":                {"healthy": "continue", "ignored": "ignored", "kemp-rfc2616": "ignored_then_error"},
	"haproxy-tcp":                 {"healthy": "continue", "ignored": "ignored", "kemp-rfc2616": "ignored_then_error"},
	"haproxy-http-buffer-request": {"healthy": "continue", "ignored": "continue", "kemp-rfc2616": "continue"},
	"apache":                      {"healthy": "continue", "ignored": "no_response", "kemp-rfc2616": "no_response"},
}

// TestRealServers probes the simulated sites through real nginx, HAProxy and Apache httpd.
func TestRealServers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: behind})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	authority := site.Authority()
	certificate, err := authority.Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(load(t, `
modules: {ec: {prober: expect_continue, timeout: 4s, ip_protocol: ip4, tls_config: {ca_file: ca.pem}, expect_continue: {wait: 1s, variants: [immediate]}}}
policy: {allow: [127.0.0.1]}
`, map[string]string{"ca.pem": string(authority.PEM())}))
	for _, front := range servers.Fronts() {
		for _, name := range behind {
			t.Run(front.Name+" before "+name, func(t *testing.T) {
				t.Parallel()
				scenario, _ := site.Scenario(name)
				address := front.Start(t, scenario.Address, certificate)
				answer, err := r.Probe(t.Context(), runner.Request{Module: "ec", Target: address})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := outcome(answer.Result), fronted[front.Name][name]; got != want {
					t.Errorf("outcome %q, want %q (failure: %v, findings %v)", got, want, answer.Result.Failure, codes(answer.Result))
				}
				if _, found := strings.CutPrefix(name, "kemp"); found && fronted[front.Name][name] == "ignored_then_error" && answer.Result.Success() {
					t.Error("the 501 must fail the probe")
				}
			})
		}
	}
}

// TestRealServersAreDocumented holds the table of docs/expect-continue.md against what was asserted above.
func TestRealServersAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/expect-continue.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, front := range servers.Fronts() {
		row := fmt.Sprintf("| %s |", front.Description)
		for _, name := range behind {
			row += fmt.Sprintf(" `%s` |", fronted[front.Name][name])
		}
		if !strings.Contains(string(page), row+"\n") {
			t.Errorf("docs/expect-continue.md lacks the row\n%s", row)
		}
	}
}
