package wire

import (
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

// check refuses what would make two requests of one: a URL or a cookie that comes back to a server was made by one.
func (r *Request) check() error {
	if strings.ContainsFunc(r.Method+r.Target+r.Host, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return failure.New(failure.Send, "invalid", "the request line or the Host of a request to %s holds a space or a control character", quote(r.Host))
	}
	for _, f := range r.Header {
		if strings.ContainsAny(f.Name+f.Value, "\r\n\x00") || strings.ContainsAny(f.Name, " \t:") || f.Name == "" {
			return failure.New(failure.Send, "invalid", "the header field %s of a request to %s holds a character that none may hold", quote(f.Name), quote(r.Host))
		}
	}
	return nil
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
	until   time.Time // when the final response's body must have come; zero: the probe's limit
	// complete tells that the final response was read to its end, and that more may follow on the connection.
	complete bool
}

// mark is where the connection's counters stood.
type mark struct{ consumed, sent, received int64 }

func (c *Conn) mark() mark { return mark{c.consumed(), c.raw.sent, c.raw.received} }

// Begin starts an exchange; nothing is sent yet.
func (c *Conn) Begin(req *Request) *Dialogue {
	head, fields := req.head()
	c.last = &Dialogue{
		Record: &Exchange{
			Method: req.Method, URL: req.URL, Header: fields, BodyLength: len(req.Body),
		},
		conn: c, req: req, head: head, started: c.mark(),
	}
	return c.last
}

// Do sends head and body at once and reads the final response with at most limit bytes of its body. A peer that refuses
// early may have said why before it closed, so it reads also when not all could be sent.
func (c *Conn) Do(req *Request, limit int64) (*Dialogue, []byte, error) {
	x := c.Begin(req)
	unsent := x.SendAll()
	if failure.Is(unsent, failure.Send, "invalid") {
		return x, nil, unsent
	}
	body, err := x.Finish(limit)
	if err != nil && unsent != nil && !refusesOwn(err) {
		err = unsent
	}
	return x, body, err
}

// SendHead writes the head alone. Errors are failures of stage send (timeout, reset, closed, alert, invalid, error).
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
	if err := x.req.check(); err != nil {
		return err
	}
	c.deadline(time.Time{})
	s := &Span{Start: c.dialer.now()}
	n, err := c.stream.Write(data)
	s.End = c.dialer.now()
	x.Record.BytesSent += int64(n)
	x.count()
	*span = s
	if second != nil {
		*second = s
	}
	if err != nil {
		c.ended(err)
		if f := c.ledNowhere(streamReason(err), err); f != nil {
			return f
		}
		return failure.New(failure.Send, streamReason(err), "send the %s to %s: %w", what, c, err)
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
// it. Errors are failures of stage receive: closed, reset, malformed, too_large; timeout at the probe's own limit. After
// the final response only Listen reads on.
func (x *Dialogue) Await(until time.Time) (*Response, error) {
	r, err := x.next(until)
	if r == nil || err != nil {
		return nil, err
	}
	if r.isInterim() {
		return r, x.interim(r)
	}
	x.Record.Final = r
	return r, nil
}

func (x *Dialogue) interim(r *Response) error {
	r.AfterFinal = x.Record.Final != nil
	x.Record.Interim = append(x.Record.Interim, r)
	if len(x.Record.Interim) > maxInterim {
		return malformed("%s sent more than %d interim responses", x.conn, maxInterim)
	}
	return nil
}

// next reads one head, whatever its place in the dialogue; nil, nil when until passed first.
func (x *Dialogue) next(until time.Time) (*Response, error) {
	complete, err := x.readHead(until)
	x.count()
	if err != nil {
		x.conn.ended(err)
		return nil, x.conn.receiveFailure("wait for a response", x.gaveUp(err), err)
	}
	if !complete {
		return nil, nil //nolint:nilnil // silence is an answer here, and documented
	}
	r, err := parseHead(x.partial)
	if err != nil {
		if x.Record.Final == nil {
			x.unfinished()
		}
		return nil, err
	}
	r.First, r.At = *x.first, x.conn.dialer.now()
	x.heads += len(x.partial)
	x.partial, x.line, x.first = nil, 0, nil
	return r, nil
}

// gaveUp notes what had come of a head that was waited for in vain, and says it, "" for nothing; and for how long nothing had come,
// but where what came was refused.
func (x *Dialogue) gaveUp(why error) string {
	if x.Record.Final != nil {
		return ""
	}
	var refused *failure.Failure
	if !errors.As(why, &refused) {
		quiet := x.conn.quiet()
		x.Record.Quiet = &quiet
	}
	x.unfinished()
	return partOf("head", int(x.Record.Unfinished))
}

// unfinished notes what came where a head is due and is none.
func (x *Dialogue) unfinished() {
	x.Record.Unfinished = x.Record.BytesReceived
	for _, r := range x.Record.Interim {
		x.Record.Unfinished -= int64(len(r.Raw))
	}
}

// readHead collects lines into x.partial until a head is complete; false when until passed first.
func (x *Dialogue) readHead(until time.Time) (bool, error) {
	c := x.conn
	c.deadline(until)
	for {
		if err := x.more(); err != nil {
			if isTimeout(err) && c.ctx.Err() == nil && !until.IsZero() && !time.Now().Before(until) {
				err = nil
			}
			return false, err
		}
		if x.heads+len(x.partial) > maxHead {
			return false, failure.New(failure.Receive, "too_large", "the response head from %s is larger than %d bytes", c, maxHead)
		}
		if !looksLikeHTTP(x.partial) {
			return false, malformed("%s answered something that is not HTTP/1.x: %s", c, quote(x.partial))
		}
		if x.partial[len(x.partial)-1] == '\n' && x.endOfLine() {
			return true, nil
		}
	}
}

// more waits for at least one byte and takes what has come, up to the end of the line. It does not wait for that end, so
// that the first byte has its own time, and what is no HTTP is known before a line end that may never come.
func (x *Dialogue) more() error {
	reader := x.conn.in()
	if _, err := reader.Peek(1); err != nil {
		return err
	}
	if x.first == nil {
		x.firstByte()
	}
	came, _ := reader.Peek(reader.Buffered())
	if end := bytes.IndexByte(came, '\n'); end >= 0 {
		came = came[:end+1]
	}
	if err := x.conn.hold(len(came)); err != nil {
		return err
	}
	x.partial = append(x.partial, came...)
	_, err := reader.Discard(len(came))
	return err
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
	x.partial, x.line, x.first = x.partial[:0], 0, nil
	return false
}

func (x *Dialogue) firstByte() {
	now := x.conn.dialer.now()
	x.first = &now
	if x.Record.First == nil {
		x.Record.First = &now
	}
}

// Buffered tells whether more has come already than what was read: a response that was sent with the one before it.
func (x *Dialogue) Buffered() bool { return x.conn.reader.Buffered() > 0 }

// Finish reads on until the final response and its body, of which it gives at most limit decoded bytes; what goes on
// beyond is not read. The time limit is the probe's. After an error the final response may be there without its body.
func (x *Dialogue) Finish(limit int64) ([]byte, error) {
	if err := x.awaitFinal(); err != nil {
		return nil, err
	}
	body, err := x.readBody(limit)
	if err == nil { // a body that was cut short has no last byte
		now := x.conn.dialer.now()
		x.Record.End = &now
	}
	x.count()
	return body, err
}

// awaitFinal reads on until the final response's head, unless it is there.
func (x *Dialogue) awaitFinal() error {
	for x.Record.Final == nil {
		if _, err := x.Await(time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

func (x *Dialogue) readBody(limit int64) ([]byte, error) {
	c, final := x.conn, x.Record.Final
	how, length, err := frame(x.req.Method, final)
	if err != nil {
		return nil, err
	}
	c.deadline(x.until)
	body, err := io.ReadAll(io.LimitReader(&kept{bodyReader(c.in(), how, length), c}, limit+1))
	if int64(len(body)) > limit {
		body, final.Truncated = body[:limit], true
	}
	final.BodyLength = int64(len(body))
	cut := final.Truncated
	body = final.decode(body, limit, c.hold)
	if err == nil && c.short != nil {
		err = c.short
	}
	switch {
	case err != nil:
		c.ended(err)
		return body, c.bodyFailure(int64(len(body)), err)
	case cut:
	case how == untilClose:
		c.ended(io.EOF)
	default:
		x.complete = true
	}
	return body, nil
}

// bodyFailure says how reading a body ended of which so many bytes had come.
func (c *Conn) bodyFailure(length int64, err error) *failure.Failure {
	came := strconv.FormatInt(length, 10) + " bytes of the body"
	f := c.receiveFailure("read the response's body", came, err)
	if !strings.Contains(f.Message, came) {
		f.Message += after(came)
	}
	return f
}

// kept is what is kept of what it reads.
type kept struct {
	io.Reader
	conn *Conn
}

func (h *kept) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if short := h.conn.hold(n); short != nil {
		return 0, short
	}
	return n, err
}

// ended notes what became of the connection when reading or writing gave err. A reset shows once: what is read after a
// write that told of it ends like an orderly close.
func (c *Conn) ended(err error) {
	switch {
	case isReset(err):
		c.Record.State = Reset
	case isClosed(err) && c.Record.State != Reset:
		c.Record.State = Closed
	}
}
