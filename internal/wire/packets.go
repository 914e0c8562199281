package wire

import (
	"io"
	"strconv"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Packets is a dialogue in framed packets under way, behind the head of a response on the same connection, as in SSTP.
type Packets struct {
	Record *Talk
	Until  time.Time // when what is sent and read next must have gone and come; zero: the probe's limit
	conn   *Conn
	in     io.Reader
}

// Packets begins one where the final response's head ended. Whatever length that head announces, what follows is no body.
func (x *Dialogue) Packets() *Packets {
	now := x.conn.dialer.now()
	x.Record.End = &now
	return &Packets{Record: &Talk{Span: Span{Start: now, End: now}}, conn: x.conn, in: x.conn.in()}
}

// Chunked has what is read next taken out of chunks (RFC 9112 section 7.1), where the response carries its packets so. It gives p.
func (p *Packets) Chunked() *Packets {
	p.in = &chunkReader{r: p.conn.in()}
	return p
}

// Send sends a packet, and notes it in the words that a person reads. Errors are failures of stage send.
func (p *Packets) Send(packet []byte, text string) error {
	c := p.conn
	c.deadline(p.Until)
	n, err := c.stream.Write(packet)
	p.Record.Sent += int64(n)
	if err != nil {
		c.ended(err)
		return failure.New(failure.Send, streamReason(err), "send a packet (%s) to %s: %w", text, c, err)
	}
	p.note(Client, text)
	return nil
}

// Fill reads on until packet has n bytes, in however many pieces they come, and gives it with what came by then. Errors are
// failures of stage receive: closed, reset, timeout, alert, error.
func (p *Packets) Fill(packet []byte, n int) ([]byte, error) {
	c, had := p.conn, len(packet)
	c.deadline(p.Until)
	packet = append(packet, make([]byte, n-had)...)
	read, err := io.ReadFull(p.in, packet[had:])
	now := c.dialer.now()
	if p.Record.Received += int64(read); read > 0 && p.Record.Heard == nil {
		p.Record.Heard = &now
	}
	if err == nil {
		return packet, nil
	}
	p.Record.Span.End = now
	if chunks, ok := p.in.(*chunkReader); ok && chunks.done {
		return packet[:had+read], failure.New(failure.Receive, "closed", "%s ended its answer where a packet is due", c)
	}
	c.ended(err)
	return packet[:had+read], c.receiveFailure("wait for a packet", partOf("packet", had+read), err)
}

// Ahead is what has come and was not read yet, at most n bytes.
func (p *Packets) Ahead(n int) []byte {
	ahead, _ := p.conn.reader.Peek(min(n, p.conn.reader.Buffered())) // so much is there
	return ahead
}

// spoiltShown is how much of what is no packet a person reads, in bytes.
const spoiltShown = 64

// Spoilt is the failure of what came, and of what has come behind it, where a packet is due: receive/malformed. It also notes what
// came, marked where it is cut: a secret that was cut is found by that mark alone.
func (p *Packets) Spoilt(came []byte, due string, why error) *failure.Failure {
	came = append(came[:len(came):len(came)], p.Ahead(spoiltShown)...)
	said := string(came[:min(len(came), spoiltShown)])
	if len(came) >= spoiltShown {
		said += "…"
	}
	said = strconv.Quote(said)
	p.Heard(said)
	p.Record.Outcome = "no " + due + ": " + why.Error()
	return malformed("%s sent no %s where one is due: %w: %s", p, due, why, said)
}

// Said notes what was sent beside this connection and is answered over it, in the words that a person reads.
func (p *Packets) Said(text string) { p.note(Client, text) }

// Heard notes what the peer sent, in the words that a person reads.
func (p *Packets) Heard(text string) { p.note(Server, text) }

func (p *Packets) note(from Side, text string) {
	p.Record.Add(Line{At: p.conn.dialer.now(), From: from, Text: text, TLS: p.conn.secure != nil})
}

// String names the connection for a person.
func (p *Packets) String() string { return p.conn.String() }

// Bound says until when the final response's body must have come, where that is before the probe's limit.
func (x *Dialogue) Bound(until time.Time) { x.until = until }
