package runner_test

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// site starts scenarios of the lab (all when none is named) and a runner with the lab's own configuration.
func site(t *testing.T, only ...string) (*lab.Site, *runner.Runner) {
	t.Helper()
	s, err := lab.Start(t.Context(), lab.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, s); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	return s, newRunner(cfg)
}

func newRunner(cfg *config.Config) *runner.Runner {
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now),
		Version: "test", Log: slog.New(slog.DiscardHandler), MaxProbesPerAddress: 100,
	})
}

// TestScenarios holds what a probe of each simulated site reports against what the site's table promises. The wait is
// 1 s; with a logon it is the 5 s of the field.
func TestScenarios(t *testing.T) {
	t.Parallel()
	s, r := site(t)
	for _, scenario := range s.Scenarios() {
		if !scenario.OverHTTP() {
			continue
		}
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			hold(t, r, "expect_continue_fast", scenario.Address, 3*time.Second, scenario.Expect)
		})
		if scenario.WithLogon.Outcome == "" {
			continue
		}
		t.Run(scenario.Name+" with logon", func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				t.Skip("takes the 5 s that a client in the field waits")
			}
			hold(t, r, "expect_continue_basic", scenario.Address, 10*time.Second, scenario.WithLogon)
		})
	}
}

func hold(t *testing.T, r *runner.Runner, module, address string, limit time.Duration, want lab.Expectation) {
	t.Helper()
	answer, err := r.Probe(t.Context(), runner.Request{Module: module, Target: address, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	res := answer.Result
	if got := outcome(res); got != want.Outcome {
		t.Errorf("outcome %q, want %q (failure: %v)", got, want.Outcome, res.Failure)
	}
	if res.Success() != want.Success {
		t.Errorf("success %t, want %t (failure: %v)", res.Success(), want.Success, res.Failure)
	}
	if found := codes(res); want.Finding == "" && len(found) > 0 || want.Finding != "" && !slices.Contains(found, want.Finding) {
		t.Errorf("findings %v, want %q", found, want.Finding)
	}
	var who origin.Origin
	if res.Deciding != nil && res.Deciding.Final != nil {
		who = res.Deciding.Origin
	}
	if who.Kind != want.Origin || who.Product != want.Product {
		t.Errorf("answered by %q %q, want %q %q (%s)", who.Kind, who.Product, want.Origin, want.Product, who.Evidence)
	}
}

func outcome(res *result.Result) string {
	for _, s := range res.Samples {
		if s.Name == "probe_expect_continue_outcome" && s.Value == 1 {
			return s.Labels[0]
		}
	}
	return ""
}

func codes(res *result.Result) []string {
	var list []string
	for _, f := range res.Findings {
		list = append(list, f.Code)
	}
	return list
}
