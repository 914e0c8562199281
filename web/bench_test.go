package web

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
)

// BenchmarkScrape is what a scrape costs on top of its probe: metrics from a Result, and their text.
func BenchmarkScrape(b *testing.B) {
	s, answer := &server{}, runner.Answer{Result: examples.Kemp()}
	req := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/probe", nil)
	b.ReportAllocs()
	for b.Loop() {
		s.expose(httptest.NewRecorder(), req, answer)
	}
}
