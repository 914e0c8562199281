package main

import (
	"fmt"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// scrapeConfig is the README's, for two of the lab's sites.
const scrapeConfig = `
scrape_configs:
  - job_name: ews
    metrics_path: /probe
    scrape_interval: 3s
    scrape_timeout: 3s
    params: {module: [` + quick + `]}
    static_configs:
      - targets: [%q, %q]
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {target_label: module, replacement: ` + quick + `}
      - {target_label: __address__, replacement: %q}
`

// TestRealPrometheus: a real Prometheus scrapes the exporter, and what it stored is asked back.
func TestRealPrometheus(t *testing.T) {
	t.Parallel()
	servers.Need(t, "prometheus")
	site := startLab(t, "healthy", "kemp-rfc2616")
	healthy, works := scenarioOf(t, site, "healthy")
	kemp, fails := scenarioOf(t, site, "kemp-rfc2616")
	exporter := httptest.NewServer(overLab(t, site).handler)
	t.Cleanup(exporter.Close)
	prometheus := servers.StartPrometheus(t, fmt.Sprintf(scrapeConfig, healthy.Address, kemp.Address, strings.TrimPrefix(exporter.URL, "http://")))
	patience := time.Now().Add(30 * time.Second)
	for expression, want := range map[string]float64{
		fmt.Sprintf(`up{instance=%q}`, kemp.Address):                                                                                                      1,
		fmt.Sprintf(`probe_success{instance=%q}`, healthy.Address):                                                                                        1,
		fmt.Sprintf(`probe_success{instance=%q}`, kemp.Address):                                                                                           0,
		fmt.Sprintf(`{__name__=~"probe_.+_outcome",instance=%q,outcome=%q}`, healthy.Address, works.Outcome):                                              1,
		fmt.Sprintf(`{__name__=~"probe_.+_outcome",instance=%q,outcome=%q}`, kemp.Address, fails.Outcome):                                                 1,
		fmt.Sprintf(`probe_http_responses{instance=%q,code="501",origin="middlebox"}`, kemp.Address):                                                      1,
		fmt.Sprintf(`probe_finding{instance=%q,code=%q,severity="error",origin=%q,product=%q}`, kemp.Address, fails.Finding, fails.Origin, fails.Product): 1,
		fmt.Sprintf(`probe_duration_seconds{instance=%q} >= bool 1`, kemp.Address):                                                                        1,
		fmt.Sprintf(`probe_timeout_seconds{instance=%q}`, kemp.Address):                                                                                   2.5,
	} {
		awaitSample(t, prometheus, patience, expression, want)
	}
}

// awaitSample asks until the expression gives one series with the value, or patience ends.
func awaitSample(t *testing.T, p servers.Prometheus, patience time.Time, expression string, want float64) {
	t.Helper()
	var got []servers.Sample
	for {
		var err error
		got, err = p.Query(t.Context(), expression)
		if err == nil && len(got) == 1 && got[0].Value == want {
			return
		}
		if time.Now().After(patience) {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Errorf("%s gives %v, want %v", expression, got, want)
}

// TestPromtoolAcceptsTheMetrics: Prometheus' own linter has nothing to say to what /probe and /metrics answer.
func TestPromtoolAcceptsTheMetrics(t *testing.T) {
	t.Parallel()
	promtool := servers.Need(t, "promtool")
	site := startLab(t, "kemp-rfc2616")
	kemp, _ := site.Scenario("kemp-rfc2616")
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics") // #nosec G204 -- found by Need
	check.Stdin = strings.NewReader(scrape(t, overLab(t, site).handler, quick, kemp.Address))
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
