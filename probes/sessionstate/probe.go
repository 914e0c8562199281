package sessionstate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// How long is waited. A service that takes no connection from elsewhere ends it as soon as it was accepted, which is told from
// one that ends it because of what it was asked by asking a little later.
const (
	leastQuiet  = 250 * time.Millisecond
	maxQuiet    = time.Second
	answerLimit = 2 * time.Second // the state service holds sessions in memory, and answers at once

	patience wire.Seconds = 1.5 // after which silence is one: a lost packet is sent again after a second
)

// probe is one question.
type probe struct {
	*Settings
	run    *prober.Run
	conn   *wire.Conn
	lines  *wire.Lines
	asked  bool
	answer answer
	took   wire.Seconds // from the request to the end of the head
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run}
	resolution, err := run.ResolveTarget(ctx)
	if err != nil {
		tell(run.Result, failed)
		run.Result.Fail(failure.From(err))
		return
	}
	step, began := run.Step("session_state"), run.Now()
	err = p.ask(ctx, step, run.Endpoint(run.Target, resolution))
	run.Result.DecidingConnection = step.Connection()
	happened := p.outcome(err, run.Now()-began)
	err = p.judge(happened, err)
	step.Detail("%s", p.described(happened))
	run.Result.Fail(step.End(err))
	tell(run.Result, happened)
	if p.took > 0 {
		run.Result.Add(answerSeconds, float64(p.took))
	}
}

// ask connects, and asks.
func (p *probe) ask(ctx context.Context, step *prober.Step, e prober.Endpoint) error {
	conn, err := p.run.Network.Open(ctx, step, e)
	if err != nil {
		return err
	}
	defer conn.Close()
	p.conn, p.lines = conn, conn.Lines()
	err = step.Do("request", p.question)
	p.lines.Record.Outcome = p.answer.line
	p.run.Result.Deciding = p.run.Talked(step.Name(), result.State, conn, p.lines.Record, origin.Origin{Kind: origin.Unknown}, err)
	return err
}

// question says the request, unless the peer spoke or ended before, and reads the answer.
func (p *probe) question() error {
	quiet := max(leastQuiet, min(maxQuiet, 2*time.Duration(float64(p.conn.Record.Connect.Length())*float64(time.Second))))
	if !p.lines.Await(time.Now().Add(quiet)) {
		p.asked = true
	}
	p.lines.Until = time.Now().Add(answerLimit)
	began := p.run.Now()
	var unsent error
	if p.asked {
		unsent = p.say()
	}
	var err error
	p.answer, err = readAnswer(p.lines.Hear)
	switch {
	case err == nil && p.asked:
		p.took = p.run.Now() - began
	case p.answer.line == "" && unsent != nil:
		return unsent
	}
	return err
}

// say sends the request of MS-ASP section 2.2.5.1 for a session that nobody has.
func (p *probe) say() error {
	id := make([]byte, 12)
	_, _ = rand.Read(id) // it never fails
	for _, line := range []string{"GET /ews_exporter%2f" + hex.EncodeToString(id) + " HTTP/1.1", "Host: " + p.run.Target.Authority(), ""} {
		if err := p.lines.Say(line); err != nil {
			return err
		}
	}
	return nil
}
