// Package rdgateway asks whether a gateway for remote desktops (RD Gateway, MS-TSGU) can be reached by its transports: HTTP, which is
// two connections with verbs of their own that stay open, and websockets. After a logon it goes as far as the protocol's handshake,
// whose answer shows that packets get in and out. No tunnel is opened: nothing is created on the gateway, and nothing has to be ended.
package rdgateway

import (
	"context"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// The verbs of the two directions, as clients call them: out of the gateway, and into it.
const (
	verbOut = "RDG_OUT_DATA"
	verbIn  = "RDG_IN_DATA"
)

// otherVerb is one that no protocol has.
const otherVerb = "EWS_EXPORTER_TEST"

// Parts of the transports' steps, and the controls'.
const (
	unauthenticated = "unauthenticated"
	authenticated   = "authenticated"
	controlGet      = "get"
	controlOther    = "other_verb"
)

// bodyLimit is how much of an answer is read: enough to know an error page by.
const bodyLimit = 64 << 10

// probe is one run.
type probe struct {
	*Settings
	run    *prober.Run
	at     prober.Endpoint
	asked  []*transport // in the order of the settings; none that was not begun
	denied bool         // a logon failed, so that no further one is made

	get, other *prober.Control // nil where they were not asked
}

// transport is what became of one.
type transport struct {
	name    string
	id      string // RDG-Connection-Id, which makes the two connections one
	step    *prober.Step
	out, in *channel // nil where it was not begun
	hello   *answer  // the gateway's to the handshake; nil without one
	begun   bool     // the handshake was
	err     error    // why it was not answered for
	outcome string
}

// last is the channel that decides, the one that was begun last; nil without any.
func (t *transport) last() *channel {
	if t.in != nil {
		return t.in
	}
	return t.out
}

// channel is one of a transport's connections.
type channel struct {
	transport     *transport
	step          *prober.Step
	verb          string
	accept        string               // Sec-WebSocket-Accept that has to come; empty without a websocket
	key           string               // that asks for it
	first, second *result.Conversation // without credentials, and after the logon; nil without an answer
	dialogue      *wire.Dialogue       // of the last request
	logon         *prober.Logon        // nil where none was made
	link          *prober.Link         // nil where none was opened
}

// answer is the one that decides; nil without any.
func (c *channel) answer() *result.Conversation {
	if c.second != nil {
		return c.second
	}
	return c.first
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

// ask asks all that is to be asked. The error is why no transport was asked.
func (p *probe) ask(ctx context.Context) error {
	at, err := p.run.Prepare(ctx)
	if err != nil {
		return err
	}
	p.at = at
	for i, name := range p.Transports {
		t := &transport{name: name, id: "{" + prober.NewGUID() + "}", outcome: failed, step: p.run.Step(name)}
		p.asked = append(p.asked, t)
		prober.Share(ctx, len(p.Transports)-i+1, func(ctx context.Context) { t.err = p.askTransport(ctx, t) })
		t.step.End(t.err)
		p.denied = p.denied || failure.Is(t.err, failure.Auth) // whatever became of a logon, it may have been the secret's
		if failure.Is(t.err, failure.Connect) || failure.Is(t.err, failure.TLS) || failure.Is(t.err, failure.Policy) {
			return nil // the host cannot be reached
		}
	}
	if p.lost() {
		prober.Share(ctx, 2, func(ctx context.Context) { p.get = p.control(ctx, controlGet, "GET") })
		p.other = p.control(ctx, controlOther, otherVerb)
	}
	return nil
}

// logsOn tells whether a logon may be made: after one that failed there is no other.
func (p *probe) logsOn() bool { return p.run.LogsOn() && !p.denied }

// askTransport opens the channels of a transport, and has the handshake where both stand.
func (p *probe) askTransport(ctx context.Context, t *transport) error {
	t.step.Detail("%s %s", verbOut, p.url())
	t.out = &channel{transport: t, verb: verbOut, step: t.step.Step("out")}
	if t.name == overWebSocket {
		t.out.key, t.out.accept = newKey()
	}
	defer t.out.close()
	if err := p.openChannel(ctx, t.out); err != nil || !t.out.stands() {
		return err
	}
	if t.name == overWebSocket {
		return p.shakeByFrames(ctx, t)
	}
	t.in = &channel{transport: t, verb: verbIn, step: t.step.Step("in")}
	defer t.in.close()
	if err := p.openChannel(ctx, t.in); err != nil || !t.in.stands() {
		return err
	}
	return p.shake(ctx, t)
}

// lost tells whether a verb did not get through: to a request without credentials came neither a request for a logon nor a channel.
func (p *probe) lost() bool {
	return slices.ContainsFunc(p.asked, func(t *transport) bool {
		c := t.last()
		if c == nil || c.link == nil || c.first == nil {
			return c != nil && c.link != nil && t.err != nil
		}
		return c.first.Final.Status != 401 && !opens(c.first.Final, false) && !c.stands()
	})
}

// control asks by another verb, by which a box that refuses the verbs of RD Gateway is told from one that leads nowhere.
func (p *probe) control(ctx context.Context, name, verb string) *prober.Control {
	return p.run.Control(ctx, name, p.at, func(step *prober.Step, conn *wire.Conn) (*result.Conversation, error) {
		c, _, err := p.run.AskOnce(step, conn, p.run.Request(verb, p.Path, p.fields(), nil), bodyLimit)
		return c, err
	})
}

// until is when something that is waited for must have come: a little before ctx's end, so that there is time to look at what else
// was said.
func until(ctx context.Context) time.Time {
	if end, limited := ctx.Deadline(); limited {
		return end.Add(-time.Until(end) / 10)
	}
	return time.Time{}
}
