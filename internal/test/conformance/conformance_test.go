package conformance_test

import (
	"context"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/conformance"
	"github.com/ews-exporter/ews_exporter/internal/test/conformance/greeting"
	greetings "github.com/ews-exporter/ews_exporter/internal/test/conformance/greeting/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

// TestMain runs many tests at once, because most of them wait.
func TestMain(m *testing.M) { waiting.TestMain(m, 24) }

// toy is the prober greeting, with what stands in its folder.
func toy() conformance.Subject {
	return conformance.Subject{
		Definition: greeting.Definition, Part: greetings.Part(),
		Folder: os.DirFS("greeting"), Shared: os.DirFS("../../prober/findings"),
	}
}

// seen is what there is to be seen of the toy.
var seen = sync.OnceValue(func() *conformance.Examination { return examine(context.Background(), toy(), false) })

func examine(ctx context.Context, s conformance.Subject, short bool) *conformance.Examination {
	x := conformance.New(s)
	x.Play(ctx, short)
	return x
}

// TestToy: the suite asks nothing of a prober that does not stand in its folder.
func TestToy(t *testing.T) {
	t.Parallel()
	x := seen()
	for _, demand := range conformance.Demands {
		for _, c := range x.Complaints(demand) {
			t.Errorf("%s: %s", demand.Name, c)
		}
	}
}

// mutant is the toy with one fault.
type mutant struct {
	demand string // the one that it fails
	says   string // in a complaint
	change func(s *conformance.Subject)
}

// TestDeclarationsAreHeld: what is wrong with what a prober declares, or with its folder, shows against what was seen of it.
func TestDeclarationsAreHeld(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]mutant{
		"a reason that no scenario produces": {"coverage", "the reason content/never is declared, and no scenario", func(s *conformance.Subject) {
			s.Definition.Reasons = append(slices.Clip(s.Definition.Reasons), failure.Reason{Stage: failure.Content, Reason: "never", Help: "Never."})
		}},
		"a failure of those who lack it that is no reason": {"declaration", "Definition.Absent: content/gone is none", func(s *conformance.Subject) {
			s.Definition.Absent = []string{"content/gone"}
		}},
		"a finding that no scenario produces": {"coverage", "the finding greeting_never is declared, and no scenario", func(s *conformance.Subject) {
			s.Definition.Findings = append(slices.Clip(s.Definition.Findings), prober.Finding{Code: "greeting_never", Severity: result.Info, Summary: "Never."})
		}},
		"a metric that nobody emits": {"coverage", "the metric probe_greeting_never is declared, and no scenario", func(s *conformance.Subject) {
			s.Definition.Metrics = append(slices.Clip(s.Definition.Metrics), &result.Metric{Name: "probe_greeting_never", Help: "Never.", Presence: "never"})
		}},
		"a step that is never taken": {"coverage", "the step greeting.never is declared, and no scenario", func(s *conformance.Subject) {
			s.Definition.Steps = append(slices.Clip(s.Definition.Steps), prober.StepHelp{Name: "greeting.never", Help: "never"})
		}},
		"an outcome that never comes": {"coverage", "the outcome never is declared, and no scenario", func(s *conformance.Subject) {
			s.Definition.Outcomes = append(slices.Clip(s.Definition.Outcomes), "never")
		}},
		"an exemption that is not needed": {"coverage", "the exemption of the outcome other is not needed any more", func(s *conformance.Subject) {
			s.Exempt = []conformance.Exemption{{What: "outcome other", Why: "a try"}}
		}},
		"a finding without advice":                   {"advice", "nothing says what to do about greeting_unexpected: add it to the For", func(s *conformance.Subject) { s.Definition.Advice = nil }},
		"a reason without advice":                    {"advice", "nothing says what to do about content/other_greeting: add it to the For", func(s *conformance.Subject) { s.Definition.Advice = nil }},
		"no example":                                 {"example", "the folder of greeting lacks example.yml", without("example.yml")},
		"no default interval":                        {"example", "about, interval, timeout and module are needed", example("interval: 1m\n", "")},
		"a time limit above the interval":            {"example", "a timeout of 2m0s is longer than the 1m0s between scrapes", example("timeout: 10s", "timeout: 2m")},
		"an example that cannot be loaded":           {"example", "its module is none", example("prober: greeting", "prober: salute")},
		"an example of a scenario that is not there": {"example", "there is no scenario greeting-ill", example("greeting-healthy", "greeting-ill")},
		"a cost that nobody measures":                {"example", "Loads names no module and site", func(s *conformance.Subject) { s.Part.Loads = nil }},
		"no word on security monitoring":             {"folder", "lacks the section In the eyes of security monitoring", with("README.md", "# greeting\n")},
		"no hostile peers":                           {"peers", "Meets names no group", func(s *conformance.Subject) { s.Part.Meets = nil }},
		"a finding without a page":                   {"folder", "the finding greeting_unexpected has no page: write findings/greeting_unexpected.md", without("findings/greeting_unexpected.md")},
		"a page that says nothing":                   {"folder", "the page of the finding greeting_unexpected lacks \"## The fix\"", with("findings/greeting_unexpected.md", "# To do\n")},
		"a page of no finding":                       {"folder", "findings/greeting_old.md in the folder of greeting is the page of a finding that is not declared", with("findings/greeting_old.md", "# Old\n")},
		"another default than the page says":         {"folder", "the default of `expect` is `220`, and its row says `250`", with("README.md", "# greeting\n\n## Settings\n\n| key | type | default | meaning |\n|---|---|---|---|\n| `expect` | text | `250` | What the line begins with. |\n")},
		"no page of its own":                         {"folder", "lacks README.md", without("README.md")},
		"a setting that no page tells of":            {"folder", "its section Settings has no row for `expect`", with("README.md", "# greeting\n")},
		"a metric that is reported, and not declared": {"declared", "add the metric probe_greeting_seconds to Definition.Metrics", func(s *conformance.Subject) {
			s.Definition.Metrics = s.Definition.Metrics[:1]
		}},
		"a reason that is given, and not declared":   {"declared", "add the reason content/other_greeting to Definition.Reasons", func(s *conformance.Subject) { s.Definition.Reasons = nil }},
		"a finding that is made, and not declared":   {"declared", "add the finding greeting_unexpected to Definition.Findings", func(s *conformance.Subject) { s.Definition.Findings = nil }},
		"a step that is taken, and not declared":     {"declared", "add the step greeting.line to Definition.Steps", func(s *conformance.Subject) { s.Definition.Steps = s.Definition.Steps[:3] }},
		"an outcome that comes, and is not declared": {"declared", "add the outcome other to Definition.Outcomes", func(s *conformance.Subject) { s.Definition.Outcomes = s.Definition.Outcomes[:1] }},
		"a metric that is said to be always there": {"presence", "probe_greeting_seconds is declared to be there \"always\", and is not", func(s *conformance.Subject) {
			seconds := *s.Definition.Metrics[1]
			seconds.Presence = "always"
			s.Definition.Metrics = []*result.Metric{s.Definition.Metrics[0], &seconds}
		}},
		"a label that a metric owns, and has not": {"declaration", "probe_greeting_seconds owns outcome, which is none of its labels", func(s *conformance.Subject) {
			seconds := *s.Definition.Metrics[1]
			seconds.Own = []string{"outcome"}
			s.Definition.Metrics = []*result.Metric{s.Definition.Metrics[0], &seconds}
		}},
		"a step that is planned, and not declared": {"declaration", "greeting.line is planned by default, and not declared", func(s *conformance.Subject) { s.Definition.Steps = s.Definition.Steps[:3] }},
		"no module that asks for little":           {"declaration", "Least and Most are to be the keys of two modules", func(s *conformance.Subject) { s.Part.Least = nil }},
		"no way to a service":                      {"declaration", "say one way at least", func(s *conformance.Subject) { s.Definition.Paths = nil }},
		"no golden of its scenario":                {"golden", "lacks testdata/probe/greeting/greeting-healthy.prom", without("testdata/probe/greeting/greeting-healthy.prom")},
		"no golden at all": {"golden", "keeps nowhere below testdata what /probe answers", func(s *conformance.Subject) {
			changed(func(files fstest.MapFS) {
				maps.DeleteFunc(files, func(name string, _ *fstest.MapFile) bool { return strings.HasPrefix(name, "testdata/") })
			})(s)
			s.Part.Scenarios = nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := toy()
			m.change(&s)
			m.want(t, &conformance.Examination{Subject: s, Seen: seen().Seen})
		})
	}
}

