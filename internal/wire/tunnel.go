package wire

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Hop records the connection to a proxy on the way out, and how long it took to lead on.
type Hop struct {
	*Connection
	Tunnel *Span `json:"tunnel,omitempty"` // from the last CONNECT to the head of its answer, or until waiting for that ended
}

// Aim prepares a connection to an address that a proxy is to lead to: the address is checked and its place taken, as Connect
// does, and nothing is sent. It gives a Conn even when it fails, for its Record; Close must be called either way. Errors are
// what Check and Acquire gave.
func (d *Dialer) Aim(ctx context.Context, id int, name string, resolution *Resolution, address netip.AddrPort) (*Conn, error) {
	c := &Conn{
		Record: &Connection{ID: id, Name: name, Address: address, Resolve: resolution.Span},
		dialer: d,
		ctx:    ctx,
	}
	if d.Check != nil {
		if err := d.Check(resolution.Name, address); err != nil {
			return c, err
		}
	}
	if d.Acquire != nil {
		release, err := d.Acquire(ctx, address.Addr())
		if err != nil {
			return c, err
		}
		c.cleanup = append(c.cleanup, release)
	}
	return c, nil
}

// By notes that c, which Aim prepared, goes through the proxy that hop is connected to, or was to be. Its time of connecting
// is the proxy's: nothing here sees how long the proxy's own way on takes but by the tunnel. The proxy's connection ends with c.
func (c *Conn) By(hop *Conn) {
	c.Record.Proxy = &Hop{Connection: hop.Record}
	c.Record.Connect = hop.Record.Connect
	c.cleanup = append(c.cleanup, hop.Close)
}

// Ask sends the proxy a request to lead on (CONNECT, RFC 9110 section 9.3.6) and reads its final answer, whose head must have
// come whole by then, and of one that is no success at most limit bytes of its body. What came of the body before it broke off is given without an
// error. Errors are failures of stages send and receive.
func (c *Conn) Ask(req *Request, until time.Time, limit int64) (*Dialogue, []byte, error) {
	x := c.Begin(req)
	if err := x.SendAll(); err != nil {
		return x, nil, err
	}
	for x.Record.Final == nil {
		r, err := x.Await(until)
		if err != nil {
			return x, nil, err
		}
		if r == nil {
			return x, nil, failure.New(failure.Receive, "timeout", "wait for a response from %s: %s", c, c.silence(x.gaveUp(nil)))
		}
	}
	if x.Record.Final.Status/100 == 2 { // what follows is the tunnel's, whatever the head says of a body
		return x, nil, nil
	}
	x.until = until
	body, _ := x.readBody(limit)
	x.count()
	return x, body, nil
}

// Enter makes c go through the tunnel that hop was asked for: what is sent and read from here on passes the proxy.
func (c *Conn) Enter(hop *Conn) {
	c.attach(&tunnel{hop.stream, hop})
	c.hop = hop
}

// Early counts the bytes that came with the proxy's answer, as long as nothing was said and heard through the tunnel, and gives what
// the proxy was asked by. 0 where there is no proxy.
func (c *Conn) Early() (bytes int, asked *Dialogue) {
	if c.hop == nil || c.raw.sent+c.raw.received > 0 {
		return 0, nil
	}
	return c.hop.reader.Buffered(), c.hop.last
}

// tunnel is what a proxy passes on.
type tunnel struct {
	net.Conn // to the proxy, over TLS where that is an https one
	hop      *Conn
}

// Read gives what came behind the proxy's answer first.
func (t *tunnel) Read(p []byte) (int, error) { return t.hop.in().Read(p) }

// Close ends the connection below TLS, so that it waits for nobody and may be called while something is sent.
func (t *tunnel) Close() error { return t.hop.raw.Conn.Close() }

// ReasonTunnel is that of stage connect where a proxy says that it leads on, and nothing comes of the target.
const ReasonTunnel = "proxy_tunnel"

// ledNowhere is the failure of a connection through a proxy that ended, or stayed silent, before a byte had come; nil for any
// other. Some proxies say that they lead on before they have reached the target, so it shows of neither that it is there.
func (c *Conn) ledNowhere(reason string, err error) *failure.Failure {
	if c.Record.Proxy == nil || c.raw.received > 0 {
		return nil
	}
	became := map[string]string{"closed": "ended", "reset": "was reset", "timeout": "stayed silent within the time limit"}[reason]
	if became == "" {
		return nil
	}
	return failure.New(failure.Connect, ReasonTunnel, "the module's proxy said that it leads on, and the connection to %s %s before a byte had come: what the target had to do with that does not show (%w)", c, became, err)
}
