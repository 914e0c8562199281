package runner_test

import (
	"log/slog"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

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
