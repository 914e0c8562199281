package prober

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// MaxConnections is how many connections one probe may open.
const MaxConnections = 64

// Network looks names up and opens connections, each step of it recorded. It is safe for the goroutines of one probe.
type Network struct {
	recorder  *Recorder
	module    *Module
	dialer    *wire.Dialer
	elsewhere *wire.Dialer // nil: hosts that a target names are not asked

	way *way // on which connections leave; nil: directly

	target      target.Target // the probe's
	certificate *Certificate  // nil without one

	mu          sync.Mutex
	connections int
}

// Endpoint is where a connection leads.
type Endpoint struct {
	Addr netip.AddrPort
	From *wire.Resolution // the look-up that gave the address
	Name string           // what the connection is for; it may differ from the name that was looked up
	TLS  *wire.TLS        // nil: none, or later
	// Elsewhere tells that a target named the host, not the configuration: policy is stricter there.
	Elsewhere bool
	// Own tells that it is the exporter's own name server, by its configuration or its machine's: policy is about targets.
	Own bool
}

// Endpoint is the first address of a target, over TLS where it is an https one.
func (n *Network) Endpoint(t target.Target, res *wire.Resolution) Endpoint {
	e := Endpoint{Addr: netip.AddrPortFrom(res.Addresses[0], t.Port), From: res, Name: t.Name}
	if t.Scheme == "https" {
		e.TLS = n.TLS(t)
	}
	return e
}

// TLS says how a handshake with a target is done, and what is accepted, by the module's settings.
func (n *Network) TLS(t target.Target) *wire.TLS {
	opts := n.module.TLS
	if opts.ServerName == "" || t.Name != n.target.Name { // server_name is of the probe's target alone
		opts.ServerName = t.Name
	}
	opts.Own = n.Own(t)
	return &opts
}

// Elsewhere tells whether hosts that a target names may be asked at all.
func (n *Network) Elsewhere() bool { return n.elsewhere != nil }

func (n *Network) dialerFor(elsewhere bool) (*wire.Dialer, error) {
	if !elsewhere {
		return n.dialer, nil
	}
	if n.elsewhere == nil {
		return nil, failure.New(failure.Policy, policy.AddressNotAllowed, "hosts that the target names are not asked")
	}
	return n.elsewhere, nil
}

// dialerTo is the dialer for an endpoint.
func (n *Network) dialerTo(e Endpoint) (*wire.Dialer, error) {
	if e.Own {
		own := *n.dialer
		own.Check, own.Acquire = nil, nil
		return &own, nil
	}
	return n.dialerFor(e.Elsewhere)
}

// Resolve looks a host up, as step "resolve" within step, or at the top where step is nil. No resolver appends a search
// domain to a host that ends with a dot.
func (n *Network) Resolve(ctx context.Context, step *Step, host string) (*wire.Resolution, error) {
	step = n.recorder.Within(step, "resolve")
	res, err := n.dialer.Resolve(ctx, host, n.module.Prefer)
	res.Name = strings.TrimSuffix(res.Name, ".") // as policy knows it
	if err != nil {
		step.Detail("%s", host)
		n.recorder.inVain(n.target.Name, res)
		return nil, step.End(err)
	}
	step.Detail("%s → %s", host, join(res.Addresses))
	if res.Dropped > 0 {
		step.Detail("%s → %s, and %d more that are not looked at", host, join(res.Addresses), res.Dropped)
	}
	step.End(nil)
	return res, nil
}

// Alias gives the name that host is an alias for; empty where it is none. It is a step "alias" within step.
func (n *Network) Alias(ctx context.Context, step *Step, host string) (string, error) {
	look := step.Step("alias")
	name, err := n.dialer.Alias(ctx, host)
	look.Detail("%s is no alias", host)
	if name != "" {
		look.Detail("%s is an alias for %s", host, name)
	}
	if failed := look.End(err); failed != nil {
		look.Detail("%s", host)
		return "", failed
	}
	return name, nil
}

// ResolveTarget looks the probe's target up, as step "resolve" at the top.
func (n *Network) ResolveTarget(ctx context.Context) (*wire.Resolution, error) {
	return n.Resolve(ctx, nil, n.target.Host)
}

// Absolute is a target's host as Resolve looks it up without search domains.
func Absolute(t target.Target) string {
	if t.Addr.IsValid() {
		return t.Host
	}
	return t.Host + "."
}

func join(addresses []netip.Addr) string {
	texts := make([]string, len(addresses))
	for i, a := range addresses {
		texts[i] = a.String()
	}
	return strings.Join(texts, ", ")
}

