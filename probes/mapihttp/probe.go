// Package mapihttp asks for what Outlook's connection begins with: the endpoints of MAPI over HTTP, for the mailbox and for the
// address book. First without credentials, which Exchange answers with a request for a logon; then, over the same connection, with
// one. To a GET the service behind answers with a page that is there to show that the way to it works. No session is begun
// (Connect), so nothing is created and nothing has to be ended.
package mapihttp

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// bodyLimit is how much of an answer is read: enough for the page, and to know an error page by.
const bodyLimit = 64 << 10

// The two requests to an endpoint.
const (
	unauthenticated = "unauthenticated"
	authenticated   = "authenticated"
)

// probe is one run.
type probe struct {
	*Settings
	run   *prober.Run
	at    prober.Endpoint
	asked []*endpoint // in the settings' order; none that was not begun
}

// endpoint is what became of one.
type endpoint struct {
	name, url     string
	step          *prober.Step
	first, second *result.Conversation // without credentials, and after the logon; nil without an answer
	certified     bool                 // a client's certificate was shown, which may be a logon
	page          bool                 // the last answer is the page
	version       string               // of Exchange, by the last answer; empty where it does not say
	err           error                // why it was not answered for

	success bool // see endpointSuccess
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run}
	if err := p.ask(ctx); err != nil {
		run.Result.Fail(failure.From(err))
	}
	run.Contrast()
	p.judge()
	run.Surplus()
	p.measure()
	p.tabulate()
}

// ask asks all endpoints. The error is why none was asked.
func (p *probe) ask(ctx context.Context) error {
	at, err := p.run.Prepare(ctx)
	if err != nil {
		return err
	}
	p.at = at
	for i, name := range p.Endpoints {
		e := p.askOne(ctx, name, len(p.Endpoints)-i)
		if p.endsWith(e.err) {
			break
		}
	}
	return nil
}

// endsWith tells whether the next endpoint is not worth asking: the host cannot be reached, or a secret that nobody has accepted
// was refused, and must not be tried again.
func (p *probe) endsWith(err error) bool {
	return failure.Is(err, failure.Connect) || failure.Is(err, failure.TLS) || failure.Is(err, failure.Policy) ||
		failure.Is(err, failure.Auth) && !p.run.Proven()
}

// askOne asks an endpoint, over a connection of its own: whether it asks for a logon shows only where none was made. One that
// keeps silent leaves those behind it their share of the time.
func (p *probe) askOne(ctx context.Context, name string, left int) *endpoint {
	if end, limited := ctx.Deadline(); limited && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(left))
		defer cancel()
	}
	e := &endpoint{name: name, url: p.run.Target.Scheme + "://" + p.run.Target.Authority() + paths[name], step: p.run.Step(name)}
	p.asked = append(p.asked, e)
	e.step.Detail("%s", e.url)
	link := p.run.Link(p.at)
	defer link.Close()
	if e.err = link.Open(ctx, e.step); e.err == nil {
		e.err = p.knock(e, link)
	}
	if e.err == nil && e.first.Final.Status == 401 && p.run.LogsOn() {
		e.err = p.enter(ctx, e, link)
	}
	e.step.End(e.err)
	return e
}

// knock asks without credentials.
func (p *probe) knock(e *endpoint, link *prober.Link) error {
	step := e.step.Step(unauthenticated)
	if secure := link.Record.Secure; secure != nil && secure.ShownUntil != nil {
		e.certified = true
	}
	c, body, err := p.get(step, link, e, "")
	if e.first = c; c != nil {
		e.read(c.Final, body)
		step.Detail("%s by %s, offers %s", c.Answer(), c.Origin.Name(), prober.Offers(prober.ChallengesOf(c)))
	}
	if failed := step.End(err); failed != nil {
		return failed
	}
	return nil
}

// enter asks again with a logon, over the same connection where the server left it open.
func (p *probe) enter(ctx context.Context, e *endpoint, link *prober.Link) error {
	logon, err := p.run.LogOn(ctx, e.step.Step("logon"), link, prober.Ask{
		Request: p.request(e, ""), First: e.first.Final,
		Reopen: func(ctx context.Context) error { return link.Open(ctx, e.step) },
	})
	if err != nil {
		return err
	}
	step := e.step.Step(authenticated)
	c, body, err := p.get(step, link, e, logon.Authorization())
	var final *wire.Response
	who := origin.Origin{Kind: origin.Unknown}
	if e.second = c; c != nil {
		final, who = c.Final, c.Origin
		e.read(final, body)
		step.Detail("%s by %s", c.Answer(), c.Origin.Name())
	}
	err = logon.Read(final, body).Judge(final, who, err)
	step.End(err)
	return err
}

// read keeps of an answer what is asked for.
func (e *endpoint) read(final *wire.Response, body []byte) {
	if e.page = isPage(final, body); e.page {
		e.version = versionOf(final, body)
	}
}

// last is the answer that decides; nil without any.
func (e *endpoint) last() *result.Conversation {
	if e.second != nil {
		return e.second
	}
	return e.first
}

// get asks for the endpoint. The conversation is nil without a final response; a body that was cut short is no error.
func (p *probe) get(step *prober.Step, link *prober.Link, e *endpoint, authorization string) (*result.Conversation, []byte, error) {
	return p.run.AskOnce(step, link.Conn, p.request(e, authorization), bodyLimit)
}

func (p *probe) request(e *endpoint, authorization string) *wire.Request {
	fields := []origin.Field{{Name: "User-Agent", Value: p.run.Agent}, {Name: "Accept", Value: "*/*"}}
	if authorization != "" {
		fields = append(fields, origin.Field{Name: "Authorization", Value: authorization})
	}
	return p.run.Request("GET", paths[e.name], fields, nil)
}
