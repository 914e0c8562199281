package delivery_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/delivery"
	"github.com/ews-exporter/ews_exporter/probes"
)

// drawer has what probes draw of the faults' targets, by the configuration of the chain's exporter and as that asks, with a memory of
// its own for accounts that were refused; and all advice in the words of alerts.
type drawer struct {
	runner *runner.Runner
	limit  time.Duration
	book   advice.Book

	mu    sync.Mutex
	drawn map[asked]*result.Result
	all   sync.WaitGroup
}

// asked is what a probe is asked.
type asked struct{ module, target, hostname string }

// draw begins to probe the targets of all faults.
func draw(t *testing.T, o delivery.Options, faults []fault) *drawer {
	t.Helper()
	cfg, err := config.Load(o.Configs, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	d := &drawer{
		runner: runner.New(runner.Options{
			Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test",
			Log: slog.New(slog.DiscardHandler), MaxProbesPerAddress: 1000,
		}),
		limit: time.Minute/time.Duration(o.Factor) - 500*time.Millisecond, book: runner.AllAdvice(probes.All()), drawn: map[asked]*result.Result{},
	}
	t.Cleanup(d.all.Wait)
	slots := make(chan struct{}, 24) // most of them wait most of the time
	for _, f := range faults {
		for i, target := range f.targets {
			want := f.want
			if i > 0 {
				want = lab.Verdict{} // another site's
			}
			d.all.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				a := asked{f.Module, target.Address, ""}
				if target.Via == "direct" {
					a.hostname = target.Service
				}
				d.probe(t, a, want)
			})
		}
	}
	return d
}

// probe probes a target; where servers differ, until one shows what is wanted.
func (d *drawer) probe(t *testing.T, a asked, want lab.Verdict) {
	for range 10 {
		answer, err := d.runner.Probe(t.Context(), runner.Request{Module: a.module, Target: a.target, Hostname: a.hostname, Limit: d.limit})
		if err != nil {
			t.Errorf("module %s at %s: %v", a.module, a.target, err)
			return
		}
		d.mu.Lock()
		d.drawn[a] = answer.Result
		d.mu.Unlock()
		failure := lab.None
		if failed := answer.Result.Failure; failed != nil {
			failure = string(failed.Stage) + "/" + failed.Reason
		}
		if want.Failure == "" || want.Failure == failure {
			return
		}
	}
	t.Errorf("module %s at %s does not report %s", a.module, a.target, want.Failure)
}

// wrong says how an alert about the fault does not have the step that a probe of its target draws; empty where it has.
func (d *drawer) wrong(f fault, a delivery.Alert) string {
	switch a.Labels["alertname"] {
	case "EwsAuthSuspended": // is about the account, wherever it was refused
		if f.want.Failure != "auth/refused" {
			return "nobody refused its account"
		}
		suspended, _ := d.book.Find(advice.Case{About: "auth/suspended"}, false)
		return wrongStep(a.Annotations["description"], a.Labels, suspended)
	case "EwsCertificateExpires1d": // how long a certificate lasts is a number, and not a fault of a probe
		return ""
	}
	place := asked{f.Module, a.Labels["instance"], ""}
	if a.Labels["via"] == "direct" {
		place.hostname = a.Labels["service"]
	}
	if place.target == "" {
		place.target = f.targets[0].Address
	}
	drawn := d.drawn[place]
	if drawn == nil || drawn.Verdict == nil {
		return "a probe asks nothing of anybody"
	}
	piece, ok := d.book.Get(drawn.Verdict.Advice)
	if !ok {
		return "there is no advice " + drawn.Verdict.Advice
	}
	if past, ok := d.book.Get(piece.Direct); ok && place.hostname != "" && strings.HasPrefix(place.target, place.hostname+":") {
		piece = past // whoever asks a server by its own name says nothing of a way past a box, and the label via does
	}
	if a.Labels["alertname"] == "EwsBalancerFailing" && behind(piece) {
		return wrongComparison(a.Annotations["description"], a.Labels, piece)
	}
	return wrongStep(a.Annotations["description"], a.Labels, piece)
}

// behind tells that an advice is for what every way meets, so that it is in doubt where a server works.
func behind(a advice.Advice) bool {
	for _, o := range a.Owners {
		if !o.Behind() {
			return false
		}
	}
	return true
}
