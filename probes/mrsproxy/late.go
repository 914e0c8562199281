package mrsproxy

import (
	"context"

	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// lateBody is harmless: it is no SOAP, so that no operation of the service can be meant, and comes as plain text. It begins as
// advice has it that a box's log shows.
var lateBody = []byte(`<?xml version="1.0"?><probe>no request of MRSProxy</probe>`)

// late is one of the two requests by which a late body is looked for.
type late struct {
	expect.Dialogue
	step *prober.Step
}

// lookForLateBody posts twice, each time over a connection and with a logon of its own: at once and without Expect, as a
// control; and with Expect, the body after the 100 or the wait.
func (p *probe) lookForLateBody(ctx context.Context) {
	p.control = p.post(ctx, expect.NoExpect)
	if p.control.Failure == nil {
		p.late = p.post(ctx, expect.Wait)
	}
}

// post sends one of them.
func (p *probe) post(ctx context.Context, variant string) *late {
	l := &late{step: p.run.Step(variant)}
	l.Failure = l.step.End(p.converse(ctx, l, variant))
	return l
}

func (p *probe) converse(ctx context.Context, l *late, variant string) error {
	plain := origin.Field{Name: "Content-Type", Value: "text/plain; charset=utf-8"}
	link, logon, err := p.run.Session.Open(ctx, l.step, p.endpoint, prober.Ask{Request: p.request("POST", p.path(), lateBody, "", plain)})
	if err != nil {
		return err
	}
	defer link.Close()
	fields := []origin.Field{plain}
	if variant == expect.Wait {
		fields = append(fields, origin.Field{Name: "Expect", Value: expect.Value})
	}
	x := link.Begin(p.request("POST", p.path(), lateBody, logon.Authorization(), fields...))
	body, err := p.dialogue(l, x, variant)
	l.Exchange = p.run.Exchanged(l.step.Name(), link.Conn, x.Record, body, err)
	return logon.Read(l.Final(), body).Judge(l.Final(), l.Exchange.Origin, err)
}

func (p *probe) dialogue(l *late, x *wire.Dialogue, variant string) ([]byte, error) {
	var err error
	if variant == expect.Wait {
		err = l.SendAfterWait(p.Wait, x, l.step)
	} else {
		err = l.SendAtOnce(x, l.step)
	}
	if l.Over(err) {
		return nil, err
	}
	body, err := l.Receive(x, l.step, bodyLimit)
	return body, x.Settled(err)
}

// judgeLate says what became of the late body, where the endpoint itself is well.
func (p *probe) judgeLate() {
	r, control, l := p.run.Result, p.control, p.late
	if control == nil {
		return
	}
	if l == nil {
		r.Fail(control.Failure)
		p.decidedBy(control)
		return
	}
	works := control.Exchange.Origin.Kind != origin.Middlebox && (control.Status() < 500 || control.Exchange.ByExchange())
	outcome := l.Outcome(&control.Dialogue)
	l.step.Detail("outcome: %s", outcome)
	switch outcome {
	case expect.Continued:
	case expect.IgnoredThenError:
		l.LateError(p.run.Recorder, &control.Dialogue, works)
	case expect.Ignored, expect.Late, expect.Rejected:
		l.step.Warn()
	case expect.FinalFirst:
		r.UndecidedReason = result.NotAsked
		r.Undecided = "Not tested: " + l.Exchange.Origin.Name() + " answered " + l.Exchange.Answer() + " before the body, so what becomes of a late one does not show"
	default:
		l.Contrast(p.run.Recorder, &control.Dialogue, works)
		r.Fail(l.Failure)
	}
	p.decidedBy(l)
}

// decidedBy makes a request the deciding one, where it is why the probe failed.
func (p *probe) decidedBy(l *late) {
	r := p.run.Result
	if r.Failure == nil {
		return
	}
	l.step.Fail(r.Failure)
	r.DecidingConnection = l.step.Connection()
	if l.Exchange != nil {
		r.Deciding = l.Exchange
	}
}
