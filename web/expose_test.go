package web

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
)

// TestScrapesAreAnsweredAsByPrometheusOwnHandler: whatever a scraper accepts, it gets the head and the text that Prometheus's own
// handler answers with, one asked after the other.
func TestScrapesAreAnsweredAsByPrometheusOwnHandler(t *testing.T) {
	t.Parallel()
	s := &server{}
	for _, interval := range []bool{false, true} {
		answer := runner.Answer{Result: examples.Kemp(), Age: 90 * time.Second, Interval: interval}
		for _, accept := range []string{
			"", whatPrometheusAccepts, whatPrometheusAccepts, "*/*", "text/plain", "text/plain;version=0.0.4;escaping=allow-utf-8",
			"application/openmetrics-text", "application/openmetrics-text;version=1.0.0;escaping=underscores", "application/openmetrics-text;version=2.0.0",
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text", "nonsense", ";;;,",
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/probe", nil)
			r.Header.Set("Accept", accept)
			got, want := httptest.NewRecorder(), httptest.NewRecorder()
			s.expose(got, r, answer)
			promhttp.HandlerFor(collector.Gatherer(answer.Result, ageOf(answer)), promhttp.HandlerOpts{DisableCompression: true, EnableOpenMetrics: true}).ServeHTTP(want, r)
			got.Header().Del("Content-Length") // which net/http would find out itself of short ones
			if diff := cmp.Diff(want.Header(), got.Header()) + cmp.Diff(want.Body.String(), got.Body.String()); diff != "" {
				t.Errorf("Accept: %q (-want +got):\n%s", accept, diff)
			}
		}
	}
}
