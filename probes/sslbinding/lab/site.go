package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Scenario is a host with several doors: addresses that share one port, each with the certificates bound to it.
type Scenario struct {
	Name        string
	Description string
	Expect      Expectation
	Servers     []string // names of servers behind the balancer, for the module's addresses

	doors []door
}

// Expectation is what a probe by module ssl_binding should report.
type Expectation struct {
	Failure string // stage/reason; empty for success
	Finding string // the code of a finding that must be there; empty for none at all
}

// door is one listener. Names that Bind leaves out get the certificate of "", and where that is missing too, a reset
// without a word: http.sys has nothing bound there.
type door struct {
	address string
	server  string            // the name that leads here; empty for the service's own
	bind    map[string]string // name in SNI, in lower case, to a certificate of certificates
	closed  bool              // nothing listens
	newest  uint16            // TLS version; 0 for the newest
}

// The doors' addresses. All of 127.0.0.0/8 is loopback on Linux.
const (
	four    = "127.0.0.1"
	six     = "::1"
	server1 = "127.0.0.2"
	server2 = "127.0.0.3"
)

// Bounds of what a door serves: connections at once, and how long and how many bytes each of them may take.
const (
	maxConnections = 128
	maxHeld        = 2 * time.Minute
	maxRead        = 1 << 20
)

// always binds one certificate whatever the client asks for.
func always(certificate string) map[string]string { return map[string]string{"": certificate} }

// certificates are what can be bound.
func certificates(a *lab.Authority) (map[string]*tls.Certificate, error) {
	now := time.Now()
	all := map[string]*tls.Certificate{}
	for key, c := range map[string]struct {
		until time.Time
		names []string
	}{
		"mail":     {now.AddDate(0, 6, 0), lab.Names()},
		"old":      {now.AddDate(0, 1, 0), lab.Names()},
		"expired":  {now.AddDate(0, 0, -1), lab.Names()},
		"expiring": {now.AddDate(0, 0, 5), lab.Names()},
		"other":    {now.AddDate(0, 6, 0), []string{"intranet.contoso.test"}},
		"default":  {now.AddDate(0, 6, 0), []string{"ex01.contoso.test"}},
	} {
		issued, err := a.Issue(c.until, c.names...)
		if err != nil {
			return nil, err
		}
		all[key] = &issued
	}
	return all, nil
}

// Site is a running scenario. It is a resolver of its own names too (LookupNetIP), because one name must lead to several of
// its doors.
type Site struct {
	Scenario
	Port         uint16 // of all doors
	Authority    *lab.Authority
	Certificates map[string]*tls.Certificate // what may be bound, by the lab's own keys

	meter  lab.Meter
	serves sync.WaitGroup
	cancel context.CancelFunc
}

// Start runs a scenario until Close, or until ctx ends. It fails where the machine lacks an address: IPv6, or
// other addresses of 127.0.0.0/8 than the first.
func Start(ctx context.Context, s Scenario) (*Site, error) {
	authority, err := lab.NewAuthority()
	if err != nil {
		return nil, err
	}
	b := &Site{Scenario: s, Authority: authority}
	if b.Certificates, err = certificates(authority); err != nil {
		return nil, err
	}
	var listeners []net.Listener
	for range 20 { // until a port is free at all doors
		if listeners, err = b.listen(ctx); err == nil {
			break
		}
		closeListeners(listeners)
	}
	if err != nil {
		return nil, fmt.Errorf("starting the lab's scenario %s: %w", s.Name, err)
	}
	ctx, b.cancel = context.WithCancel(ctx)
	b.serves.Go(func() {
		<-ctx.Done()
		closeListeners(listeners)
	})
	for i, l := range listeners {
		b.serves.Go(func() { b.accept(ctx, l, b.open()[i]) })
	}
	return b, nil
}

// open are the doors at which something listens.
func (s *Scenario) open() []door {
	return slices.DeleteFunc(slices.Clone(s.doors), func(d door) bool { return d.closed })
}

// Families tells which families the scenario needs.
func (s *Scenario) Families() (ip4, ip6 bool) {
	for _, d := range s.doors {
		v6 := strings.Contains(d.address, ":")
		ip4, ip6 = ip4 || !v6, ip6 || v6
	}
	return ip4, ip6
}

// listen opens the doors, all on the port that the first one gets.
func (b *Site) listen(ctx context.Context) (listeners []net.Listener, err error) {
	var config net.ListenConfig
	b.Port = 0
	for _, d := range b.open() {
		l, err := config.Listen(ctx, "tcp", net.JoinHostPort(d.address, fmt.Sprint(b.Port)))
		if err != nil {
			return listeners, err
		}
		listeners = append(listeners, l)
		address, err := netip.ParseAddrPort(l.Addr().String())
		if err != nil {
			return listeners, err
		}
		b.Port = address.Port()
	}
	return listeners, nil
}

func closeListeners(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

// accept serves a door, maxConnections at once, until its listener is closed.
func (b *Site) accept(ctx context.Context, l net.Listener, d door) {
	slots := make(chan struct{}, maxConnections)
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) || ctx.Err() != nil {
			return
		}
		if err != nil { // out of file descriptors, most likely, which passes
			time.Sleep(10 * time.Millisecond)
			continue
		}
		slots <- struct{}{}
		b.serves.Go(func() {
			defer func() { <-slots }()
			b.serve(ctx, conn, d)
		})
	}
}

// serve has the handshake, and waits for the client to end the connection.
func (b *Site) serve(ctx context.Context, conn net.Conn, d door) {
	defer b.meter.Connection()()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(maxHeld))
	secure := tls.Server(conn, &tls.Config{ //nolint:gosec // a scenario may be about old servers
		MinVersion: tls.VersionTLS10,
		MaxVersion: d.newest,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			key, ok := d.bind[hello.ServerName]
			if !ok {
				key = d.bind[""]
			}
			if c := b.Certificates[key]; c != nil {
				return c, nil
			}
			return nil, lab.Reset(&lab.Conn{Conn: conn}) // before crypto/tls says anything
		},
	})
	if secure.HandshakeContext(ctx) == nil {
		_, _ = io.CopyN(io.Discard, secure, maxRead)
	}
}

// LookupNetIP gives the addresses of the scenario's names.
func (b *Site) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	var found []netip.Addr
	for _, d := range b.doors {
		a := netip.MustParseAddr(d.address)
		right := d.server == host || d.server == "" && host == lab.Service
		if right && (network == "ip" || (network == "ip4") == a.Is4()) {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return found, nil
}

// Cost is what the scenario was cost so far, at all its doors.
func (b *Site) Cost() lab.Cost { return b.meter.Read() }

// Close ends the scenario: no socket and no goroutine of it is left.
func (b *Site) Close() {
	b.cancel()
	b.serves.Wait()
}
