package runner_test

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestSeveralExportersForOneAccount: each knows of its own logons alone, so the bound is as many times as high as there are
// exporters: of one at most 2 in a quarter of an hour and 4 in half an hour. docs/authentication.md has these figures.
func TestSeveralExportersForOneAccount(t *testing.T) {
	t.Parallel()
	most := 3
	if testing.Short() {
		most = 1 // long
	}
	for exporters := 1; exporters <= most; exporters++ {
		t.Run(fmt.Sprint(exporters), func(t *testing.T) {
			t.Parallel()
			s, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{"basic-logon", "only-basic", "ntlm-persisted"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			var targets []string
			for _, scenario := range s.Scenarios() {
				targets = append(targets, scenario.Address)
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, "ca.pem"), string(s.Authority().PEM()))
			file := filepath.Join(dir, "ews_exporter.yml")
			modules, inYAML := modulesOfAll(t)
			write(t, file, fmt.Sprintf("auths:\n  a: {username: '%s', password: wrong, schemes: [ntlm, basic], targets: [\"%s\"]}\nmodules:\n%spolicy: {allow: [\"127.0.0.0/8\"]}\n",
				lab.Username, strings.Join(targets, `", "`), strings.ReplaceAll(inYAML, "auth: b", "auth: a")))
			cfg, err := config.Load([]string{file}, kinds())
			if err != nil {
				t.Fatal(err)
			}
			var passed atomic.Int64 // since the start, as time.Duration
			begun := time.Now()
			now := func() time.Time { return begun.Add(time.Duration(passed.Load())) }
			var all []*runner.Runner
			for range exporters {
				all = append(all, runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(now), Version: "test", Log: slog.New(slog.DiscardHandler), MaxProbesPerAddress: 100}))
			}
			logons := func() (n int) {
				for _, scenario := range s.Scenarios() {
					n += s.Cost(scenario.Name).Logons
				}
				return n
			}
			for minute := range 30 {
				passed.Store(int64(time.Duration(minute) * time.Minute))
				for i, r := range all {
					for _, target := range targets {
						if _, err := r.Probe(t.Context(), runner.Request{Module: modules[(minute+i)%len(modules)], Target: target, Limit: 6 * time.Second}); err != nil {
							t.Fatal(err)
						}
					}
				}
				if n := logons(); minute == 14 && n > 2*exporters {
					t.Errorf("%d logons in 15 minutes, want at most %d", n, 2*exporters)
				}
			}
			if n := logons(); n < exporters || n > 4*exporters {
				t.Errorf("%d logons in 30 minutes, want at most %d and at least one of each", n, 4*exporters)
			} else {
				t.Logf("%d exporters: %d logons in 30 minutes", exporters, n)
			}
		})
	}
}