// Open opens a connection, as steps "connect" and, with TLS, "tls" within step; through a proxy "connect" has ProxySteps. The
// connection is recorded whatever happens; the caller closes it when err is nil.
func (n *Network) Open(ctx context.Context, step *Step, e Endpoint) (*wire.Conn, error) {
	e = e.bare()
	connect := step.Step("connect")
	conn, err := n.dial(ctx, connect, e)
	if conn != nil {
		n.recorder.connected(conn.Record)
		connect.On(conn)
		connect.Detail("%s", conn)
	}
	if failed := connect.End(err); failed != nil {
		if conn != nil {
			conn.Close()
		}
		return nil, err
	}
	if e.TLS == nil {
		return conn, nil
	}
	if err := n.Secure(step, conn, e.TLS); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// OpenBeside opens a connection beside those that the probe is about: it has no steps, no record, and no place in their
// number, so that the caller bounds how many there are. The caller closes it when err is nil.
func (n *Network) OpenBeside(ctx context.Context, e Endpoint) (*wire.Conn, error) {
	e = e.bare()
	dialer, err := n.dialerTo(e)
	if err != nil {
		return nil, err
	}
	conn, err := n.connect(ctx, n.recorder.beside(), dialer, 0, e)
	if err == nil && e.TLS != nil {
		err = conn.Handshake(e.TLS)
	}
	if err != nil {
		conn.Close() // it is there even so
		return nil, err
	}
	return conn, nil
}

// ShakesAtOnce tells whether an endpoint answers a handshake at once, be it by an alert, for ports that were to begin in clear
// text and say nothing. Its connection is beside the probe's, and leaves a tenth of the time.
func (n *Network) ShakesAtOnce(ctx context.Context, e Endpoint) bool {
	if end, limited := ctx.Deadline(); limited {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)*9/10)
		defer cancel()
	}
	conn, err := n.OpenBeside(ctx, e)
	if err != nil {
		return failure.Is(err, failure.TLS, "alert", "version") // it refuses, and in TLS
	}
	conn.Close()
	return true
}

// ResolveBeside looks a host up that a target named, without a step.
func (n *Network) ResolveBeside(ctx context.Context, host string) (*wire.Resolution, error) {
	dialer, err := n.dialerFor(true)
	if err != nil {
		return nil, err
	}
	return dialer.Resolve(ctx, host, n.module.Prefer)
}

func (n *Network) dial(ctx context.Context, step *Step, e Endpoint) (*wire.Conn, error) {
	if err := n.readable(e.TLS); err != nil {
		return nil, err
	}
	id, err := n.connectionID()
	if err != nil {
		return nil, err
	}
	dialer, err := n.dialerTo(e)
	if err != nil {
		return nil, err
	}
	return n.connect(ctx, step, dialer, id, e)
}

// connect connects to an endpoint, directly or through the module's proxy.
func (n *Network) connect(ctx context.Context, step *Step, dialer *wire.Dialer, id int, e Endpoint) (*wire.Conn, error) {
	if n.way == nil || e.Own {
		return dialer.Connect(ctx, id, e.Name, e.From, e.Addr)
	}
	conn, err := dialer.Aim(ctx, id, e.Name, e.From, e.Addr)
	if err != nil {
		return conn, err
	}
	return conn, n.way.lead(ctx, step, conn)
}

// Secure has the TLS handshake on a connection, as step "tls" within step. It leaves the connection open, also when it
// fails.
func (n *Network) Secure(step *Step, conn *wire.Conn, opts *wire.TLS) error {
	secure := step.Step("tls")
	secure.On(conn)
	if err := n.way.early(step, conn); err != nil {
		secure.End(err)
		return err
	}
	err := n.readable(opts)
	if err == nil {
		err = conn.Handshake(opts)
		secure.Detail("%s", tlsDetail(conn.Record.Secure))
	}
	secure.End(err)
	return err
}

func tlsDetail(s *wire.Secure) string {
	text := "no certificate seen"
	if len(s.Chain) > 0 {
		text = fmt.Sprintf("%s, certificate %s", s.Version, s.Chain[0].Title())
	}
	switch {
	case s.ShownUntil != nil:
		text += ", asks for a client's certificate and gets the exporter's"
	case s.AsksCertificate:
		text += ", asks for a client's certificate"
	}
	return text
}

// connectionID numbers the next connection, within the limit of a probe.
func (n *Network) connectionID() (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.connections >= MaxConnections {
		return 0, failure.New(failure.Policy, ReasonTooManyConnections, "a probe may open %d connections, and this one wants more", MaxConnections)
	}
	n.connections++
	return n.connections, nil
}
