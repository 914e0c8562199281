// Package ewssync does over EWS, minute by minute, what Microsoft's connectivity analyser does once: synchronisation,
// notification, availability and automatic replies, each judged by its content.
package ewssync

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// probe is one run of the configured operations, one after the other.
type probe struct {
	session
	builder ews.Builder
	mailbox string

	folder *ews.Folder // the probe's own, once it is found; only with write
	items  []string    // created and not yet deleted

	outcomes map[string]*outcome
	code     string        // ResponseCode of the request judged last; empty without one
	said     string        // what was said of it to a person; empty without one
	backOff  time.Duration // how long the target is to be left alone; 0 when it did not ask for that

	release     func()       // gives the turn back to hold a stream
	streamFirst wire.Seconds // from the request to the first document of the stream; 0 without one
	streamEvent wire.Seconds // from an item's creation to its event in the stream; 0 without one
}

// outcome is what became of one operation.
type outcome struct {
	begun   bool // not only what has to come before it
	took    wire.Seconds
	failure *failure.Failure // nil when it succeeded
	code    string
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{session: session{Settings: s, run: run}, builder: s.builder(), mailbox: s.address(run), outcomes: map[string]*outcome{}}
	run.Result.Address = p.mailbox
	if wait := run.Paused(); wait > 0 {
		p.stillThrottled(wait)
	} else {
		p.converse(ctx)
	}
	p.measure()
}

// address is the mailbox that operations name: the configured one, else the account's name where that is an address.
func (s *Settings) address(run *prober.Run) string {
	switch {
	case s.Mailbox != "":
		return s.Mailbox
	case s.Impersonation != nil && isAddress(s.Impersonation.Account):
		return s.Impersonation.Account
	case s.Impersonation == nil && run.LogsOn() && isAddress(run.Secrets().Username()):
		return run.Secrets().Username()
	}
	return ""
}

// stillThrottled is a probe while the server wants to be left alone: nothing is sent.
func (p *probe) stillThrottled(wait time.Duration) {
	p.backOff = wait
	p.run.Find(Throttled, result.Error, origin.Origin{Kind: origin.Unknown}, "An earlier probe was asked to leave this server alone, and %s of that are left. Nothing was sent.", wait.Round(time.Second))
	p.run.Result.Fail(failure.New(failure.Content, ews.ReasonThrottled, "the server asked an earlier probe with this auth to be left alone, for %s more; nothing was sent", wait.Round(time.Second)))
}

// converse does all that goes over the wire, and draws the verdict.
func (p *probe) converse(ctx context.Context) {
	at, err := p.run.Prepare(ctx)
	if err != nil {
		p.run.Result.Fail(failure.From(err))
		return
	}
	p.link = p.run.Link(at)
	work, cancel := p.workContext(ctx)
	defer cancel()
	for _, op := range p.ordered() {
		if !p.operate(work, op) {
			break
		}
	}
	p.decideLast()
	p.cleanUp(ctx, work)
	p.hangUp()
	p.run.Contrast()
	p.run.Surplus()
	p.blame()
}

// operate runs one operation, and tells whether others may follow.
func (p *probe) operate(ctx context.Context, op string) bool {
	var failed *failure.Failure
	p.code = ""
	if err := p.prepare(ctx, op); err != nil {
		failed = failure.From(err)
		p.outcomes[op] = &outcome{failure: failed, code: p.code}
	} else {
		p.code, p.said = "", ""
		step := p.run.Step(op)
		start := p.run.Now()
		failed = step.End(operations[op](p, ctx, step))
		if failed == nil && p.said != "" {
			step.Detail("%s", p.said)
		}
		p.outcomes[op] = &outcome{begun: true, took: p.run.Now() - start, failure: failed, code: p.code}
	}
	if failed == nil {
		return true
	}
	p.inspected(op, failed)
	if p.run.Result.Failure == nil {
		p.failedAt(failed)
		if failure.Is(failed, failure.Receive, "timeout") && p.othersAnswered() {
			p.run.Result.Draw(failed.Name(), adviceOneHangs)
		}
	}
	// A dead connection is opened again for the next operation; the rest would only fail, or harm, once more.
	return ctx.Err() == nil && failed.Reason != "timeout" && p.backOff == 0 && failed.Stage != failure.Auth && failed.Stage != failure.Connect &&
		failed.Stage != failure.TLS && failed.Stage != failure.Policy
}

// othersAnswered tells whether an operation of EWS went well.
func (p *probe) othersAnswered() bool {
	for op, o := range p.outcomes {
		if op != HealthCheck && o.failure == nil {
			return true
		}
	}
	return false
}

// prepare opens the connection and logs on, so that no operation's duration holds what all of them share.
func (p *probe) prepare(ctx context.Context, op string) error {
	if err := p.connect(ctx); err != nil || op == HealthCheck {
		return err
	}
	err := p.greet(ctx, p.session.request("POST", p.path(), nil))
	if err == nil && p.writes(op) {
		err = p.openFolder(ctx)
	}
	if err == nil && op == Stream {
		err = p.takeTurn(ctx)
	}
	return err
}

// path is where EWS is asked: the target's own path, if it is a URL.
func (p *probe) path() string {
	if p.run.Target.Path != "" {
		return p.run.Target.Path
	}
	return p.Path
}

// failedAt records the probe's failure, and what decided it: the exchange before it, unless a connection failed first.
func (p *probe) failedAt(failed *failure.Failure) {
	r := p.run.Result
	r.Fail(failed)
	if r.Deciding != nil {
		return // the operation has named what decided
	}
	r.DecidingConnection = p.step.Connection()
	if n := len(r.Conversations); n > 0 && failed.Stage != failure.Connect && failed.Stage != failure.TLS {
		r.Deciding = r.Conversations[n-1]
	}
}

// decideLast makes the last exchange of the operations the deciding one when nothing failed.
func (p *probe) decideLast() {
	r := p.run.Result
	if n := len(r.Conversations); r.Failure == nil && n > 0 {
		r.Deciding, r.DecidingConnection = r.Conversations[n-1], p.step.Connection()
	}
}

// blame says, now that all exchanges are there, when it was a box in front of the server that answered.
func (p *probe) blame() {
	r := p.run.Result
	if r.Failure != nil {
		p.run.FindBox(r.Deciding)
	}
}
