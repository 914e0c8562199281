package runner_test

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

func newRunner(cfg *config.Config) *runner.Runner {
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now),
		Version: "test", Log: slog.New(slog.DiscardHandler), MaxProbesPerAddress: 100,
	})
}

// kinds are all probers, and those of the tests here.
func kinds() []prober.Definition {
	return append(probes.All(), puppetKind, askerKind, nuisanceKind, clerkKind)
}

// overHTTP are the parts of the probers that ask over HTTP, and so may log on.
func overHTTP(t *testing.T) []lab.Part {
	t.Helper()
	all := slices.DeleteFunc(labs.All(), func(p lab.Part) bool { return definition(p).Decides != result.ByHTTP })
	if len(all) == 0 {
		t.Fatal("there is no such prober")
	}
	return all
}

func definition(p lab.Part) prober.Definition {
	all := probes.All()
	return all[slices.IndexFunc(all, func(d prober.Definition) bool { return d.Name == p.Prober })]
}

// inline has keys as the end of a YAML flow mapping.
func inline(keys []string) string { return strings.Join(keys, ", ") }

// asker is a prober that sends requests, and logs on where it is asked to: what all probers have in common, for tests to
// which no prober's own findings matter.
type asker struct {
	Times int `yaml:"times"` // each on a connection of its own; side by side where nothing forbids it
}

var askerKind = prober.Definition{Name: "asker", New: func() prober.Prober { return &asker{Times: 1} }, Paths: prober.ServicePaths}

func (*asker) Check(func(field, problem string)) {}
func (*asker) Need() time.Duration               { return time.Second }
func (*asker) Paths() []string                   { return []string{"/EWS/Exchange.asmx"} }
func (*asker) Plan(bool) []string                { return []string{"resolve", "ask"} }
func (*asker) Blank(*result.Result)              {}

func (a *asker) Probe(ctx context.Context, run *prober.Run) {
	run.Result.Fail(failure.From(a.probe(ctx, run)))
}

func (a *asker) probe(ctx context.Context, run *prober.Run) error {
	if err := run.Ready(); err != nil {
		return err
	}
	resolution, err := run.ResolveTarget(ctx)
	if err != nil {
		return err
	}
	endpoint := run.Endpoint(run.Target, resolution)
	failed := make([]error, a.Times)
	var tries []prober.Try
	for i := range a.Times {
		var step *prober.Step
		tries = append(tries, prober.Try{Begin: func() { step = run.Step("ask") }, Do: func(bool) bool {
			failed[i] = send(ctx, run, step, endpoint)
			step.End(failed[i])
			return failed[i] == nil
		}})
	}
	if left, goOn := run.OneByOne(tries); goOn {
		prober.SideBySide(left)
	}
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// send sends one request, with a logon where one is wanted. Nothing but 200 is a success.
func send(ctx context.Context, run *prober.Run, step *prober.Step, e prober.Endpoint) error {
	request := run.Request("POST", (*asker)(nil).Paths()[0], []origin.Field{{Name: "User-Agent", Value: run.Agent}, {Name: "Content-Type", Value: ews.ContentType}}, ews.GetServerTimeZones())
	link, logon, err := run.Session.Open(ctx, step, e, prober.Ask{Request: request})
	if err != nil {
		return err
	}
	defer link.Close()
	if a := logon.Authorization(); a != "" {
		request.Header = append(request.Header, origin.Field{Name: "Authorization", Value: a})
	}
	x, body, err := link.Do(request, 64<<10)
	c := run.Exchanged(step.Name(), link.Conn, x.Record, body, err)
	if err := logon.Read(c.Final, body).Judge(c.Final, c.Origin, err); err != nil {
		return err
	}
	if c.Status() != 200 {
		return failure.New(failure.Status, "not_answered", "%s answered %s", c.Origin.Subject(), c.Answer())
	}
	return nil
}
