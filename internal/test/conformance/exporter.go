package conformance

import (
	"bytes"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// exporter is a runner with a configuration, as the exporter has it, and its log.
type exporter struct {
	*runner.Runner
	log     *log
	secrets []loggedOn // of all auths
}

// log is what was logged, at every level. It is safe for concurrent use.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newExporter(cfg *config.Config, resolver wire.Resolver) *exporter {
	l := &log{}
	var secrets []loggedOn
	for _, a := range cfg.Auths {
		if a.Secret == nil {
			continue
		}
		if value, err := a.Secret.Get(); err == nil { // what cannot be read cannot be shown
			secrets = append(secrets, loggedOn{a.Username, value.Reveal()})
		}
	}
	return &exporter{runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: resolver, Version: "test",
		Listeners: []netip.AddrPort{netip.MustParseAddrPort(lab.Own)},
		Log:       slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})), MaxProbesPerAddress: 1000,
	}), l, secrets}
}

// request is one for a probe; a limit of 0 is the module's alone.
type request struct {
	module, target, hostname string
	limit                    time.Duration
}

// probe probes once.
func (e *exporter) probe(s *stage, r request) *Observation {
	begun := time.Now()
	answer, err := e.Probe(s, runner.Request{Module: r.module, Target: r.target, Hostname: r.hostname, Limit: r.limit})
	s.must(err)
	o := &Observation{Result: answer.Result, Took: time.Since(begun), Secrets: e.secrets}
	s.must(o.show(e.log.String()))
	return o
}

// meet probes a peer, in a time that is the module's where limit gives 0, watches the memory that this
// takes if wanted, and gives what comes of the last of so many probes.
func (x *Examination) meet(s *stage, p lab.Peer, limit func(*config.Module) time.Duration, watched bool, times int) *Observation {
	file, err := p.WriteConfig(s.folder(), x.Definition.Name)
	s.must(err)
	cfg, err := config.Load([]string{file}, []prober.Definition{x.Definition})
	s.must(err)
	cfg = x.grant(cfg)
	exporter, m := newExporter(cfg, p.Resolver), cfg.Modules[x.Definition.Name]
	if p.Adapt != nil {
		p.Adapt(m.Settings)
	}
	if checker, ok := m.Settings.(prober.RelayChecker); ok && p.RelayCheck {
		m.Settings = checker.RelayCheck()
	}
	peak := func() (most, beyond int) { return 0, 0 }
	if watched {
		peak = watchHeap(exporter.Held)
	}
	asked := request{module: m.Name, target: p.Target, hostname: p.As, limit: x.longer(limit(m))}
	if watched && asked.limit == 0 {
		m.Timeout *= 4 // megabytes in small pieces take long with the race detector
	}
	o := exporter.probe(s, asked)
	for range times - 1 {
		o = exporter.probe(s, asked)
	}
	o.Memory, o.Uncounted = peak()
	for i := 0; p.Cost != nil && p.Cost().Open > 0; i++ {
		if i == 500 {
			o.LeftOpen = p.Cost().Open
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return o
}
