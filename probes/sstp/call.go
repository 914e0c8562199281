package sstp

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// farewell is how long the server may take to acknowledge the end.
const farewell = time.Second

// maxEchoes is how many Echo Requests are passed over before the answer.
const maxEchoes = 16

// negotiate asks for a call behind the 200, reads the answer, and ends the call.
func (p *probe) negotiate(conn *wire.Conn, until time.Time) error {
	step := p.step.Step("negotiate")
	step.On(conn)
	packets := p.main.dialogue.Packets()
	packets.Until = until
	err := p.agree(packets)
	step.Detail("%s", packets.Record.Outcome)
	step.End(err)
	p.end(packets, conn)
	who := p.main.conversation.Origin
	p.run.Talked(step.Name(), result.SSTP, conn, packets.Record, who, err)
	return err
}

// agree sends Call Connect Request and reads the answer. It settles the outcome.
func (p *probe) agree(packets *wire.Packets) error {
	if p.main.dialogue.Record.Final.Has("Transfer-Encoding", "chunked") {
		p.outcome = malformed
		return failure.New(failure.Receive, "malformed", "%s answered in chunks (Transfer-Encoding: chunked), where packets have to follow the head as they are", packets)
	}
	err := packets.Send(request, "Call Connect Request, to carry PPP")
	if err == nil {
		err = p.heed(packets)
	}
	if err != nil && p.outcome == "" {
		p.outcome = outcomeOf(err)
	}
	return err
}

// heed reads the answer to Call Connect Request.
func (p *probe) heed(packets *wire.Packets) error {
	for range maxEchoes {
		answer, err := next(packets)
		if err != nil {
			return err
		}
		packets.Record.Outcome = answer.String()
		switch answer.kind {
		case connectAck:
			p.answer, p.outcome = answer, connected
			return nil
		case connectNak:
			p.outcome = nak
			return failure.New(failure.Status, nak, "%s refused the call: %s", packets, answer)
		case callAbort, callDisconnect:
			p.outcome = aborted
			return failure.New(failure.Status, aborted, "%s ended the call in place of an answer: %s", packets, answer)
		case echoRequest:
		default:
			return failure.New(failure.Receive, "malformed", "%s answered Call Connect Request by %s", packets, answer)
		}
	}
	return failure.New(failure.Receive, "malformed", "%s sent %d Echo Requests and no answer", packets, maxEchoes)
}

// next reads a packet by its length, in however many pieces it comes. What begins and does not go on has said a length that is
// not so: malformed, as is what is no packet.
func next(packets *wire.Packets) (packet, error) {
	var raw []byte
	for {
		length, err := wanted(raw)
		var p packet
		if err == nil && length == len(raw) {
			p, err = parse(raw)
			if err == nil {
				packets.Heard(p.String())
				return p, nil
			}
		}
		if err != nil {
			return p, packets.Spoilt(raw, "packet", err)
		}
		got, broken := packets.Fill(raw, length)
		if broken == nil {
			raw = got
			continue
		}
		if _, err := wanted(got); err != nil { // a few bytes of text
			return p, packets.Spoilt(got, "packet", err)
		}
		if failure.Is(broken, failure.Receive, "timeout") && len(got) > 0 {
			return p, packets.Spoilt(got, "packet", broken)
		}
		return p, broken
	}
}

// end ends the call politely: an agreed one by Call Disconnect, which the server may acknowledge within a second, and one that is
// still open by Call Abort. How that goes is no fault of the call.
func (p *probe) end(packets *wire.Packets, conn *wire.Conn) {
	switch p.outcome {
	case connected:
	case nak, silent:
		packets.Until = time.Now().Add(farewell)
		_ = packets.Send(abort, "Call Abort")
		return
	default:
		return
	}
	step := p.step.Step("disconnect")
	step.On(conn)
	step.Detail("%s", disconnected(packets))
	step.End(nil)
}

// disconnected sends Call Disconnect, and says what came of it.
func disconnected(packets *wire.Packets) string {
	packets.Until = time.Now().Add(farewell)
	err := packets.Send(disconnect, "Call Disconnect")
	for range maxEchoes {
		if err != nil {
			break
		}
		var answer packet
		if answer, err = next(packets); err == nil && answer.kind == disconnectAck {
			return "acknowledged"
		}
	}
	if failure.Is(err, failure.Receive, "closed", "reset") || failure.Is(err, failure.Send) {
		return "the server ended the connection"
	}
	return "not acknowledged"
}

// control makes the three requests that each differ from the client's in one thing, on connections of their own: the length, the
// method, and the method's being known.
func (p *probe) control(ctx context.Context) {
	for i, c := range []struct {
		name, method, length string
		of                   **asked
	}{
		{"length_zero", verb, "0", &p.zero},
		{"get", "GET", "", &p.get},
		{"unknown_verb", "FOO", "0", &p.foo},
	} {
		step := p.run.Step(c.name)
		conn, err := p.run.Network.Open(ctx, step, p.endpoint)
		if err != nil {
			step.End(err)
			return
		}
		a := p.send(step.Step("request"), conn, c.method, c.length, share(ctx, 4-i, most/3))
		conn.Close()
		*c.of = a
		step.End(a.err)
	}
}
