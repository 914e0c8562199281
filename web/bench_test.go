package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
)

// BenchmarkScrape is what a scrape costs on top of its probe: metrics from a Result, and their text.
func BenchmarkScrape(b *testing.B) {
	r := examples.Kemp()
	req := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/probe", nil)
	b.ReportAllocs()
	for b.Loop() {
		promhttp.HandlerFor(collector.Gatherer(r, nil), promhttp.HandlerOpts{DisableCompression: true}).ServeHTTP(httptest.NewRecorder(), req)
	}
}
