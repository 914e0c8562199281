package web

import (
	"net/http"
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
func (s *server) config(w http.ResponseWriter, _ *http.Request) { text(w, s.Redacted("")) }

// reload reads the configuration again. What is wrong with it goes to the caller; the old one stays in force.
func (s *server) reload(w http.ResponseWriter, r *http.Request) {
	if refused := crossSite(r); refused != nil {
		http.Error(w, refused.Message, refused.Status)
		return
	}
	if err := s.Reload(); err != nil {
		http.Error(w, "the configuration was not reloaded, the old one stays in force:\n"+err.Error(), http.StatusInternalServerError)
		return
	}
	text(w, "reloaded\n")
}
