package greeting

import (
	"context"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Settings are what a module of this prober can set.
type Settings struct {
	Expect string `yaml:"expect"` // what the line begins with
}

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if s.Expect == "" {
		report("expect", "empty: say what a good greeting begins with")
	}
}

// Need implements prober.Prober.
func (s *Settings) Need() time.Duration { return time.Second }

// Paths implements prober.Prober: nothing is requested.
func (s *Settings) Paths() []string { return nil }

// Plan implements prober.Prober.
func (s *Settings) Plan(bool) []string {
	return []string{"resolve", "greeting", "greeting.connect", "greeting.line"}
}

// Blank implements prober.Prober: nothing is known of a server that was not reached.
func (s *Settings) Blank(*result.Result) {}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	found, err := run.ResolveTarget(ctx)
	if err == nil {
		step := run.Step("greeting")
		err = s.listen(ctx, run, step, run.Endpoint(run.Target, found))
		run.Result.DecidingConnection = step.Connection()
		step.End(err)
	}
	run.Result.Fail(failure.From(err))
}

// listen connects, and hears the greeting.
func (s *Settings) listen(ctx context.Context, run *prober.Run, step *prober.Step, e prober.Endpoint) error {
	conn, err := run.Network.Open(ctx, step, e)
	if err != nil {
		return err
	}
	defer conn.Close()
	began, lines, line := run.Now(), conn.Lines(), ""
	err = step.Do("line", func() error {
		line, err = lines.Hear()
		return err
	})
	lines.Record.Outcome = line
	run.Result.Deciding = run.Talked(step.Name(), result.SMTP, conn, lines.Record, origin.Origin{Kind: origin.Unknown}, err)
	if err != nil {
		return err
	}
	return s.judge(run, conn, line, run.Now()-began)
}

func (s *Settings) judge(run *prober.Run, conn *wire.Conn, line string, took wire.Seconds) error {
	came := expected
	if !strings.HasPrefix(line, s.Expect) {
		came = other
	}
	for _, o := range outcomes {
		run.Result.Add(outcomeMetric, result.Truth(o == came), o)
	}
	run.Result.Add(seconds, float64(took))
	if came == expected {
		return nil
	}
	const says = "%s greets with %q, which does not begin with %q: another server answers there, or expect is outdated"
	run.Find(Unexpected, result.Error, origin.Origin{Kind: origin.Unknown}, says, conn, plain.Text(line, 200), s.Expect)
	return failure.New(failure.Content, reasonOther, says, conn, plain.Text(line, 200), s.Expect)
}