// want holds that the examination complains of what the mutant is about.
func (m mutant) want(t *testing.T, x *conformance.Examination) {
	t.Helper()
	i := slices.IndexFunc(conformance.Demands, func(d conformance.Demand) bool { return d.Name == m.demand })
	if i < 0 {
		t.Fatalf("there is no demand %q", m.demand)
	}
	all := x.Complaints(conformance.Demands[i])
	if !slices.ContainsFunc(all, func(c string) bool { return strings.Contains(c, m.says) }) {
		t.Errorf("nobody complains that %q; of %s there is: %q", m.says, m.demand, all)
	}
}

// without takes a file out of the folder.
func without(file string) func(*conformance.Subject) {
	return changed(func(files fstest.MapFS) { delete(files, file) })
}

// with puts a file into it, or another in its place.
func with(file, text string) func(*conformance.Subject) {
	return changed(func(files fstest.MapFS) { files[file] = &fstest.MapFile{Data: []byte(text)} })
}

// example changes the prober's example.
func example(old, now string) func(*conformance.Subject) {
	return func(s *conformance.Subject) {
		s.Definition.Example = strings.Replace(s.Definition.Example, old, now, 1)
		with("example.yml", s.Definition.Example)(s)
	}
}

func changed(change func(fstest.MapFS)) func(*conformance.Subject) {
	return func(s *conformance.Subject) {
		files := fstest.MapFS{}
		if err := fs.WalkDir(s.Folder, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(s.Folder, path)
			files[path] = &fstest.MapFile{Data: text}
			return err
		}); err != nil {
			panic(err)
		}
		files = maps.Clone(files)
		change(files)
		s.Folder = files
	}
}

