// Package rpchttp asks whether RPC over HTTP version 2 gets through (MS-RPCH), by which Outlook Anywhere and RD Gateway work: its
// two verbs, RPC_IN_DATA and RPC_OUT_DATA, are unknown to many a box, and the length that a channel announces is refused by others.
// What it sends is the protocol's own echo request (section 2.1.2.1.5), which opens no channel: nothing is created behind the proxy.
package rpchttp

import (
	"context"
	"encoding/binary"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// The channels, and the verb of each (MS-RPCH).
const (
	channelIn  = "in"
	channelOut = "out"
)

var (
	channels = []string{channelIn, channelOut}
	verbs    = map[string]string{channelIn: "RPC_IN_DATA", channelOut: "RPC_OUT_DATA"}
)

// Steps beside the channels' own.
const (
	unauthenticated = "unauthenticated"
	authenticated   = "authenticated"
	controlGet      = "get"
	controlOther    = "other_verb"
	announced       = "announce"
)

// otherVerb is one that no protocol has.
const otherVerb = "EWS_EXPORTER_TEST"

// bodyLimit is how much of an answer is read: enough to know an error page by.
const bodyLimit = 64 << 10

// probe is one run.
type probe struct {
	*Settings
	run   *prober.Run
	at    prober.Endpoint
	asked []*channel // in the order of channels; none that was not begun

	get, other *prober.Control // nil where they were not asked
	announce   *prober.Control // nil where it was not asked
}

// channel is what became of one.
type channel struct {
	name          string
	step          *prober.Step
	first, second *result.Conversation // without credentials, and after the logon; nil without an answer
	echoed        bool                 // the last answer is an echo
	err           error                // why it was not answered for
	outcome       string
}

// last is the answer that decides; nil without any.
func (c *channel) last() *result.Conversation {
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

// ask asks all that is to be asked. The error is why no channel was asked.
func (p *probe) ask(ctx context.Context) error {
	at, err := p.run.Prepare(ctx)
	if err != nil {
		return err
	}
	p.at = at
	for i, name := range channels {
		c := &channel{name: name, outcome: failed, step: p.run.Step(name)}
		p.asked = append(p.asked, c)
		prober.Share(ctx, len(channels)-i+1, func(ctx context.Context) { c.err = p.askChannel(ctx, c) })
		c.step.End(c.err)
		if p.endsWith(c.err) {
			return nil
		}
	}
	if p.lost() {
		prober.Share(ctx, 2, func(ctx context.Context) { p.get = p.control(ctx, controlGet, "GET") })
		prober.Share(ctx, 1, func(ctx context.Context) { p.other = p.control(ctx, controlOther, otherVerb) })
	}
	if c := p.asked[0]; p.Announce && c.first != nil && c.first.Final.Status == 401 {
		p.announce = p.askLength(ctx)
	}
	return nil
}

// endsWith tells whether what follows is not worth asking: the host cannot be reached, or a secret that nobody has accepted was
// refused, and must not be tried again.
func (p *probe) endsWith(err error) bool {
	return failure.Is(err, failure.Connect) || failure.Is(err, failure.TLS) || failure.Is(err, failure.Policy) ||
		failure.Is(err, failure.Auth) && !p.run.Proven()
}

// askChannel sends an echo request without credentials, and, where a logon is asked for, with one over the same connection.
func (p *probe) askChannel(ctx context.Context, c *channel) error {
	c.step.Detail("%s %s", verbs[c.name], p.url())
	link := p.run.Link(p.at)
	defer link.Close()
	if err := link.Open(ctx, c.step); err != nil {
		return err
	}
	step := c.step.Step(unauthenticated)
	first, body, err := p.send(step, link.Conn, p.request(verbs[c.name], ""))
	if c.first = first; first != nil {
		c.echoed = isEcho(first.Final, body)
		step.Detail("%s by %s, offers %s", first.Answer(), first.Origin.Name(), prober.Offers(prober.ChallengesOf(first)))
	}
	if failed := step.End(err); failed != nil {
		return failed
	}
	if c.first.Final.Status != 401 || !p.run.LogsOn() {
		return nil
	}
	return p.enter(ctx, c, link)
}

// enter asks again with a logon.
func (p *probe) enter(ctx context.Context, c *channel, link *prober.Link) error {
	logon, err := p.run.LogOn(ctx, c.step.Step("logon"), link, prober.Ask{
		Request: p.request(verbs[c.name], ""), First: c.first.Final,
		Reopen: func(ctx context.Context) error { return link.Open(ctx, c.step) },
	})
	if err != nil {
		return err
	}
	step := c.step.Step(authenticated)
	second, body, err := p.send(step, link.Conn, p.request(verbs[c.name], logon.Authorization()))
	var final *wire.Response
	who := origin.Origin{Kind: origin.Unknown}
	if c.second = second; second != nil {
		final, who = second.Final, second.Origin
		c.echoed = isEcho(final, body)
		step.Detail("%s by %s", second.Answer(), who.Name())
	}
	err = logon.Read(final, body).Judge(final, who, err)
	step.End(err)
	return err
}

// isEcho tells whether an answer is that to an echo request: an RTS packet (version 5.0, type 20) of 20 bytes, with the flag
// RTS_FLAG_ECHO and without commands (MS-RPCH).
func isEcho(final *wire.Response, body []byte) bool {
	const size, packetType, flag = 20, 20, 0x40
	return final.Status == 200 && len(body) == size && body[0] == 5 && body[1] == 0 && body[2] == packetType &&
		binary.LittleEndian.Uint16(body[8:]) == size && binary.LittleEndian.Uint16(body[16:])&flag != 0
}

// send sends a request. The conversation is nil without a final response; a body that was cut short is no error.
func (p *probe) send(step *prober.Step, conn *wire.Conn, request *wire.Request) (*result.Conversation, []byte, error) {
	return p.run.AskOnce(step, conn, request, bodyLimit)
}

// request is an echo request: a verb of RPC over HTTP with a body of no more than 16 bytes, here none (MS-RPCH section 2.1.2.1.5).
func (p *probe) request(verb, authorization string) *wire.Request {
	fields := []origin.Field{
		{Name: "User-Agent", Value: p.run.Agent}, {Name: "Accept", Value: "application/rpc"},
		{Name: "Cache-Control", Value: "no-cache"}, {Name: "Pragma", Value: "no-cache"},
	}
	if authorization != "" {
		fields = append(fields, origin.Field{Name: "Authorization", Value: authorization})
	}
	r := p.run.Request(verb, p.Path+"?"+p.Endpoint, fields, nil)
	r.SendLength = strings.HasPrefix(verb, "RPC_")
	return r
}

// url is what is asked for.
func (p *probe) url() string {
	return p.run.Target.Scheme + "://" + p.run.Target.Authority() + p.Path + "?" + p.Endpoint
}
