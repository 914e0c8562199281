package conformance

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/test/hostile"
)

// slots is how many probes run at once, of all examinations together: most of them wait most of the time.
var slots = make(chan struct{}, 24)

// play is one thing to be probed.
type play struct {
	where  string
	floods bool
	run    func(s *stage) *Observation
}

// Flood plays what sends much, or without end. Nothing else may run meanwhile, because memory is watched.
func (x *Examination) Flood(ctx context.Context) {
	for _, p := range x.cases() { //nolint:contextcheck // a peer ends with its stage
		if p.floods {
			x.perform(ctx, p)
		}
	}
}

// Play plays everything else, side by side. A short one leaves out the scenarios, but for a healthy one, the peers that
// several probers can meet, and what takes long; what that leaves unshown is not asked for then.
func (x *Examination) Play(ctx context.Context, short bool) {
	x.short = short
	x.sideBySide(ctx, func(s *stage) []play { //nolint:contextcheck // the stage has it
		return slices.Concat(x.scenarios(s), x.peers(), x.relays(), x.cases())
	})
}

// sideBySide plays many things at once. On a busy machine one of them may meet a time limit, of the probe or within it; what
// does not report what it should is played once more, with less beside it and more time.
func (x *Examination) sideBySide(ctx context.Context, plays func(*stage) []play) {
	if fault := act(ctx, func(s *stage) {
		var running sync.WaitGroup
		all := plays(s)
		for _, p := range all {
			if p.floods {
				continue
			}
			slots <- struct{}{}
			running.Go(func() {
				defer func() { <-slots }()
				x.perform(ctx, p)
			})
		}
		running.Wait()
		x.patient = true
		for _, p := range all {
			if i := slices.IndexFunc(x.Seen, func(o *Observation) bool { return o.Where == p.where && len(o.differences()) > 0 }); i >= 0 {
				x.Seen = slices.Delete(x.Seen, i, i+1)
				x.perform(ctx, p)
			}
		}
	}); fault != "" {
		x.fault(fault)
	}
}

// Visit plays the scenarios alone.
func (x *Examination) Visit(ctx context.Context) {
	x.sideBySide(ctx, x.scenarios)
}

// perform plays one thing, and keeps what was seen.
func (x *Examination) perform(ctx context.Context, p play) {
	var o *Observation
	if fault := act(ctx, func(s *stage) { o = p.run(s) }); fault != "" {
		x.fault(p.where + ": " + fault)
	}
	if o != nil {
		o.Where = p.where
		x.mu.Lock()
		defer x.mu.Unlock()
		x.Seen = append(x.Seen, o)
	}
}

func (x *Examination) fault(text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.faults = append(x.faults, text)
}

// scenarios starts those of which the part says what its modules report, and gives what is to be played at them.
func (x *Examination) scenarios(s *stage) []play {
	parts := []lab.Part{x.Part}
	var names []string
	for _, scenario := range lab.Scenarios(parts) {
		if len(scenario.Verdicts) > 0 {
			names = append(names, scenario.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	site, err := lab.Start(s, parts, lab.Options{Only: names})
	s.must(err)
	s.Cleanup(site.Close)
	dir := s.folder()
	s.must(lab.WriteConfig(dir, site))
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, []prober.Definition{x.Definition})
	s.must(err)
	var plays []play
	for _, scenario := range site.Scenarios() {
		var turn sync.Mutex // where requests reach servers in turn, another probe's would come between
		for _, want := range scenario.Verdicts {
			plays = append(plays, play{where: scenarioWhere(scenario, want), run: func(s *stage) *Observation {
				if scenario.InTurn {
					turn.Lock()
					defer turn.Unlock()
				}
				return x.visit(s, cfg, scenario, want)
			}})
			if x.short && want.Failure == lab.None {
				return plays[len(plays)-1:]
			}
		}
	}
	return plays
}

func scenarioWhere(s lab.Scenario, v lab.Verdict) string {
	return "scenario " + s.Name + ", module " + v.Module
}

// visit probes a scenario: once, or where connections meet servers in turn until one has reported what is wanted. Each time
// it is another exporter, because a refusal at two sites suspends an auth at all.
func (x *Examination) visit(s *stage, cfg *config.Config, scenario lab.Scenario, want lab.Verdict) (o *Observation) {
	for range 10 {
		o = newExporter(x.grant(cfg), nil).probe(s, request{module: want.Module, target: scenario.Address, limit: x.longer(patience(cfg.Modules[want.Module], want))})
		o.Scenario, o.Want, o.Judged, o.Begun, o.Reached = scenario.Name, want, true, true, true
		if !scenario.Varies || len(o.differences()) == 0 {
			break
		}
	}
	return o
}

// patience is the time that a probe gets, 0 for the module's alone. Where its end is all that is waited for, that is short, and long
// enough to get there on a busy machine.
func patience(m *config.Module, want lab.Verdict) time.Duration {
	if m == nil || !strings.HasSuffix(want.Failure, "/timeout") {
		return 0
	}
	return brief(m) + 2*time.Second
}

// brief is a short time limit.
func brief(m *config.Module) time.Duration { return max(3*time.Second, m.Settings.Need()+time.Second) }

// moreTime is how many times as long a probe may take that is played once more.
const moreTime = 4

// longer is a time limit, or more of it for what is played once more.
func (x *Examination) longer(limit time.Duration) time.Duration {
	if x.patient {
		return moreTime * limit
	}
	return limit
}

// grant is the configuration, with modules that have more time for what is played once more.
func (x *Examination) grant(cfg *config.Config) *config.Config {
	granted := *cfg
	granted.Modules = maps.Clone(cfg.Modules)
	for name, m := range granted.Modules {
		longer := *m
		longer.Timeout = x.longer(m.Timeout)
		granted.Modules[name] = &longer
	}
	return &granted
}

// cases are what is to be played beside the scenarios: what the part brings, and the broken and hostile peers that the prober
// can meet.
func (x *Examination) cases() []play {
	groups := []lab.Group{{Cases: x.Part.Cases}}
	more, err := hostile.Cases(x.Part)
	if err != nil {
		x.fault(err.Error())
	}
	if !x.short {
		groups = append(groups, more...)
	}
	var plays []play
	for _, g := range groups {
		for _, c := range g.Cases {
			if x.short && (c.Slow || c.Hangs || strings.HasSuffix(c.Want.Failure, "/timeout")) {
				continue
			}
			where := "case " + c.Name
			if g.Title != "" {
				where = "hostile peers, " + g.Title + ": " + g.Who + " " + c.Name
			}
			plays = append(plays, play{where: where, floods: c.Floods, run: func(s *stage) *Observation {
				o := x.meet(s, c.Start(s), func(m *config.Module) time.Duration {
					if c.Hangs {
						return brief(m)
					}
					return patience(m, c.Want)
				}, c.Floods, c.Times)
				o.Want, o.Judged, o.Begun, o.Reached = c.Want, true, true, true
				return o
			}})
		}
	}
	return plays
}