// faulty is the toy whose probe is another.
type faulty struct {
	*greeting.Settings
	Expect string `yaml:"expect"` // beside theirs, for modules that set it
	probe  func(ctx context.Context, run *prober.Run)
}

func (f *faulty) Probe(ctx context.Context, run *prober.Run) { f.probe(ctx, run) }

// TestProbesAreHeld: what is wrong with a probe shows when it is played.
func TestProbesAreHeld(t *testing.T) {
	t.Parallel()
	probing := func(probe func(s *greeting.Settings, ctx context.Context, run *prober.Run)) func(*conformance.Subject) {
		return func(s *conformance.Subject) {
			s.Definition.New = func() prober.Prober {
				settings, _ := greeting.Definition.New().(*greeting.Settings)
				return &faulty{Settings: settings, probe: func(ctx context.Context, run *prober.Run) { probe(settings, ctx, run) }}
			}
		}
	}
	for name, m := range map[string]mutant{
		"never probing": {"probes", "it succeeds at a peer that refuses connections, so it does not probe", probing(func(*greeting.Settings, context.Context, *prober.Run) {})},
		"never succeeding": {"probes", "no scenario and no case shows a success", probing(func(_ *greeting.Settings, _ context.Context, run *prober.Run) {
			run.Result.Fail(failure.New(failure.Receive, "closed", "no"))
		})},
		"a group of peers that is not there": {"probes", "there is no group \"Owls\" of hostile peers", func(s *conformance.Subject) {
			s.Part.Meets = []lab.Meeting{{Group: "Owls"}}
		}},
		"a peer that is not there": {"probes", "no peer of the group \"Names\" hoots", func(s *conformance.Subject) {
			s.Part.Meets = []lab.Meeting{{Group: "Names", But: map[string]string{"hoots": "success"}}}
		}},
		"another verdict": {"verdicts", "scenario greeting-healthy, module greeting: it reports", probing(func(_ *greeting.Settings, _ context.Context, run *prober.Run) {
			run.Result.Fail(failure.New(failure.Receive, "closed", "no"))
		})},
		"a panic": {"peers", "failed for internal/panic", probing(func(*greeting.Settings, context.Context, *prober.Run) { panic("no") })},
		"a step without an end": {"peers", "the step greeting has no end", probing(func(s *greeting.Settings, ctx context.Context, run *prober.Run) {
			time.Sleep(time.Millisecond)
			run.Step("greeting")
			s.Probe(ctx, run)
		})},
		"a deaf one": {"limits", "with a limit of", func(s *conformance.Subject) {
			s.Part.Least = []string{"timeout: 3s"}
			probing(func(s *greeting.Settings, ctx context.Context, run *prober.Run) {
				s.Probe(ctx, run)
				if run.Target.Host == "no-such-host.contoso.test" {
					time.Sleep(9 * time.Second)
				}
			})(s)
		}},
		"a metric of what was not measured": {"presence", "probe_greeting_seconds is there, though nothing was reached", probing(func(s *greeting.Settings, ctx context.Context, run *prober.Run) {
			s.Probe(ctx, run)
			if len(run.Result.Samples) == 0 {
				run.Result.Add(greeting.Definition.Metrics[1], 0)
			}
		})},
		"a label of ours that the target chooses": {"labels", "the target chooses the label outcome of", probing(func(s *greeting.Settings, ctx context.Context, run *prober.Run) {
			s.Probe(ctx, run)
			for _, c := range run.Result.Conversations {
				for _, line := range c.Talk.Lines {
					run.Result.Add(greeting.Definition.Metrics[0], 1, line.Text)
				}
			}
		})},
		"an error that fails nothing": {"declared", "there is a finding of severity error and no failure", probing(func(s *greeting.Settings, ctx context.Context, run *prober.Run) {
			s.Probe(ctx, run)
			if len(run.Result.Findings) > 0 {
				run.Result.Failure = nil
			}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && name == "a deaf one" {
				t.Skip("takes 9 s")
			}
			s := toy()
			m.change(&s)
			m.want(t, examine(t.Context(), s, testing.Short()))
		})
	}
}
