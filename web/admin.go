package web

import (
	"errors"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

func healthy(w http.ResponseWriter, _ *http.Request) { text(w, "healthy\n") }

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if !s.Ready() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	text(w, "ready\n")
}

// config shows the configuration in force, without secrets.
func (s *server) config(w http.ResponseWriter, r *http.Request) {
	s.raw(w, r, "Configuration", "What is in force, without secrets. Programs get the bare text.", s.Redacted(""))
}

// metrics are the exporter's own: within a page to browsers, which Prometheus never takes itself for.
func (s *server) metrics(bare http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !wantsPage(w, r) {
			bare.ServeHTTP(w, r)
			return
		}
		all, err := exposition(s.Self.Registry())
		if err != nil {
			http.Error(w, plain.Escape("the metrics could not be gathered: "+err.Error()), http.StatusInternalServerError)
			return
		}
		s.raw(w, r, "Own metrics", "What the exporter tells of itself. Prometheus, and whoever else asks for no page, gets the bare text.", all)
	})
}

// exposition is metrics as Prometheus reads them.
func exposition(metrics prometheus.Gatherer) (string, error) {
	families, err := metrics.Gather()
	var b strings.Builder
	for _, f := range families {
		_, textErr := expfmt.MetricFamilyToText(&b, f)
		err = errors.Join(err, textErr)
	}
	return b.String(), err
}

// reload reads the configuration again. What is wrong with it goes to the caller; the old one stays in force.
func (s *server) reload(w http.ResponseWriter, r *http.Request) {
	if refused := s.crossSite(r); refused != nil {
		http.Error(w, refused.Message, refused.Status)
		return
	}
	if err := s.Reload(); err != nil {
		http.Error(w, "the configuration was not reloaded, the old one stays in force:\n"+err.Error(), http.StatusInternalServerError)
		return
	}
	text(w, "reloaded\n")
}
