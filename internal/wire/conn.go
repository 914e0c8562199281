package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"syscall"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// DefaultConnectTimeout bounds one TCP connect; a probe's limit bounds it too.
const DefaultConnectTimeout = 3 * time.Second

// Dialer makes the connections of one probe.
type Dialer struct {
	Epoch          time.Time     // when the probe began; every recorded moment counts from it
	Resolver       Resolver      // nil: the system's
	ConnectTimeout time.Duration // 0: DefaultConnectTimeout

	// Check is asked about each address right before it is dialled, so that the address checked is the address
	// dialled; host is what was looked up. Nil permits all.
	Check func(host string, address netip.AddrPort) error
	// Acquire waits for a place at an address; the release it gives is called once, at Close. Nil: no limit.
	Acquire func(ctx context.Context, address netip.Addr) (release func(), err error)
	// Hold is told of what came from an address before it is kept, in bytes: heads, bodies, lines, handshakes. Its error, a failure
	// of stage internal, is what reading gives then. Nil: no limit.
	Hold func(address netip.Addr, bytes int) error
	// Chains remembers chains that were verified; nil: each is verified each time.
	Chains *Chains
}

func (d *Dialer) now() Seconds { return Seconds(time.Since(d.Epoch).Seconds()) }

// Conn is one measured connection. It is not safe for concurrent use.
type Conn struct {
	Record *Connection // what is known so far; complete after Close

	dialer  *Dialer
	ctx     context.Context // the probe's: its end breaks every read and write
	raw     *countingConn
	secure  *tls.Conn    // nil without TLS
	stream  net.Conn     // raw, or secure
	reader  bufio.Reader // see in
	until   time.Time    // the deadline in force, but for the probe's early end
	plain   int64        // bytes read from stream into reader
	heard   Seconds      // when the last of them came
	clear   int64        // bytes that came before the handshake, below TLS
	leaf    *x509.Certificate
	peer    Peer
	shown   presented
	hop     *Conn     // to the proxy that it goes through; nil without one
	last    *Dialogue // the exchange begun last
	short   error     // what Hold gave: there is no memory for more
	cleanup []func()
}

// Connect dials address, one of the resolution's; name is what the connection is for (it differs from the name that was
// looked up when one server is probed under the service's name). It gives a Conn even when it fails, for its Record; Close
// must be called either way. Errors are failures of stage connect (refused, timeout, unreachable, family_unreachable, reset, error), of stage
// internal, or what Check and Acquire gave.
func (d *Dialer) Connect(ctx context.Context, id int, name string, resolution *Resolution, address netip.AddrPort) (*Conn, error) {
	c, err := d.Aim(ctx, id, name, resolution, address)
	if err != nil {
		return c, err
	}
	return c, c.dial(resolution)
}

func (c *Conn) dial(from *Resolution) error {
	bound := c.dialer.ConnectTimeout
	if bound == 0 {
		bound = DefaultConnectTimeout
	}
	// A negative KeepAlive leaves the socket options alone: a probe is over before the first keep-alive.
	dialer := net.Dialer{Timeout: bound, KeepAlive: -1}
	c.Record.Connect = &Span{Start: c.dialer.now()}
	raw, err := dialer.DialContext(c.ctx, "tcp", c.Record.Address.String())
	c.Record.Connect.End = c.dialer.now()
	if err != nil {
		reason, address := connectReason(err), c.Record.Address.Addr()
		if reason == "unreachable" && from.bothFamilies(address) {
			reason = reasonFamily
		}
		return failure.New(failure.Connect, reason, "connect to %s: %w%s", c, &connectError{err, c.Record.Connect.Length()}, from.choice(address))
	}
	c.attach(raw)
	return nil
}

