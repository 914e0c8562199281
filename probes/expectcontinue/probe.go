// Package expectcontinue asks whether a request with "Expect: 100-continue" gets through to Exchange: whether the 100
// comes, how long it takes, and what becomes of a body that is sent after a wait in vain.
package expectcontinue

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const (
	// bodyLimit is how much of an answer is read: enough to know an error page by.
	bodyLimit = 64 << 10
	// listen is how long a connection is watched after its final response.
	listen = 100 * time.Millisecond
)

// probe is one run of the variants.
type probe struct {
	*Settings
	run        *prober.Run
	resolution *wire.Resolution
	seen       map[string]*observation
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run, seen: map[string]*observation{}}
	for _, v := range s.variants() {
		p.seen[v] = &observation{variant: v}
	}
	var err error
	if p.resolution, err = run.ResolveTarget(ctx); err == nil {
		p.converse(ctx)
		p.confirm(ctx)
		run.Contrast()
		p.judge()
	}
	run.Result.Fail(failure.From(err))
	p.measure()
}

// converse runs the variants. They run side by side, so that a probe takes little more than its wait. With an auth the
// control goes first and alone: a wrong password must cost one logon, not three.
func (p *probe) converse(ctx context.Context) {
	order := p.variants()
	if p.run.LogsOn() {
		order = append([]string{NoExpect, Wait}, p.more()...)
	}
	var tries []prober.Try
	for _, v := range order {
		o := p.seen[v]
		tries = append(tries, prober.Try{Begin: func() { o.step = p.run.Step(v) }, Do: func(alone bool) bool {
			o.perform(ctx, p)
			return !alone || v != NoExpect || p.goesOn(ctx, o)
		}})
	}
	if left, goOn := p.run.OneByOne(tries); goOn {
		prober.SideBySide(left)
	}
}

// confirm asks once more where the 100 came only after the body: a segment that got lost on its way looks the same, and hardly is
// lost again. What the second time shows counts then. Where no time is left for it, the network must have lost nothing.
func (p *probe) confirm(ctx context.Context) {
	o, control := p.seen[Wait], p.seen[NoExpect]
	if o.Outcome(&control.Dialogue) != expect.Late {
		return
	}
	if p.timeFor(ctx) {
		again := &observation{variant: Wait, step: p.run.Step(Wait)}
		again.perform(ctx, p)
		if again.Final() != nil && again.Outcome(&control.Dialogue) != expect.Late {
			p.seen[Wait] = again
			return
		}
		o.confirmed = again.Final() != nil
	}
	if c := o.step.Connection(); !o.confirmed && c != nil && c.Lossy {
		o.lost = true
	}
}

// goesOn tells whether the control, which went first and alone, lets the others follow.
func (p *probe) goesOn(ctx context.Context, control *observation) bool {
	if !control.failed(failure.Auth) && (control.Failure == nil || p.timeFor(ctx)) {
		return true
	}
	p.run.Result.Fail(control.Failure)
	return false
}

// timeFor tells whether the time limit still allows for the wait.
func (p *probe) timeFor(ctx context.Context) bool {
	end, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || time.Until(end) > p.Wait)
}

// request builds the request of a variant; authorization is empty without a logon.
func (p *probe) request(variant, authorization string) *wire.Request {
	own := []origin.Field{
		{Name: "User-Agent", Value: p.run.Agent},
		{Name: "Accept", Value: "text/xml"},
		{Name: "Content-Type", Value: ews.ContentType},
	}
	fields := prober.Headers(own, p.Headers)
	if authorization != "" {
		fields = append(fields, origin.Field{Name: "Authorization", Value: authorization})
	}
	if variant == Wait || variant == Immediate {
		fields = append(fields, origin.Field{Name: "Expect", Value: expect.Value})
	}
	path := p.Path
	if p.run.Target.Path != "" {
		path = p.run.Target.Path
	}
	body := p.body()
	if variant == Large {
		body = p.large()
	}
	return p.run.Request(p.Method, path, fields, body)
}

func (s *Settings) body() []byte {
	if s.Body != "" {
		return []byte(s.Body)
	}
	return ews.GetServerTimeZones()
}

// observation is what one variant saw.
type observation struct {
	expect.Dialogue
	variant  string
	step     *prober.Step  // nil while it was not begun
	said     *ews.Response // what the final response says as one of EWS; nil without one
	listened wire.Seconds  // after the final response, for more

	confirmed bool // that the 100 came late: it did so twice
	lost      bool // or segments were lost on the way, so that it need not have been sent late
}

func (o *observation) failed(stage failure.Stage) bool {
	return o.Failure != nil && o.Failure.Stage == stage
}

// perform opens a connection, logs on where an auth says so, and has the variant's dialogue.
func (o *observation) perform(ctx context.Context, p *probe) {
	step := o.step
	o.Failure = step.End(func() error {
		conn, logon, err := p.run.Session.Open(ctx, step, p.run.Endpoint(p.run.Target, p.resolution), prober.Ask{Request: p.request(NoExpect, "")})
		if err != nil {
			return err
		}
		defer conn.Close()
		x := conn.Begin(p.request(o.variant, logon.Authorization()))
		body, err := o.dialogue(p, x, step)
		o.Exchange = p.run.Exchanged(step.Name(), conn.Conn, x.Record, body, err)
		if final := o.Exchange.Final; final != nil {
			o.said = ews.Parse(prober.Document(ctx, final, body))
		}
		return logon.Read(o.Exchange.Final, body).Judge(o.Exchange.Final, o.Exchange.Origin, err)
	}())
}

// dialogue sends the request in the variant's way and reads what comes back.
func (o *observation) dialogue(p *probe, x *wire.Dialogue, step *prober.Step) ([]byte, error) {
	var err error
	switch o.variant {
	case Wait:
		err = o.SendAfterWait(p.Wait, x, step)
	case Large:
		err = step.Do("request", func() error { return o.sendInTwo(x) })
	default:
		err = o.SendAtOnce(x, step)
	}
	if o.Over(err) {
		return nil, err
	}
	body, err := o.Receive(x, step, bodyLimit)
	o.listened = p.run.Now()
	x.Listen(listen)
	o.listened = p.run.Now() - o.listened
	return body, x.Settled(err)
}

// sendInTwo sends head and body right after each other: whoever refuses by the head alone may end the connection while the
// body is on its way, and has said why before.
func (o *observation) sendInTwo(x *wire.Dialogue) error {
	if err := x.SendHead(); err != nil {
		return err
	}
	o.HeadSent = true
	err := x.SendBody()
	o.BodySent = err == nil
	return err
}
