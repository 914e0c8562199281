package wire

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// Request is one request. Host comes first and Content-Length last; Content-Length is always sent with a body, and
// nothing is ever chunked.
type Request struct {
	Method string
	URL    string // for the record and for people
	Target string // the request target: a path with its query
	Host   string
	Header []origin.Field
	Body   []byte
	// SendLength sends "Content-Length: 0" where there is no body, as a POST must.
	SendLength bool
}

// head gives the request head as it goes out, and its fields.
func (r *Request) head() ([]byte, []origin.Field) {
	fields := append([]origin.Field{{Name: "Host", Value: r.Host}}, r.Header...)
	if len(r.Body) > 0 || r.SendLength {
		fields = append(fields, origin.Field{Name: "Content-Length", Value: strconv.Itoa(len(r.Body))})
	}
	var b strings.Builder
	b.WriteString(r.Method + " " + r.Target + " HTTP/1.1\r\n")
	for _, f := range fields {
		b.WriteString(f.Name + ": " + f.Value + "\r\n")
	}
	b.WriteString("\r\n")
	return []byte(b.String()), fields
}

// Dialogue is one exchange under way: the caller decides what is sent when, and how long to wait.
//
//	x := conn.Begin(req)
//	x.SendHead()
//	r, err := x.Await(time.Now().Add(5 * time.Second)) // nil, nil: silence
//	x.SendBody()
//	body, err := x.Finish(64 << 10)
//	x.Listen(100 * time.Millisecond)
type Dialogue struct {
	Record *Exchange

	conn    *Conn
	req     *Request
	head    []byte
	partial []byte   // of a response head that is still coming
	line    int      // where its last line begins
	first   *Seconds // the first byte of partial
	heads   int      // bytes of all complete heads
	started mark
}

// mark is where the connection's counters stood.
type mark struct{ consumed, sent, received int64 }

func (c *Conn) mark() mark { return mark{c.consumed(), c.raw.sent, c.raw.received} }

// Begin starts an exchange; nothing is sent yet.
func (c *Conn) Begin(req *Request) *Dialogue {
	head, fields := req.head()
	return &Dialogue{
		Record: &Exchange{
			Connection: c.Record.ID, Method: req.Method, URL: req.URL, Header: fields, BodyLength: len(req.Body),
		},
		conn: c, req: req, head: head, started: c.mark(),
	}
}

// Do sends head and body at once and reads the final response with at most limit bytes of its body.
func (c *Conn) Do(req *Request, limit int64) (*Dialogue, []byte, error) {
	x := c.Begin(req)
	if err := x.SendAll(); err != nil {
		// A peer that refuses early may have said why before it closed.
		if body, late := x.Finish(limit); late == nil {
			return x, body, nil
		}
		return x, nil, err
	}
	body, err := x.Finish(limit)
	return x, body, err
}

// SendHead writes the head alone. Errors are failures of stage send (timeout, reset, closed, error).
func (x *Dialogue) SendHead() error { return x.send(x.head, &x.Record.Head, nil, "request head") }

// SendBody writes the body. A failure does not end the exchange: the peer may have answered before it closed.
func (x *Dialogue) SendBody() error { return x.send(x.req.Body, &x.Record.Body, nil, "request body") }

// SendAll writes head and body in one piece.
func (x *Dialogue) SendAll() error {
	if len(x.req.Body) == 0 {
		return x.SendHead()
	}
	return x.send(append(x.head[:len(x.head):len(x.head)], x.req.Body...), &x.Record.Head, &x.Record.Body, "request")
}

func (x *Dialogue) send(data []byte, span, second **Span, what string) error {
	c := x.conn
	c.deadline(time.Time{})
	s := &Span{Start: c.dialer.now()}
	n, err := c.stream.Write(data)
	s.End = c.dialer.now()
	x.Record.BytesSent += int64(n)
	x.count()
	if err != nil {
		return failure.New(failure.Send, streamReason(err), "send the %s to %s: %w", what, c, err)
	}
	*span = s
	if second != nil {
		*second = s
	}
	return nil
}

func (x *Dialogue) count() {
	now := x.conn.mark()
	x.Record.BytesReceived = now.consumed - x.started.consumed
	x.Record.WireSent = now.sent - x.started.sent
	x.Record.WireReceived = now.received - x.started.received
}

// Await reads the next response head, interim or final, until the given time (zero: the probe's limit). When the
// time passes first it gives nil, nil; a head that has begun to arrive by then is kept, and the next call goes on with
// it. Errors are failures of stage receive: closed, reset, malformed, too_large; timeout at the probe's own limit.
func (x *Dialogue) Await(until time.Time) (*Response, error) {
	complete, err := x.readHead(until)
	x.count()
	if err != nil {
		return nil, x.conn.receiveFailure("wait for a response", err)
	}
	if !complete {
		return nil, nil //nolint:nilnil // silence is an answer here, and documented
	}
	r, err := parseHead(x.partial)
	if err != nil {
		return nil, err
	}
	r.First, r.At = *x.first, x.conn.dialer.now()
	x.heads += len(x.partial)
	x.partial, x.line, x.first = nil, 0, nil
	if !r.isInterim() && x.Record.Final == nil {
		x.Record.Final = r
		return r, nil
	}
	x.Record.Interim = append(x.Record.Interim, r)
	if len(x.Record.Interim) > maxInterim {
		return nil, malformed("more than %d interim responses", maxInterim)
	}
	return r, nil
}

