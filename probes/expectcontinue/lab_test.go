package expectcontinue_test

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
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes/expectcontinue"
	parts "github.com/ews-exporter/ews_exporter/probes/expectcontinue/lab"
)

// TestScenarios holds what a probe of each simulated site reports against what the prober's part says. The wait is 1 s; with
// a logon it is the 5 s of the field.
func TestScenarios(t *testing.T) {
	t.Parallel()
	s, r := site(t)
	for _, scenario := range s.Scenarios() {
		want, _ := scenario.Verdict("expect_continue")
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			hold(t, r, "expect_continue_fast", scenario.Address, 3*time.Second, want)
		})
		logon, said := scenario.Verdict("expect_continue_basic")
		if !said {
			continue
		}
		t.Run(scenario.Name+" with logon", func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				t.Skip("takes the 5 s that a client in the field waits")
			}
			hold(t, r, logon.Module, scenario.Address, 10*time.Second, logon)
		})
	}
}

// site starts the sites that all probers share, and a runner with the modules that they come with.
func site(t *testing.T) (*lab.Site, *runner.Runner) {
	t.Helper()
	s, err := lab.Start(t.Context(), []lab.Part{parts.Part()}, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, s); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, []prober.Definition{expectcontinue.Definition})
	if err != nil {
		t.Fatal(err)
	}
	return s, runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now),
		Version: "test", Log: slog.New(slog.DiscardHandler), MaxProbesPerAddress: 100,
	})
}

func hold(t *testing.T, r *runner.Runner, module, address string, limit time.Duration, want lab.Verdict) {
	t.Helper()
	answer, err := r.Probe(t.Context(), runner.Request{Module: module, Target: address, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	res := answer.Result
	if got := outcome(res); got != want.Outcome {
		t.Errorf("outcome %q, want %q (failure: %v)", got, want.Outcome, res.Failure)
	}
	failure := lab.None
	if res.Failure != nil {
		failure = string(res.Failure.Stage) + "/" + res.Failure.Reason
	}
	if failure != want.Failure {
		t.Errorf("failure %v, want %s", res.Failure, want.Failure)
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