// attach makes raw what the connection reads and writes.
func (c *Conn) attach(raw net.Conn) {
	c.raw = &countingConn{Conn: raw, socket: socketOf(raw), dialer: c.dialer, wrote: c.dialer.now()}
	c.stream = c.raw
	c.reader = bufio.Reader{}
	// The probe's end must break a read or write that is under way.
	stop := context.AfterFunc(c.ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	c.cleanup = append(c.cleanup, func() { stop() })
}

// hold notes that so many bytes more are kept of what the peer sends.
func (c *Conn) hold(bytes int) error {
	if c.dialer.Hold == nil || bytes == 0 {
		return nil
	}
	if err := c.dialer.Hold(c.Record.Address.Addr(), bytes); err != nil {
		c.short = err
		return err
	}
	return nil
}

// String names the connection for a person: address and, where it differs, the name, and the proxy that it goes through.
func (c *Conn) String() string {
	if hop := c.Record.Proxy; hop != nil {
		return c.Record.place() + " through the proxy " + hop.place()
	}
	return c.Record.place()
}

// Reusable tells whether another request may follow the last one: that was sent whole, its response was read whole, and
// the peer neither closed, nor said that it would (RFC 9112 section 9.3), nor sent bytes that the next would take for its
// own. It looks at the connection for that, and does not wait.
func (c *Conn) Reusable() bool {
	if c.last == nil {
		return c.raw != nil
	}
	x := c.last.Record
	unsent := x.BodyLength > 0 && x.Body == nil
	if unsent || !c.last.complete {
		return false
	}
	c.last.look()
	if c.Record.State == Closed || c.Record.State == Reset || x.Stray > 0 || c.reader.Buffered() > 0 {
		return false
	}
	if x.Final.Proto == "HTTP/1.0" {
		return x.Final.Has("Connection", "keep-alive")
	}
	return !x.Final.Has("Connection", "close")
}

// Local is the address from which the connection was made; invalid while there is none.
func (c *Conn) Local() netip.AddrPort {
	if c.raw == nil {
		return netip.AddrPort{}
	}
	if local, ok := c.raw.LocalAddr().(*net.TCPAddr); ok {
		return local.AddrPort()
	}
	return netip.AddrPort{}
}

// Surplus is how many bytes have come after the last response that belong to none, as far as looking without waiting shows.
func (c *Conn) Surplus() int {
	if c.last == nil {
		return 0
	}
	c.last.look()
	return c.last.Record.Stray
}

// Leaf is the certificate that the peer showed, nil without one: channel binding needs it.
func (c *Conn) Leaf() *x509.Certificate { return c.leaf }

// Close ends the connection and completes its Record. It takes at most closeTimeout, also when the peer reads nothing.
func (c *Conn) Close() {
	if c.raw != nil {
		if c.last != nil {
			c.last.look() // the last chance to see what nobody asked for
		}
		if c.raw.socket != nil {
			early, resent := segmentsOf(c.raw.socket)
			c.Record.Gap, c.Record.Lossy = early > 0 && c.raw.received == 0, early+resent > 0
		}
		_ = c.raw.SetWriteDeadline(time.Now().Add(closeTimeout))
		c.raw.closing = true
		_ = c.stream.Close()
		c.Record.WireSent, c.Record.WireReceived = c.raw.sent, c.raw.received
	}
	for _, f := range c.cleanup {
		f()
	}
	c.cleanup = nil
}

// closeTimeout bounds TLS's close_notify, for which crypto/tls itself would wait 5 s, and then set another deadline.
const closeTimeout = 200 * time.Millisecond

// deadline sets when reads and writes end: at until, or when the probe does, whichever is first. It leaves alone what is
// set so already, for each setting may wake the thread that waits for the network.
func (c *Conn) deadline(until time.Time) {
	if end, ok := c.ctx.Deadline(); ok && (until.IsZero() || end.Before(until)) {
		until = end
	}
	if until.Equal(c.until) {
		return
	}
	c.until = until
	_ = c.raw.SetDeadline(until)
	if c.ctx.Err() != nil { // the AfterFunc may have run just before
		_ = c.raw.SetDeadline(time.Unix(1, 0))
	}
}

// in is the buffered reader of what the peer sends. Its buffer is made when something is first read above TLS, so that a peer
// that hangs before does not hold it.
func (c *Conn) in() *bufio.Reader {
	if c.reader.Size() == 0 {
		c.reader.Reset(plainReader{c}) // which makes the buffer of a zero Reader
	}
	return &c.reader
}

// consumed counts the plaintext bytes that were taken out of the reader.
func (c *Conn) consumed() int64 { return c.plain - int64(c.reader.Buffered()) }

// countingConn counts the bytes below TLS. One goroutine uses a Conn, so plain integers do.
type countingConn struct {
	net.Conn
	sent, received int64
	wrote          Seconds // when the last byte went out, or it was made
	dialer         *Dialer

	socket syscall.RawConn // nil where none can be read without waiting
	ready  bool            // reads give what lies ready, and do not wait

	closing bool // the deadline for writing stays as it is

	hold func(bytes int) error // in a handshake: what comes is kept until it is over
}

func (c *countingConn) Read(p []byte) (n int, err error) {
	if c.ready && c.socket != nil {
		n, err = poll(c.socket, p)
	} else {
		n, err = c.Conn.Read(p)
	}
	c.received += int64(n)
	if c.hold != nil {
		if short := c.hold(n); short != nil {
			return 0, short
		}
	}
	return n, err
}

func (c *countingConn) SetWriteDeadline(t time.Time) error {
	if c.closing {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent += int64(n)
	if n > 0 {
		c.wrote = c.dialer.now()
	}
	return n, err
}

// plainReader counts the bytes above TLS.
type plainReader struct{ c *Conn }

func (r plainReader) Read(p []byte) (int, error) {
	n, err := r.c.stream.Read(p)
	r.c.plain += int64(n)
	if n > 0 {
		r.c.heard = r.c.dialer.now()
	}
	return n, err
}
