package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// TestSpellingsShareOneProbe: what is asked for counts, and not how it is written.
func TestSpellingsShareOneProbe(t *testing.T) {
	t.Parallel()
	var probes atomic.Int32
	r := localRunner(t, nil, func(context.Context, *prober.Run) { probes.Add(1) })
	ask := func(req runner.Request) {
		t.Helper()
		req.Module = "slow"
		if _, err := r.Probe(t.Context(), req); err != nil {
			t.Errorf("%+v: %v", req, err)
		}
	}
	for _, target := range []string{"mail.contoso.test", "MAIL.contoso.Test", "mail.contoso.test.", "mail.contoso.test:443", "mail.contoso.test:0443", "https://mail.contoso.test", "HTTPS://Mail.contoso.test.:00443", "mail。contoso。test"} {
		ask(runner.Request{Target: target})
		ask(runner.Request{Target: target, Hostname: "Mail.Contoso.test."})
	}
	if n := probes.Load(); n != 1 {
		t.Errorf("%d probes of one target in several spellings, want 1", n)
	}
	for i := range 50 { // limits that differ by nothing
		ask(runner.Request{Target: "mail.contoso.test", Limit: 9*time.Second + time.Duration(i+1)*time.Millisecond})
	}
	if n := probes.Load(); n > 3 {
		t.Errorf("%d probes of one target at nearly the same limits", n)
	}
	before := probes.Load()
	others := []string{"http://mail.contoso.test", "mail.contoso.test:8443", "https://mail.contoso.test/a", "https://mail.contoso.test/A"}
	for _, target := range others {
		ask(runner.Request{Target: target})
	}
	if n := int(probes.Load() - before); n != len(others) {
		t.Errorf("%d probes of %d other targets", n, len(others))
	}
}

// TestOldConfigurationsAreLetGo: what min_interval keeps does not keep the configuration that it was made by.
func TestOldConfigurationsAreLetGo(t *testing.T) {
	t.Parallel()
	var current atomic.Pointer[config.Config]
	r := localRunner(t, func(o *runner.Options) { o.Config = current.Load }, func(context.Context, *prober.Run) {})
	defer runtime.KeepAlive(r) // and what it keeps
	const reloads = 10
	var old []weak.Pointer[config.Module]
	for range reloads {
		current.Store(load(t, fmt.Sprintf(local, `""`, `""`), nil))
		old = append(old, weak.Make(current.Load().Modules["slow"]))
		for i := range 3 {
			if _, err := r.Probe(t.Context(), runner.Request{Module: "slow", Target: fmt.Sprintf("127.0.0.%d", i+1)}); err != nil {
				t.Fatal(err)
			}
		}
	}
	kept := 0
	for range 100 { // whatever else still runs with one lets it go, too
		runtime.GC()
		kept = 0
		for _, module := range old {
			if module.Value() != nil {
				kept++
			}
		}
		if kept <= 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the modules of %d configurations are kept, want those of the newest alone", kept)
}

// TestTargetsThatHangLeaveRoom: however many of them are asked for, those of another place are probed.
func TestTargetsThatHangLeaveRoom(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]func(i int) string{
		"one host, many paths":       func(i int) string { return fmt.Sprintf("https://hangs.fabrikam.test/%d", i) },
		"the hosts of one domain":    func(i int) string { return fmt.Sprintf("ex%d.fabrikam.test", i) },
		"the addresses of a network": func(i int) string { return fmt.Sprintf("127.1.1.%d", i) },
		"two hosts":                  func(i int) string { return fmt.Sprintf("https://hangs.fabrikam%d.test/%d", i%2, i) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			r := localRunner(t, func(o *runner.Options) { o.MaxProbes = 40 }, func(ctx context.Context, run *prober.Run) {
				if run.Target.Host != "mail.contoso.test" {
					<-release
				}
			})
			var hanging sync.WaitGroup
			var refused atomic.Int32
			for i := range 100 {
				hanging.Go(func() {
					_, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: hang(i)})
					if refusal := (*runner.Refusal)(nil); errors.As(err, &refusal) {
						if refusal.Status != http.StatusServiceUnavailable || refusal.Reason != runner.TooManyProbes {
							t.Errorf("%+v", refusal)
						}
						refused.Add(1)
					}
				})
			}
			for i := 0; refused.Load() < 100-40 && i < 500; i++ {
				time.Sleep(10 * time.Millisecond)
			}
			if n := refused.Load(); n > 100-20 {
				t.Errorf("%d of 100 were refused: what nobody else wants may be had", n)
			}
			for i := range 5 {
				if _, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "mail.contoso.test"}); err != nil {
					t.Errorf("another target, try %d: %v", i, err)
				}
			}
			close(release)
			hanging.Wait()
		})
	}
}

// TestLimitsShareAResult: within min_interval a result holds for other time limits, except where time decided what it is.
func TestLimitsShareAResult(t *testing.T) {
	t.Parallel()
	fail := func(f *failure.Failure) func(*prober.Run) { return func(run *prober.Run) { run.Result.Fail(f) } }
	refused := failure.New(failure.Connect, "refused", "nobody listens")
	silent := failure.New(failure.Receive, "timeout", "no answer came")
	tests := []struct {
		name   string
		does   func(*prober.Run)
		limits []float64
		probes int32
	}{
		{"a success", func(*prober.Run) {}, []float64{5, 1, 2, 9, 14, 0.5}, 1},
		{"refused", fail(refused), []float64{1, 2, 9, 14}, 1},
		{"timed out, then less time", fail(silent), []float64{14, 13, 12, 5, 1, 14, 13.2}, 1},
		{"timed out, then more time", fail(silent), []float64{5, 4.5, 4.2, 5, 9, 5}, 2},
		{"a proxy timed out", fail(failure.New(failure.Connect, "proxy_timeout", "no answer came")), []float64{5, 9, 5}, 2},
		{"a part timed out", func(run *prober.Run) { run.Step("part").Step("receive").End(silent) }, []float64{5, 9, 5}, 2},
		{"something was left out", func(run *prober.Run) { run.Result.UndecidedReason = result.NotAsked }, []float64{5, 9, 5}, 2},
		{"most of the limit was used", func(*prober.Run) { time.Sleep(150 * time.Millisecond) }, []float64{0.2, 5, 0.2, 9}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var probes atomic.Int32
			r := localRunner(t, nil, func(_ context.Context, run *prober.Run) { probes.Add(1); tt.does(run) })
			for _, seconds := range tt.limits {
				req := runner.Request{Module: "slow", Target: "127.0.0.1", Limit: time.Duration(seconds * float64(time.Second))}
				if _, err := r.Probe(t.Context(), req); err != nil {
					t.Fatal(err)
				}
			}
			if n := probes.Load(); n != tt.probes {
				t.Errorf("%d probes for the limits %v, want %d", n, tt.limits, tt.probes)
			}
		})
	}
}
