package rdgateway

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// stands tells whether packets may follow: the gateway took the request.
func (c *channel) stands() bool {
	last := c.answer()
	if last == nil {
		return false
	}
	return opens(last.Final, c.accept != "")
}

// opens tells an answer that opens a channel: a 200 that is no page, or a change to websockets where that was asked for.
func opens(final *wire.Response, websocket bool) bool {
	if websocket {
		return final.Status == 101
	}
	return final.Status == 200 && !strings.HasPrefix(strings.ToLower(final.Get("Content-Type")), "text/")
}

func (c *channel) close() {
	if c.link != nil {
		c.link.Close()
	}
}

// openChannel sends a channel's verb without credentials, and, where a logon is asked for, with one over the same connection. It
// ends the channel's step.
func (p *probe) openChannel(ctx context.Context, c *channel) error {
	err := p.openOver(ctx, c)
	if last := c.answer(); last != nil {
		c.step.Detail("%s by %s", last.Answer(), last.Origin.Name())
	}
	c.step.End(err)
	return err
}

func (p *probe) openOver(ctx context.Context, c *channel) error {
	link := p.run.Link(p.at)
	if err := link.Open(ctx, c.step); err != nil {
		return err
	}
	c.link = link
	step := c.step.Step(unauthenticated)
	first, _, err := p.send(ctx, step, c, "")
	if c.first = first; first != nil {
		step.Detail("%s by %s, offers %s", first.Answer(), first.Origin.Name(), prober.Offers(prober.ChallengesOf(first)))
	}
	if failed := step.End(err); failed != nil {
		return failed
	}
	if first.Final.Status != 401 || !p.logsOn() {
		return nil
	}
	return p.enter(ctx, c)
}

// enter asks again with a logon.
func (p *probe) enter(ctx context.Context, c *channel) error {
	logon, err := p.run.LogOn(ctx, c.step.Step("logon"), c.link, prober.Ask{
		Request: p.request(c, ""), First: c.first.Final,
		Reopen: func(ctx context.Context) error { return c.link.Open(ctx, c.step) },
	})
	if err != nil {
		return err
	}
	c.logon = logon
	step := c.step.Step(authenticated)
	second, body, err := p.send(ctx, step, c, logon.Authorization())
	var final *wire.Response
	who := origin.Origin{Kind: origin.Unknown}
	if c.second = second; second != nil {
		final, who = second.Final, second.Origin
		step.Detail("%s by %s", second.Answer(), who.Name())
	}
	err = logon.Read(final, body).Judge(final, who, err)
	step.End(err)
	return err
}

// send sends a channel's verb, as step, and reads the answer's head; its body only where it opens no channel. The conversation is
// nil without a final response; a body that was cut short is no error.
func (p *probe) send(ctx context.Context, step *prober.Step, of *channel, authorization string) (*result.Conversation, []byte, error) {
	conn, wait := of.link.Conn, until(ctx)
	step.On(conn)
	x := conn.Begin(p.request(of, authorization))
	of.dialogue = x
	unsent := x.SendHead()
	err := await(x, conn, wait)
	if err != nil && unsent != nil { // a box that refuses early may have said why before it closed
		err = unsent
	}
	var body []byte
	if final := x.Record.Final; final != nil && !stays(of, final) {
		x.Bound(wait)
		body, err = x.Finish(bodyLimit)
		err = x.Settled(err)
	}
	c := p.run.Exchanged(step.Name(), conn, x.Record, body, err)
	if err != nil || c.Final == nil {
		return nil, nil, err
	}
	return c, body, nil
}

// stays tells an answer whose body is not read: it stays open, as that of a channel does, whichever transport it opens.
func stays(of *channel, final *wire.Response) bool {
	whole := of.verb == verbIn && final.Has("Content-Length", "0") // which another request may follow
	return (opens(final, of.accept != "") || opens(final, false)) && !whole
}

// await waits for the final response's head.
func await(x *wire.Dialogue, conn *wire.Conn, wait time.Time) error {
	began := time.Now()
	for x.Record.Final == nil {
		r, err := x.Await(wait)
		if err != nil {
			return err
		}
		if r == nil {
			return failure.New(failure.Receive, "timeout", "%s took the request, and said nothing for %.1f s", conn, time.Since(began).Seconds())
		}
	}
	return nil
}

// request is what a client begins a channel by (MS-TSGU section 3.3.5.1), but for the User-Agent.
func (p *probe) request(c *channel, authorization string) *wire.Request {
	fields := append(p.fields(), origin.Field{Name: "RDG-Connection-Id", Value: c.transport.id})
	if c.key == "" {
		fields = append(fields, origin.Field{Name: "Connection", Value: "Keep-Alive"})
	} else {
		fields = append(fields, origin.Field{Name: "Connection", Value: "Upgrade"}, origin.Field{Name: "Upgrade", Value: "websocket"},
			origin.Field{Name: "Sec-WebSocket-Version", Value: "13"}, origin.Field{Name: "Sec-WebSocket-Key", Value: c.key})
	}
	if authorization != "" {
		fields = append(fields, origin.Field{Name: "Authorization", Value: authorization})
	}
	r := p.run.Request(c.verb, p.Path, fields, nil)
	r.SendLength = true
	return r
}

// fields are those of every request.
func (p *probe) fields() []origin.Field {
	return []origin.Field{
		{Name: "User-Agent", Value: p.run.Agent}, {Name: "Accept", Value: "*/*"},
		{Name: "Cache-Control", Value: "no-cache"}, {Name: "Pragma", Value: "no-cache"},
	}
}

// url is what is asked for.
func (p *probe) url() string { return p.run.Target.Scheme + "://" + p.run.Target.Authority() + p.Path }

// chunk is a piece of a request's body (RFC 9112 section 7.1).
func chunk(data []byte) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n", len(data), data) }
