package labs_test

import (
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestDocumentation: whoever asks a simulated site by a module gets what the module's part says of it, and is told who acts,
// what to do first, and on what proof. The table that `make run` prints, the start page, and docs/diagnosis.md are made of this.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes the 14 s that silent sites are given")
	}
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	cfg := configured(t, site)
	told := &table{rows: map[string][]string{}}
	var all sync.WaitGroup // not t.Parallel, which lets as many wait at once as there are processors
	for _, scenario := range site.Scenarios() {
		if len(scenario.Verdicts) == 0 {
			t.Errorf("%s: no part says what its modules report", scenario.Name)
		}
		asks := make([]func(), len(scenario.Verdicts))
		for i, want := range scenario.Verdicts {
			asks[i] = func() {
				if r := holds(t, cfg, scenario, want); r != nil {
					told.add(t, scenario, r)
				}
			}
		}
		if scenario.InTurn { // what another module asks meanwhile would turn it too
			all.Go(func() {
				for _, ask := range asks {
					ask()
				}
			})
			continue
		}
		for _, ask := range asks {
			all.Go(ask)
		}
	}
	all.Wait()
	if !t.Failed() {
		told.page(t, site.Scenarios())
	}
}

// TestCases: what no simulated site shows, by the parts' own peers.
func TestCases(t *testing.T) {
	t.Parallel()
	for _, part := range labs.All() {
		for _, c := range part.Cases {
			t.Run(part.Prober+" "+c.Name, func(t *testing.T) {
				t.Parallel()
				peer := c.Start(t)
				file, err := peer.WriteConfig(t.TempDir(), part.Prober)
				if err != nil {
					t.Fatal(err)
				}
				cfg, err := config.Load([]string{file}, probes.All())
				if err != nil {
					t.Fatal(err)
				}
				if peer.Adapt != nil {
					peer.Adapt(cfg.Modules[part.Prober].Settings)
				}
				options := runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)}
				if peer.Resolver != nil {
					options.Resolver = peer.Resolver
				}
				answer, err := runner.New(options).Probe(t.Context(), runner.Request{Module: part.Prober, Target: peer.Target, Limit: 10 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				if got := differs(answer.Result, c.Want); got != "" {
					t.Errorf("it reports %s, want %+v", got, c.Want)
				}
			})
		}
	}
}

func configured(t *testing.T, site *lab.Site) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// holds asks once, or where connections meet servers in turn until one has reported what is wanted.
func holds(t *testing.T, cfg *config.Config, scenario lab.Scenario, want lab.Verdict) *result.Result {
	limit := 30 * time.Second // more than what a module waits for notifications, on a busy machine too
	if want.Failure == "receive/timeout" {
		limit = 14 * time.Second
	}
	tries := 1
	if scenario.Varies || scenario.InTurn {
		tries = 10
	}
	var got string
	for range tries {
		r := runner.New(runner.Options{ // one for each: a refusal at two sites suspends the auth at all
			Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
		})
		answer, err := r.Probe(t.Context(), runner.Request{Module: want.Module, Target: scenario.Address, Limit: limit})
		if err != nil {
			t.Errorf("%s: %v", scenario.Name, err)
			return nil
		}
		if got = differs(answer.Result, want); got == "" {
			return answer.Result
		}
	}
	t.Errorf("%s: %s reports %s, want %+v", scenario.Name, want.Module, got, want)
	return nil
}

// differs says what a module reported instead of what is wanted; empty for nothing else.
func differs(r *result.Result, want lab.Verdict) string {
	failure := lab.None
	if r.Failure != nil {
		failure = string(r.Failure.Stage) + "/" + r.Failure.Reason
	}
	var codes []string
	for _, f := range r.Findings {
		codes = append(codes, f.Code)
	}
	found := len(codes) == 0
	if want.Finding != "" {
		found = slices.Contains(codes, want.Finding)
	}
	outcome := slices.ContainsFunc(r.Samples, func(s result.Sample) bool {
		return strings.HasSuffix(s.Name, "_outcome") && s.Value == 1 && slices.Contains(s.Labels, want.Outcome)
	})
	if failure == want.Failure && found && (want.Outcome == "" || outcome) {
		return ""
	}
	return failure + " " + strings.Join(codes, ", ")
}
