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
)

// BindingScenario is a host with several doors: addresses that share one port, each with the certificates bound to it.
type BindingScenario struct {
	Name        string
	Description string
	Expect      BindingExpectation
	Servers     []string // names of servers behind the balancer, for the module's addresses

	doors []door
}

// BindingExpectation is what a probe by module ssl_binding should report.
type BindingExpectation struct {
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

// Service is the name that clients of every binding scenario use.
const Service = "mail.contoso.test"

// The doors' addresses. All of 127.0.0.0/8 is loopback on Linux.
const (
	four    = "127.0.0.1"
	six     = "::1"
	server1 = "127.0.0.2"
	server2 = "127.0.0.3"
)

// always binds one certificate whatever the client asks for.
func always(certificate string) map[string]string { return map[string]string{"": certificate} }

// BindingScenarios is the table of all of them.
func BindingScenarios() []BindingScenario {
	return []BindingScenario{
		{
			Name: "bindings-right", Description: "One certificate on both families, with and without SNI.",
			doors: []door{{address: four, bind: always("mail")}, {address: six, bind: always("mail")}},
		},
		{
			Name: "bindings-families-differ", Description: "A renewed certificate was bound to 0.0.0.0:443, and [::]:443 was forgotten.",
			Expect: BindingExpectation{Finding: "binding_families_differ"},
			doors:  []door{{address: four, bind: always("mail")}, {address: six, bind: always("old")}},
		},
		{
			Name: "bindings-ipv6-missing", Description: "Nothing is bound to [::]:443: the intranet works, IPv6 clients get a reset.",
			Expect: BindingExpectation{Failure: "tls/reset", Finding: "binding_missing"},
			doors:  []door{{address: four, bind: always("mail")}, {address: six}},
		},
		{
			Name: "bindings-sni-only", Description: "A binding for the name alone: clients without SNI get a reset.",
			Expect: BindingExpectation{Finding: "binding_sni_differs"},
			doors:  []door{{address: four, bind: map[string]string{Service: "mail"}}},
		},
		{
			Name: "bindings-default-differs", Description: "Without SNI the server's self-signed kind of certificate comes, as on many healthy sites.",
			Expect: BindingExpectation{Finding: "binding_sni_differs"},
			doors:  []door{{address: four, bind: map[string]string{Service: "mail", "": "default"}}},
		},
		{
			Name: "bindings-server-differs", Description: "The balancer and one of two servers show different certificates: Extended Protection breaks logons.",
			Expect:  BindingExpectation{Finding: "binding_server_differs"},
			Servers: []string{"ex01.contoso.test", "ex02.contoso.test"},
			doors: []door{
				{address: four, bind: always("mail")},
				{address: server1, server: "ex01.contoso.test", bind: always("mail")},
				{address: server2, server: "ex02.contoso.test", bind: always("old")},
			},
		},
		{
			Name: "bindings-expired", Description: "The certificate expired yesterday.",
			Expect: BindingExpectation{Failure: "tls/certificate_expired", Finding: "certificate_expiring"},
			doors:  []door{{address: four, bind: always("expired")}},
		},
		{
			Name: "bindings-expiring", Description: "The certificate expires in five days.",
			Expect: BindingExpectation{Finding: "certificate_expiring"},
			doors:  []door{{address: four, bind: always("expiring")}},
		},
		{
			Name: "bindings-wrong-name", Description: "The certificate is another service's.",
			Expect: BindingExpectation{Failure: "tls/certificate_name", Finding: "binding_name_not_covered"},
			doors:  []door{{address: four, bind: always("other")}},
		},
		{
			Name: "bindings-dead-address", Description: "Two addresses, and nothing listens at one: the other is seen all the same.",
			Expect: BindingExpectation{Failure: "connect/refused"},
			doors:  []door{{address: server1, closed: true}, {address: four, bind: always("mail")}},
		},
		{
			Name: "bindings-old-tls", Description: "A server that knows TLS 1.0 at most.",
			Expect: BindingExpectation{Finding: "tls_version_old"},
			doors:  []door{{address: four, bind: always("mail"), newest: tls.VersionTLS10}},
		},
	}
}

// certificates are what can be bound.
func (a *Authority) certificates() (map[string]*tls.Certificate, error) {
	now := time.Now()
	all := map[string]*tls.Certificate{}
	for key, c := range map[string]struct {
		until time.Time
		names []string
	}{
		"mail":     {now.AddDate(0, 6, 0), Names()},
		"old":      {now.AddDate(0, 1, 0), Names()},
		"expired":  {now.AddDate(0, 0, -1), Names()},
		"expiring": {now.AddDate(0, 0, 5), Names()},
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

// Bindings is a running binding scenario. It is a resolver of its own names too (LookupNetIP), because one name must
// lead to several of its doors.
type Bindings struct {
	BindingScenario
	Port         uint16 // of all doors
	Authority    *Authority
	Certificates map[string]*tls.Certificate // what may be bound, by the lab's own keys

	meter  meter
	serves sync.WaitGroup
	cancel context.CancelFunc
}

// StartBindings runs a scenario until Close, or until ctx ends. It fails where the machine lacks an address: IPv6, or
// other addresses of 127.0.0.0/8 than the first.
func StartBindings(ctx context.Context, s BindingScenario) (*Bindings, error) {
	authority, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	b := &Bindings{BindingScenario: s, Authority: authority}
	if b.Certificates, err = authority.certificates(); err != nil {
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
func (s *BindingScenario) open() []door {
	return slices.DeleteFunc(slices.Clone(s.doors), func(d door) bool { return d.closed })
}

// Families tells which families the scenario needs.
func (s *BindingScenario) Families() (ip4, ip6 bool) {
	for _, d := range s.doors {
		v6 := strings.Contains(d.address, ":")
		ip4, ip6 = ip4 || !v6, ip6 || v6
	}
	return ip4, ip6
}

// listen opens the doors, all on the port that the first one gets.
func (b *Bindings) listen(ctx context.Context) (listeners []net.Listener, err error) {
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
func (b *Bindings) accept(ctx context.Context, l net.Listener, d door) {
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
func (b *Bindings) serve(ctx context.Context, conn net.Conn, d door) {
	defer b.meter.connection()()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(maxRequest))
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
			return nil, reset(conn) // before crypto/tls says anything
		},
	})
	if secure.HandshakeContext(ctx) == nil {
		_, _ = io.CopyN(io.Discard, secure, maxBody)
	}
}

// LookupNetIP gives the addresses of the scenario's names.
func (b *Bindings) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	var found []netip.Addr
	for _, d := range b.doors {
		a := netip.MustParseAddr(d.address)
		right := d.server == host || d.server == "" && host == Service
		if right && (network == "ip" || (network == "ip4") == a.Is4()) {
			found = append(found, a)
		}
	}
	if len(found) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return found, nil
}

// Close ends the scenario: no socket and no goroutine of it is left.
func (b *Bindings) Close() {
	b.cancel()
	b.serves.Wait()
}
