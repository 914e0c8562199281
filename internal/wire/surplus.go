package wire

import (
	"io"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

const (
	// glance is how long the rest of something may take whose beginning was there when a connection was looked at.
	glance = 5 * time.Millisecond
	// idle is how long nothing must have been asked for a 408 to be how a server ends a connection that nobody uses (RFC 9110
	// section 15.5.9).
	idle = time.Second
)

// Listen waits a while after the final response for what should not come: further interim responses, which join
// Record.Interim, and stray bytes, which are counted. It learns what became of the connection. It does nothing where the
// end of the final response was not seen: what follows then may be part of it.
func (x *Dialogue) Listen(d time.Duration) {
	c := x.conn
	if !x.complete || c.Record.State != "" {
		return
	}
	x.surplus(time.Now().Add(d))
	if c.Record.State == "" {
		c.Record.State = Open
	}
}

// look learns, without waiting for it, what has come since the last response, and whether the peer has ended the
// connection. It looks into the socket, where TLS records may lie that nobody has decrypted: whoever asks only the reader
// takes what comes later for the answer to the next request.
func (x *Dialogue) look() {
	c := x.conn
	if !x.complete || c.Record.State != "" || x.Record.Stray > 0 || c.ctx.Err() != nil {
		return
	}
	received := c.raw.received
	err := c.peekNow()
	switch {
	case err == nil, isTimeout(err) && c.raw.received > received: // that may be a record of which only a part has come
		x.surplus(time.Now().Add(glance))
	case !isTimeout(err):
		c.Record.State = Closed // as an alert does, too
		c.ended(err)
	}
}

// peekNow tells whether a byte is there to be read, os.ErrDeadlineExceeded where none is.
func (c *Conn) peekNow() error {
	c.deadline(time.Time{})
	if c.raw.socket == nil {
		c.deadline(time.Now().Add(time.Millisecond))
	}
	c.raw.ready = true
	_, err := c.in().Peek(1)
	c.raw.ready = false
	return err
}

// surplus reads until the given time what belongs to no request.
func (x *Dialogue) surplus(until time.Time) {
	c := x.conn
	for {
		r, err := x.next(until)
		if r != nil && r.isInterim() && x.interim(r) == nil {
			continue
		}
		if r != nil && r.Status == 408 && r.First-*x.Record.End >= Seconds(idle.Seconds()) {
			c.Record.State = Closed // it is about to be, and the bytes belong to no request
			return
		}
		if r != nil && !r.isInterim() {
			x.Record.Stray += len(r.Raw)
			x.Record.StrayLine, _, _ = strings.Cut(strings.TrimRight(r.Raw, "\r\n"), "\n")
			x.Record.StrayLine = strings.TrimRight(x.Record.StrayLine, "\r")
		}
		if r != nil || failure.Is(err, failure.Receive, "malformed", "too_large") {
			x.drain(until)
		}
		break
	}
	x.Record.Stray += len(x.partial)
	x.partial, x.line, x.first = nil, 0, nil
	x.count()
	c.Record.LeftOver = x.Record.Stray
}

// maxStray bounds how much of what should not come is read.
const maxStray = 64 << 10

// drain counts what follows something strange, and sees whether the peer closes behind it.
func (x *Dialogue) drain(until time.Time) {
	x.conn.deadline(until)
	n, err := io.CopyN(io.Discard, x.conn.in(), maxStray)
	x.Record.Stray += int(n)
	if err != nil {
		x.conn.ended(err)
	}
}
