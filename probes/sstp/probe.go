// Package sstp calls a VPN server as a Windows client does, up to the point where it would log on: the request with the length
// that no box likes, Call Connect Request, and a polite end. What went wrong before the server's 200 is told by three requests
// that differ from that one in one thing each. No credentials are sent, and no PPP is spoken.
package sstp

import (
	"cmp"
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/revocation"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// probe is one call.
type probe struct {
	*Settings
	run      *prober.Run
	endpoint prober.Endpoint
	outcome  string

	step   *prober.Step // the call's; nil while it was not begun
	record *wire.Connection
	peer   wire.Peer // what its handshake showed
	main   *asked    // the client's own request; nil while it was not sent
	answer packet    // the server's to Call Connect Request
	begun  bool      // the 200 came

	zero, get, foo *asked // the controls; nil where they were not made

	places  []*revocation.Place // that were asked
	skipped []string            // that could not be
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run}
	err := p.ask(ctx)
	run.Contrast()
	p.judge(err)
	p.measure()
}

// ask asks what is to be asked. The error is why the call did not succeed.
func (p *probe) ask(ctx context.Context) error {
	resolution, err := p.run.ResolveTarget(ctx)
	if err != nil {
		return err
	}
	release, err := p.run.TurnAt(ctx, "SSTP")
	if err != nil {
		return failure.New(failure.Connect, reasonTurn, "another probe of %s was still under way when the time limit ended: each holds a port of the VPN server, so they take turns", p.run.Target.Authority())
	}
	defer release()
	p.endpoint = p.run.Endpoint(p.run.Target, resolution)
	err = p.call(ctx)
	if p.main != nil && !p.begun && p.outcome != "" {
		p.control(ctx)
	}
	if p.Revocation && p.record != nil {
		p.checkRevocation(ctx)
	}
	return err
}

// reasonTurn is of stage connect.
const reasonTurn = "turn"

// call has the dialogue, over one connection.
func (p *probe) call(ctx context.Context) error {
	p.step = p.run.Step("call")
	conn, err := p.run.Network.Open(ctx, p.step, p.endpoint)
	p.run.Result.DecidingConnection = p.step.Connection()
	if err != nil {
		p.step.End(err)
		return err
	}
	defer conn.Close()
	p.record, p.peer = conn.Record, conn.Peer()
	until := patience(ctx)
	p.main = p.send(p.step.Step("request"), conn, verb, anyLength, until)
	p.run.Result.Deciding = p.main.conversation
	p.outcome = p.main.became()
	if err = p.main.err; err == nil && p.outcome == "" {
		p.begun = true
		err = p.negotiate(conn, until)
	}
	p.step.End(err)
	return err
}

// most is how long an answer is waited for, where the time limit is long. A Windows client waits for 60 s ([MS-SSTP] section
// 3.2.2); servers that are well answer within 20 ms.
const most = 10 * time.Second

// patience is until when an answer is waited for: half of what is left is for what has to be asked if none comes.
func patience(ctx context.Context) time.Time { return share(ctx, 2, most) }

// share is until when something may take that gets one of so many parts of what is left, and at most so long.
func share(ctx context.Context, parts int, atMost time.Duration) time.Time {
	wait := atMost
	if end, limited := ctx.Deadline(); limited {
		wait = min(wait, time.Until(end)/time.Duration(parts))
	}
	return time.Now().Add(wait)
}

// verb is the method of a client's request, and anyLength the length that it announces: no body follows ([MS-SSTP] section 3.2.4.1).
const (
	verb      = "SSTP_DUPLEX_POST"
	anyLength = "18446744073709551615"
)

// asked is a request and what became of it.
type asked struct {
	dialogue     *wire.Dialogue
	conversation *result.Conversation
	err          error // why no final response came
}

// bodyLimit is how much of an answer is read: enough to know an error page by.
const bodyLimit = 64 << 10

// send asks for the path, by a method and a length ("" for none), and reads the answer's head; its body only where it is no 200.
// It ends step.
func (p *probe) send(step *prober.Step, conn *wire.Conn, method, length string, until time.Time) *asked {
	a := &asked{dialogue: conn.Begin(p.head(method, length))}
	began := time.Now()
	unsent := a.dialogue.SendHead()
	a.err = await(a.dialogue, conn, began, until)
	if a.err != nil && unsent != nil { // a box that refuses early may have said why before it closed
		a.err = unsent
	}
	var body []byte
	final := a.dialogue.Record.Final
	if final != nil && final.Status != 200 {
		a.dialogue.Bound(until)
		body, _ = a.dialogue.Finish(bodyLimit) // the status counts, whatever becomes of the page
	}
	a.conversation = p.run.Exchanged(step.Name(), conn, a.dialogue.Record, body, a.err)
	step.On(conn)
	if final != nil {
		step.Detail("%s by %s", a.conversation.Answer(), a.conversation.Origin.Name())
	}
	step.End(a.err)
	return a
}

// await waits for the final response's head.
func await(x *wire.Dialogue, conn *wire.Conn, began, until time.Time) error {
	for x.Record.Final == nil {
		r, err := x.Await(until)
		if err != nil {
			return err
		}
		if r == nil {
			return failure.New(failure.Receive, "timeout", "%s took the request, and said nothing for %.1f s", conn, time.Since(began).Seconds())
		}
	}
	return nil
}

func (p *probe) head(method, length string) *wire.Request {
	fields := []origin.Field{{Name: "SSTPCORRELATIONID", Value: "{" + prober.NewGUID() + "}"}, {Name: "User-Agent", Value: p.run.Agent}}
	if length != "" {
		fields = append(fields, origin.Field{Name: "Content-Length", Value: length})
	}
	return p.run.Request(method, p.path(), fields, nil)
}

// path is the target's, where it has one, or the module's.
func (p *probe) path() string { return cmp.Or(p.run.Target.Path, p.Path) }

// became is the outcome of a request; empty for a 200, and where it could not be asked.
func (a *asked) became() string {
	switch {
	case a.err != nil:
		return outcomeOf(a.err)
	case a.conversation.Status() == 200:
		return ""
	}
	return httpError
}

// outcomeOf is the outcome that an error of sending or receiving comes to; empty for another one.
func outcomeOf(err error) string {
	switch {
	case failure.Is(err, failure.Receive, "timeout"):
		return silent
	case failure.Is(err, failure.Receive, "malformed"), failure.Is(err, failure.Receive, "too_large"):
		return malformed
	case failure.Is(err, failure.Receive), failure.Is(err, failure.Send):
		return closed
	}
	return ""
}

// shown is the certificate of the call's connection; nil without one.
func (p *probe) shown() *wire.Certificate {
	if p.record == nil || p.record.Secure == nil || len(p.record.Secure.Chain) == 0 {
		return nil
	}
	return &p.record.Secure.Chain[0]
}
