package runner_test

import (
	"log/slog"
	"path/filepath"
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

// site starts scenarios of the lab (all when none is named) and a runner with the lab's own configuration.
func site(t *testing.T, only ...string) (*lab.Site, *runner.Runner) {
	t.Helper()
	s, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: only})
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
