package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// scrapeConfig is the README's, for two of the lab's sites.
const scrapeConfig = `
scrape_configs:
  - job_name: ews_exporter
    scrape_interval: 1s
    static_configs: [{targets: [%[3]q]}]
  - job_name: ews
    metrics_path: /probe
    scrape_interval: 3s
    scrape_timeout: 3s
    params: {module: [` + quick + `]}
    static_configs:
      - targets: [%[1]q, %[2]q]
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {target_label: module, replacement: ` + quick + `}
      - {target_label: __address__, replacement: %[3]q}
`

// TestRealPrometheus: a real Prometheus scrapes the exporter, in OpenMetrics as it asks, and what it stored is asked back.
func TestRealPrometheus(t *testing.T) {
	t.Parallel()
	servers.Need(t, "prometheus")
	site := startLab(t, "healthy", "kemp-rfc2616")
	healthy, works := scenarioOf(t, site, "healthy")
	kemp, fails := scenarioOf(t, site, "kemp-rfc2616")
	var others atomic.Int32 // answers that are not OpenMetrics
	handler := overLab(t, site).handler
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w, r)
		if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/openmetrics-text") {
			others.Add(1)
		}
	}))
	t.Cleanup(exporter.Close)
	prometheus := servers.StartPrometheus(t, fmt.Sprintf(scrapeConfig, healthy.Address, kemp.Address, strings.TrimPrefix(exporter.URL, "http://")))
	patience := time.Now().Add(30 * time.Second)
	for expression, want := range map[string]float64{
		`up{job="ews_exporter"}`:                                                                                                                          1,
		`ews_exporter_config_last_reload_successful`:                                                                                                      1,
		`count(ews_exporter_probe_duration_seconds_bucket{le="+Inf"})`:                                                                                    1,
		`ews_exporter_probe_responses_total{code="501"} >= bool 1`:                                                                                        1,
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
	if n := others.Load(); n > 0 {
		t.Errorf("%d answers were not OpenMetrics", n)
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
