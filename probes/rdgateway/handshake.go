package rdgateway

import (
	"context"
	"strconv"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// What a person reads of the packet that is sent.
const asksHandshake = "Handshake Request, version 1.0"

// closeNormally is the payload of a frame that closes a websocket (RFC 6455 section 7.4.1: 1000).
var closeNormally = []byte{0x03, 0xe8}

// filler reads on until what it is given has n bytes.
type filler interface {
	Fill(had []byte, n int) ([]byte, error)
}

// shake has the handshake over the two connections of the transport HTTP: the request goes in, as a chunk of a request's body that
// does not end with it, and its answer comes out.
func (p *probe) shake(ctx context.Context, t *transport) error {
	wait := until(ctx)
	step := t.in.step.Step("packets")
	in := p.bodyIn(step, t.in)
	in.Until = wait
	err := in.Send(chunk(handshake), asksHandshake)
	step.Detail(asksHandshake)
	step.End(err)
	if err == nil {
		hears := t.step.Step("handshake")
		out := p.packetsOf(t.out, wait)
		out.Said(asksHandshake)
		err = p.hear(t, hears, out, out, usualSeed)
	}
	if err != nil && p.answeredIn(t, step) {
		return nil //nolint:nilerr // the answer says why, and is judged
	}
	in.Until = time.Now().Add(farewell)
	_ = in.Send([]byte("0\r\n\r\n"), "the end") // of the body, and with it of the channel
	return err
}

// answeredIn tells whether the request whose body carries packets was refused meanwhile, which no gateway does that takes them.
func (p *probe) answeredIn(t *transport, step *prober.Step) bool {
	x, conn := t.in.dialogue, t.in.link.Conn
	if r, err := x.Await(time.Now().Add(glance)); err != nil || r == nil || r != x.Record.Final || r.Status == 200 {
		return false
	}
	x.Bound(time.Now().Add(farewell))
	body, err := x.Finish(bodyLimit)
	t.in.second = p.run.Exchanged(step.Name(), conn, x.Record, body, x.Settled(err))
	step.Detail("%s by %s", t.in.second.Answer(), t.in.second.Origin.Name())
	return true
}

// glance is how long is looked for what must have come already.
const glance = 50 * time.Millisecond

// farewell is how long saying good-bye may take.
const farewell = time.Second

// bodyIn begins the request whose body carries what goes in.
func (p *probe) bodyIn(step *prober.Step, c *channel) *wire.Packets {
	authorization := ""
	if c.logon != nil {
		authorization = c.logon.Repeated()
	}
	request := p.request(c, authorization)
	request.SendLength = false
	request.Header = append(request.Header, origin.Field{Name: "Transfer-Encoding", Value: "chunked"})
	step.On(c.link.Conn)
	c.dialogue = c.link.Conn.Begin(request)
	_ = c.dialogue.SendHead() // what follows tells
	return c.dialogue.Packets()
}

// packetsOf are those that come out.
func (p *probe) packetsOf(c *channel, wait time.Time) *wire.Packets {
	packets := c.dialogue.Packets()
	packets.Until = wait
	if c.accept == "" && c.dialogue.Record.Final.Has("Transfer-Encoding", "chunked") {
		packets.Chunked()
	}
	return packets
}

// shakeByFrames has the handshake over a websocket.
func (p *probe) shakeByFrames(ctx context.Context, t *transport) error {
	step := t.step.Step("handshake")
	out := p.packetsOf(t.out, until(ctx))
	if got := t.out.dialogue.Record.Final.Get("Sec-WebSocket-Accept"); got != t.out.accept {
		return step.End(failure.New(failure.Receive, "malformed", "%s answered 101, and its Sec-WebSocket-Accept (%s) is not the answer to this request's key: what speaks there is no websocket server, or the answer was another's (RFC 6455 section 4.1)", out, strconv.Quote(got)))
	}
	if err := out.Send(frame(opBinary, handshake), asksHandshake); err != nil {
		return step.End(err)
	}
	err := p.hear(t, step, out, &frames{carrier: out}, 0)
	out.Until = time.Now().Add(farewell)
	_ = out.Send(frame(opClose, closeNormally), "Close")
	return err
}

// hear reads the gateway's answer, which comes behind a seed, as step, which it ends, and records what was said.
func (p *probe) hear(t *transport, step *prober.Step, out *wire.Packets, in filler, seed int) error {
	t.begun = true
	step.On(t.out.link.Conn)
	err := read(out, in, seed, &t.hello)
	who := t.out.answer().Origin
	if t.hello != nil {
		who = origin.Origin{Kind: origin.Gateway, Rule: "handshake", Evidence: "a handshake response"}
		out.Heard(t.hello.String())
		out.Record.Outcome = t.hello.String()
		if t.hello.code != 0 {
			err = failure.New(failure.Status, reasonHandshake, "%s refused the handshake: %s", out, t.hello)
		}
	}
	step.Detail("%s", out.Record.Outcome)
	step.End(err)
	p.run.Talked(step.Name(), result.RDGateway, t.out.link.Conn, out.Record, who, err)
	return err
}

// read reads a handshake response, in however many pieces it comes. What begins and does not go on has said a length that is not
// so: malformed, as is what is no packet.
func read(out *wire.Packets, in filler, seed int, hello **answer) error {
	var raw []byte
	for {
		n, err := wanted(raw, seed)
		switch {
		case err != nil:
			return out.Spoilt(raw[min(seed, len(raw)):], "handshake response", err)
		case n == len(raw):
			got := parse(raw, seed)
			*hello = &got
			return nil
		}
		got, broken := in.Fill(raw, n)
		if broken == nil {
			raw = got
			continue
		}
		if failure.Is(broken, failure.Receive, "timeout") && len(got) > seed {
			return out.Spoilt(got[min(seed, len(got)):], "handshake response", broken)
		}
		return broken
	}
}