// readHead collects lines into x.partial until a head is complete; false when until passed first.
func (x *Dialogue) readHead(until time.Time) (bool, error) {
	c := x.conn
	c.deadline(until)
	for {
		piece, err := c.reader.ReadSlice('\n')
		if len(piece) > 0 && x.first == nil {
			x.firstByte()
		}
		x.partial = append(x.partial, piece...)
		if x.heads+len(x.partial) > maxHead {
			return false, failure.New(failure.Receive, "too_large", "the response head from %s is larger than %d bytes", c, maxHead)
		}
		if !looksLikeHTTP(x.partial) {
			return false, malformed("%s answered something that is not HTTP/1.x: %s", c, quote(x.partial))
		}
		switch {
		case err == nil:
			if x.endOfLine() {
				return true, nil
			}
		case errors.Is(err, bufio.ErrBufferFull): // a long line: its end follows
		case isTimeout(err) && c.ctx.Err() == nil && !until.IsZero() && !time.Now().Before(until):
			return false, nil
		default:
			return false, err
		}
	}
}

// endOfLine looks at the line that has just become complete, and tells whether it ends the head. An empty line before
// the status line is forgiven and dropped, as RFC 9112 section 2.2 has servers do.
func (x *Dialogue) endOfLine() bool {
	line := x.partial[x.line:]
	x.line = len(x.partial)
	if len(bytes.TrimRight(line, "\r\n")) > 0 {
		return false
	}
	if len(line) < len(x.partial) {
		return true
	}
	x.heads += len(x.partial)
	x.partial, x.line = x.partial[:0], 0
	return false
}

func (x *Dialogue) firstByte() {
	now := x.conn.dialer.now()
	x.first = &now
	if x.Record.First == nil {
		x.Record.First = &now
	}
}

// Finish reads on until the final response and its body, of which it gives at most limit decoded bytes; what goes on
// beyond is not read. The time limit is the probe's. After an error the final response may be there without its body.
func (x *Dialogue) Finish(limit int64) ([]byte, error) {
	for x.Record.Final == nil {
		if _, err := x.Await(time.Time{}); err != nil {
			return nil, err
		}
	}
	body, err := x.readBody(limit)
	now := x.conn.dialer.now()
	x.Record.End = &now
	x.count()
	return body, err
}

func (x *Dialogue) readBody(limit int64) ([]byte, error) {
	c, final := x.conn, x.Record.Final
	how, length, err := frame(x.req.Method, final)
	if err != nil {
		return nil, err
	}
	c.deadline(time.Time{})
	body, err := io.ReadAll(io.LimitReader(bodyReader(c.reader, how, length), limit+1))
	if int64(len(body)) > limit {
		body, final.Truncated = body[:limit], true
	} else if err == nil && how == untilClose {
		c.Record.State = Closed
	}
	final.BodyLength = int64(len(body))
	if err != nil {
		c.ended(err)
		f := c.receiveFailure("read the response's body", err)
		f.Message += " after " + strconv.Itoa(len(body)) + " bytes of the body"
		return body, f
	}
	return body, nil
}

// ended notes what became of the connection when reading gave err.
func (c *Conn) ended(err error) {
	switch {
	case isReset(err):
		c.Record.State = Reset
	case isClosed(err):
		c.Record.State = Closed
	}
}

// Listen waits a while after the final response for what should not come: further interim responses, which join
// Record.Interim, and stray bytes, which are counted. It learns what became of the connection.
func (x *Dialogue) Listen(d time.Duration) {
	c := x.conn
	if c.Record.State != "" || x.Record.Final == nil || x.Record.Final.Truncated {
		return
	}
	until := time.Now().Add(d)
	for {
		r, err := x.Await(until)
		if err == nil && r != nil && r.isInterim() {
			continue
		}
		x.stray(r, err)
		if err == nil && r == nil {
			c.Record.State = Open
		}
		break
	}
	if c.Record.State == "" { // something strange came; see whether the peer closes behind it
		x.drain(until)
	}
	x.count()
	c.Record.LeftOver = x.Record.Stray
}

// stray counts what came and was no interim response: a second final head, or bytes that are no head.
func (x *Dialogue) stray(r *Response, err error) {
	if r != nil { // Await took it for an interim response
		x.Record.Interim = x.Record.Interim[:len(x.Record.Interim)-1]
		x.Record.Stray += len(r.Raw)
	}
	x.Record.Stray += len(x.partial)
	if err != nil {
		x.conn.ended(err)
	}
}

// maxStray bounds how much of what should not come is read.
const maxStray = 64 << 10

func (x *Dialogue) drain(until time.Time) {
	x.conn.deadline(until)
	n, err := io.CopyN(io.Discard, x.conn.reader, maxStray)
	x.Record.Stray += int(n)
	switch {
	case isTimeout(err):
		x.conn.Record.State = Open
	case err != nil:
		x.conn.ended(err)
	}
}
