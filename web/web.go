// Package web answers HTTP: probes for Prometheus, pages for people, and the exporter's own state.
package web

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// Options are what the handlers stand on. Those that say so, Advice, EnablePprof, ProbeURL, TimeoutOffset, Tries and Recent may be left out.
type Options struct {
	Prober   runner.Prober
	Self     *collector.Self
	Recent   *Recent // nil: there are no reports
	Findings fs.FS   // findings/CODE.md
	Log      *slog.Logger
	Version  string

	Probers []prober.Definition // whose findings are listed
	Advice  advice.Book         // what to do first on each; may be empty
	Tries   []Try               // what the start page offers to probe by a click; none for an earnest site

	Modules  func() []string            // names of the modules in force, in order
	Redacted func(module string) string // the configuration as YAML without secrets; of one module unless ""
	Reload   func() error               // reads the configuration again; the old one stays in force on an error
	Ready    func() bool                // false while the exporter stops

	// Cells are what there is to probe, by the configuration in force; nil: there is no service discovery.
	Cells func(context.Context) (*config.Config, []config.Cell, error)
	// Listed are the same without a look-up, as far as they are known; nil: there are no services to show.
	Listed   func() []config.Cell
	ProbeURL string // where Prometheus reaches /probe; its path alone, or "", where it asks as it asked for the list

	Prefix string // of every path, as in /ews; "": none
	Origin string // by which browsers know the exporter where a proxy stands in front, as in https://monitor.contoso.com; "": by the Host that it is asked by

	// TimeoutOffset is taken off Prometheus's scrape limit, so that the answer arrives in time.
	TimeoutOffset time.Duration
	EnablePprof   bool
}

// Try is a probe that the start page offers.
type Try struct{ About, Module, Target string }

type server struct {
	Options
	protection *http.CrossOriginProtection
	values     collector.Values
	accepted   accepted

	listOnce sync.Once
	list     []byte // the page of all findings
}

// New makes the handler of all endpoints.
func New(o Options) http.Handler {
	s := &server{Options: o, protection: http.NewCrossOriginProtection()}
	if o.Origin != "" {
		if err := s.protection.AddTrustedOrigin(o.Origin); err != nil {
			panic(err) // it is none: a fault of the caller, who must have read it before
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("GET /probe", s.probe)
	if o.Recent != nil {
		mux.HandleFunc("GET /services", s.services)
	}
	if o.Cells != nil {
		mux.HandleFunc("GET /sd", s.discover)
	}
	if o.Recent != nil {
		mux.HandleFunc("GET /report", s.newest)
		mux.HandleFunc("POST /report", s.run)
		mux.HandleFunc("GET /report/{id}", s.byID)
		mux.HandleFunc("GET /compare", s.compare)
	}
	mux.HandleFunc("GET /findings/{$}", s.findings)
	mux.HandleFunc("GET /findings/{code}", s.finding)
	mux.HandleFunc("GET /config", s.config)
	mux.HandleFunc("GET /assets/{file}", static)
	mux.HandleFunc("GET /-/healthy", healthy)
	mux.HandleFunc("GET /-/ready", s.ready)
	mux.HandleFunc("POST /-/reload", s.reload)
	mux.HandleFunc("PUT /-/reload", s.reload)
	mux.Handle("GET /metrics", s.metrics(promhttp.HandlerFor(o.Self.Registry(), promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelError), Registry: o.Self.Registry(), EnableOpenMetrics: true,
	})))
	if o.EnablePprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return secured(mounted(o.Prefix, s.guided(mux)))
}

// secured sets what every page needs: nothing but its own style, script and icon, no frame, no other site, no guessing of types,
// nothing kept by caches.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin") // not no-referrer: with that, browsers hide from us that our own form is ours
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
