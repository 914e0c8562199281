package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Scenario is a mail domain with its hosts, its service record, and what its servers answer.
type Scenario struct {
	Name        string
	Description string
	Settings    string // of module autodiscover beside the address, as a YAML flow mapping's inside
	Expect      Expectation

	hosts       map[string]endpoint // over https, by name
	plain       map[string]endpoint // over http
	holes       []string            // that take connections, and say nothing
	certificate []string            // what the certificate of every host is for; nil for the host itself
	strangers   []string            // hosts whose certificate is for a hoster's own name
	service     string              // the target of the service record, and its port where it is not that of https; empty for none
	direct      bool                // the autodiscover host is asked itself
	logon       []string            // hosts that may be logged on at, as the auth's targets; nil for all
	policy      string              // of the exporter; empty for that of all cases
	forgotten   bool                // the first look-up of the autodiscover host does not find it
}

// Expectation is what a probe by module autodiscover should report.
type Expectation struct {
	Failure  string   // stage/reason; empty for success
	Findings []string // the codes of all findings, sorted
}

const (
	autodHost = "autodiscover." + lab.MailDomain
	portMark  = ":PORT" // stands for the port of https in what is answered
	loopback  = "127.0.0.1"
)

// endpoint answers a request on the nth connection to its host.
type endpoint func(w http.ResponseWriter, r *http.Request, n int)

// Site is a running scenario. It is a resolver of its names too (LookupNetIP).
type Site struct {
	Scenario
	HTTPS, HTTP uint16 // ports
	Nameserver  string // address and port of the server that has the service record
	Authority   *lab.Authority

	front    *lab.Front
	serves   sync.WaitGroup
	cancel   context.CancelFunc
	mu       sync.Mutex
	opened   map[string]*atomic.Int64 // connections by what they began with
	issued   map[string]*tls.Certificate
	secrets  atomic.Int64
	relative atomic.Int64 // look-ups of names without a dot at their end
	lookedUp atomic.Int64 // look-ups of the autodiscover host
}

// Secrets counts the requests over http, or under a certificate for another name, that carried an Authorization.
func (a *Site) Secrets() int64 { return a.secrets.Load() }

// Start runs a scenario until Close, or until ctx ends.
func Start(ctx context.Context, s Scenario) (*Site, error) {
	authority, err := lab.NewAuthority()
	if err != nil {
		return nil, err
	}
	a := &Site{
		Scenario: s, Authority: authority, opened: map[string]*atomic.Int64{}, issued: map[string]*tls.Certificate{},
		front: lab.NewFront(),
	}
	ctx, a.cancel = context.WithCancel(ctx)
	if err := a.start(ctx); err != nil {
		a.Close()
		return nil, fmt.Errorf("starting the lab's scenario %s: %w", s.Name, err)
	}
	return a, nil
}

func (a *Site) start(ctx context.Context) error {
	for _, port := range []*uint16{&a.HTTPS, &a.HTTP} {
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", loopback+":0")
		if err != nil {
			return err
		}
		*port = netip.MustParseAddrPort(l.Addr().String()).Port()
		secure := port == &a.HTTPS
		if secure {
			l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				if slices.Contains(a.holes, hello.ServerName) {
					_, _ = io.Copy(io.Discard, hello.Conn) // until the client gives up
				}
				return a.certificateFor(hello.ServerName)
			}})
		}
		server := a.server(secure)
		a.serves.Go(func() { _ = server.Serve(l) }) // ends with Close, never by itself
		a.serves.Go(func() {
			<-ctx.Done()
			_ = server.Close()
		})
	}
	return a.serveNames(ctx)
}

func (a *Site) certificateFor(name string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	names := a.certificate
	switch {
	case slices.Contains(a.strangers, name):
		names = []string{"*.hoster.example"}
	case names == nil:
		names = []string{name}
	}
	if a.issued[name] == nil {
		c, err := a.Authority.Issue(time.Now().AddDate(0, 6, 0), names...)
		if err != nil {
			return nil, err
		}
		a.issued[name] = &c
	}
	return a.issued[name], nil
}

// numberKey is where a connection keeps its number at its host.
type numberKey struct{}

func (a *Site) server(secure bool) *http.Server {
	server := a.front.Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(r.Host, ":")
		if r.Header.Get("Authorization") != "" && (!secure || a.certificate != nil || slices.Contains(a.strangers, host)) {
			a.secrets.Add(1)
		}
		hosts := a.hosts
		if !secure {
			hosts = a.plain
		}
		answer := hosts[host]
		if answer == nil {
			answer = answering(http.StatusNotFound, "")
		}
		answer(&ported{w, a.HTTPS}, r, a.number(r, fmt.Sprint(secure, host, r.Method, r.URL.Path)))
	}))
	remember := server.ConnContext
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(remember(ctx, conn), numberKey{}, new(atomic.Int64))
	}
	return server
}

// number is that of the request's connection, counting from 0, among those that began by asking for the same, so that
// what a probe sees does not depend on the order of its methods.
func (a *Site) number(r *http.Request, what string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := r.Context().Value(numberKey{}).(*atomic.Int64) //nolint:forcetypeassert // ConnContext puts it there
	if n.Load() == 0 {
		if a.opened[what] == nil {
			a.opened[what] = new(atomic.Int64)
		}
		n.Store(a.opened[what].Add(1))
	}
	return int(n.Load()) - 1
}

// serveNames serves the service record, over UDP and TCP.
func (a *Site) serveNames(ctx context.Context) error {
	var config net.ListenConfig
	udp, err := config.ListenPacket(ctx, "udp", loopback+":0")
	if err != nil {
		return err
	}
	a.Nameserver = udp.LocalAddr().String()
	server := &dns.Server{PacketConn: udp, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		reply := new(dns.Msg)
		reply.SetReply(q)
		name := "_autodiscover._tcp." + lab.MailDomain + "."
		if a.service != "" && len(q.Question) == 1 && strings.EqualFold(q.Question[0].Name, name) {
			host, port, other := strings.Cut(a.service, ":")
			record := &dns.SRV{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeSRV, Class: dns.ClassINET, Ttl: 60}, Port: a.HTTPS, Target: dns.Fqdn(host)}
			if n, err := strconv.ParseUint(port, 10, 16); other && err == nil {
				record.Port = uint16(n)
			}
			reply.Answer = []dns.RR{record}
		} else {
			reply.Rcode = dns.RcodeNameError
		}
		_ = w.WriteMsg(reply) // a client that went away misses nothing
	})}
	a.serves.Go(func() { _ = server.ActivateAndServe() })
	a.serves.Go(func() {
		<-ctx.Done()
		_ = udp.Close()
	})
	return nil
}

// LookupNetIP gives the address of the scenario's names.
func (a *Site) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if !strings.HasSuffix(host, ".") {
		a.relative.Add(1)
	}
	names := slices.Concat(slices.Collect(maps.Keys(a.hosts)), slices.Collect(maps.Keys(a.plain)), a.holes)
	name := strings.TrimSuffix(host, ".")
	lost := a.forgotten && name == autodHost && a.lookedUp.Add(1) == 1
	if slices.Contains(names, name) && !lost {
		return []netip.Addr{netip.MustParseAddr(loopback)}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// Relative counts the look-ups of names to which a resolver might have appended a search domain.
func (a *Site) Relative() int64 { return a.relative.Load() }

// Cost is what the scenario was cost so far, over all its hosts.
func (a *Site) Cost() lab.Cost { return a.front.Cost() }

// Close ends the scenario: no socket and no goroutine of it is left.
func (a *Site) Close() {
	a.cancel()
	a.serves.Wait()
}
