// Package expectcontinue asks whether a request with "Expect: 100-continue" gets through to Exchange: whether the 100
// comes, how long it takes, and what becomes of a body that is sent after a wait in vain.
package expectcontinue

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

// goesOn tells whether the control, which went first and alone, lets the others follow.
func (p *probe) goesOn(ctx context.Context, control *observation) bool {
	if !control.failed(failure.Auth) && (control.failure == nil || p.timeFor(ctx)) {
		return true
	}
	p.run.Result.Fail(control.failure)
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
		// Lower case: IIS of Windows Server 2003 compared the value case-sensitively.
		fields = append(fields, origin.Field{Name: "Expect", Value: "100-continue"})
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
	variant  string
	step     *prober.Step         // nil while it was not begun
	exchange *result.Conversation // nil when no request was begun
	said     *ews.Response        // what the final response says as one of EWS; nil without one
	failure  *failure.Failure     // why there is no final response
	headSent bool
	asked    bool // a 100 came before the body
	early    bool // a final status came before the body
	bodySent bool
	listened wire.Seconds // after the final response, for more
}

func (o *observation) failed(stage failure.Stage) bool {
	return o.failure != nil && o.failure.Stage == stage
}

// final is the final response, nil without one.
func (o *observation) final() *wire.Response {
	if o.exchange == nil {
		return nil
	}
	return o.exchange.Final
}

// status is the final status, 0 without one.
func (o *observation) status() int {
	if f := o.final(); f != nil {
		return f.Status
	}
	return 0
}

// perform opens a connection, logs on where an auth says so, and has the variant's dialogue.
func (o *observation) perform(ctx context.Context, p *probe) {
	step := o.step
	o.failure = step.End(func() error {
		conn, logon, err := p.run.Session.Open(ctx, step, p.run.Endpoint(p.run.Target, p.resolution), prober.Ask{Request: p.request(NoExpect, "")})
		if err != nil {
			return err
		}
		defer conn.Close()
		x := conn.Begin(p.request(o.variant, logon.Authorization()))
		body, err := o.dialogue(p, x, step)
		o.exchange = p.run.Exchanged(step.Name(), conn.Conn, x.Record, body, err)
		if final := o.exchange.Final; final != nil {
			o.said = ews.Parse(prober.Document(final, body))
		}
		return logon.Read(o.exchange.Final, body).Judge(o.exchange.Final, o.exchange.Origin, err)
	}())
}

// dialogue sends the request in the variant's way and reads what comes back.
func (o *observation) dialogue(p *probe, x *wire.Dialogue, step *prober.Step) ([]byte, error) {
	var err error
	switch o.variant {
	case Wait:
		err = o.sendAfterWait(p.Wait, x, step)
	case Large:
		err = step.Do("request", func() error { return o.sendInTwo(x) })
	default:
		err = step.Do("request", x.SendAll)
		o.headSent, o.bodySent = err == nil, err == nil
	}
	// When sending fails, what was received may still say why; before the head was out there is nothing to receive.
	if err != nil && (failure.Is(err, failure.Receive) || !o.headSent) {
		return nil, err
	}
	var body []byte
	err = step.Do("response", func() error {
		var err error
		body, err = x.Finish(bodyLimit)
		return err
	})
	o.listened = p.run.Now()
	x.Listen(listen)
	o.listened = p.run.Now() - o.listened
	if x.Record.Final != nil && !failure.Is(err, failure.Receive, "malformed") {
		err = nil // the status is what counts; a body cut short is the step's to tell
	}
	return body, err
}

// sendInTwo sends head and body right after each other: whoever refuses by the head alone may end the connection while the
// body is on its way, and has said why before.
func (o *observation) sendInTwo(x *wire.Dialogue) error {
	if err := x.SendHead(); err != nil {
		return err
	}
	o.headSent = true
	err := x.SendBody()
	o.bodySent = err == nil
	return err
}

// sendAfterWait sends the head, waits for the 100, and sends the body, unless a final status came first.
func (o *observation) sendAfterWait(wait time.Duration, x *wire.Dialogue, step *prober.Step) error {
	if err := step.Do("head", x.SendHead); err != nil {
		return err
	}
	o.headSent = true
	if err := step.Do("continue", func() error { return o.awaitContinue(wait, x) }); err != nil && !failure.Is(err, failure.Receive, reasonNoContinue, reasonFinalFirst) {
		return err
	}
	if o.asked && x.Buffered() { // a final status that came with the 100 came before the body
		r, err := x.Await(time.Now())
		o.early = r != nil && x.Record.Final != nil
		if err != nil {
			return err
		}
	}
	if o.early {
		return nil
	}
	err := step.Do("body", x.SendBody)
	o.bodySent = err == nil
	return err
}

// Reasons for which the step "continue" does not succeed, though the probe may.
const (
	reasonNoContinue = "no_continue"
	reasonFinalFirst = "final_first"
)

// awaitContinue waits for a 100, past other interim responses.
func (o *observation) awaitContinue(wait time.Duration, x *wire.Dialogue) error {
	until := time.Now().Add(wait)
	for {
		r, err := x.Await(until)
		switch {
		case err != nil:
			return err
		case r == nil:
			return failure.New(failure.Receive, reasonNoContinue, "no 100 Continue within %.1f s of the head", wait.Seconds())
		case r.Status == 100:
			o.asked = true
			return nil
		case x.Record.Final != nil:
			o.early = true
			return failure.New(failure.Receive, reasonFinalFirst, "%d %s came before the body", r.Status, r.Reason)
		}
	}
}
