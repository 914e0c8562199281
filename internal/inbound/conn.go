package inbound

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// conn is one connection of a client. Its Writes end when the client does not read.
type conn struct {
	net.Conn
	guard  *Guard
	client client

	// Guarded by guard.mu.
	requests int       // that handlers work at
	since    time.Time // when it began to wait: accepted, or the last request answered

	out  sync.Mutex // held while something is written; of what follows
	held *[]byte    // what Together keeps back; nil where it does not

	mu      sync.Mutex // of what follows
	slack   time.Duration
	until   time.Time // the deadline for writing that net/http set
	writing time.Time // when the Write under way began; zero without
}

// connKey is under what a request's context holds its conn.
type connKey struct{}

// own is the conn behind what a listener gave, perhaps within TLS; nil for a foreign one.
func own(c net.Conn) *conn {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	mine, _ := c.(*conn)
	return mine
}

// begin notes that a handler works at a request.
func (c *conn) begin() {
	c.guard.mu.Lock()
	defer c.guard.mu.Unlock()
	c.requests++
}

func (c *conn) end() {
	c.guard.mu.Lock()
	defer c.guard.mu.Unlock()
	c.requests--
	c.since = time.Now()
}

// working tells whether a request is being answered, and the answer read. guard.mu is held.
func (c *conn) working(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.requests > 0 && (c.writing.IsZero() || now.Sub(c.writing) < c.guard.times.stuck)
}

// pieceLength is how much of an answer is written at once, in bytes: one second's worth.
const pieceLength = writeRate

// inPieces writes p by write, up to the first error.
func inPieces(p []byte, write func([]byte) (int, error)) (written int, err error) {
	for {
		n, err := write(p[:min(len(p), pieceLength)])
		written += n
		p = p[n:]
		if err != nil || len(p) == 0 {
			return written, err
		}
	}
}

// writePiece gives the client the time that its slack and the length allow. What it takes too long uses the slack up, what it
// takes in time restores it.
func (c *conn) writePiece(p []byte) (int, error) {
	c.mu.Lock()
	begun := time.Now()
	allowance := time.Duration(len(p)) * time.Second / writeRate
	end := begun.Add(c.slack + allowance)
	if !c.until.IsZero() && c.until.Before(end) {
		end = c.until
	}
	c.writing = begun
	c.mu.Unlock()
	_ = c.Conn.SetWriteDeadline(end)
	n, err := c.Conn.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writing = time.Time{}
	c.slack = max(0, min(c.guard.times.slack, c.slack+allowance-time.Since(begun)))
	return n, err
}

// SetWriteDeadline holds beside the conn's own bound.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	c.until = t
	c.mu.Unlock()
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline sets both.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetWriteDeadline(t); err != nil {
		return err
	}
	return c.SetReadDeadline(t)
}

// CloseWrite lets net/http end an answer to a request that it does not read to its end.
func (c *conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// Close ends the connection, and makes room for another.
func (c *conn) Close() error {
	c.guard.mu.Lock()
	c.guard.forget(c)
	c.guard.mu.Unlock()
	return c.Conn.Close()
}
