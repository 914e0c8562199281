package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// AutodiscoverScenario is a mail domain with its hosts, its service record, and what its servers answer.
type AutodiscoverScenario struct {
	Name        string
	Description string
	Settings    string // of module autodiscover beside the address, as a YAML flow mapping's inside
	Expect      AutodiscoverExpectation

	hosts       map[string]endpoint // over https, by name
	plain       map[string]endpoint // over http
	holes       []string            // that take connections, and say nothing
	certificate []string            // what the certificate of every host is for; nil for the host itself
	service     string              // the host of the service record; empty for none
}

// AutodiscoverExpectation is what a probe by module autodiscover should report.
type AutodiscoverExpectation struct {
	Failure  string   // stage/reason; empty for success
	Findings []string // the codes of all findings, sorted
}

// The mail domain of every autodiscover scenario, and an address in it.
const (
	MailDomain  = "contoso.test"
	MailAddress = "probe@" + MailDomain
	autodHost   = "autodiscover." + MailDomain
	portMark    = ":PORT" // stands for the port of https in what is answered
)

// AutodiscoverScenarios is the table of all of them.
func AutodiscoverScenarios() []AutodiscoverScenario {
	good := map[string]endpoint{autodHost: pool(settings(Service)), Service: pool(settings(Service))}
	website := answering(http.StatusNotFound, "<h1>Not found</h1>")
	expect := `expect: {EXPR.EwsUrl: "https://` + Service + portMark + `/EWS/Exchange.asmx"}`
	return []AutodiscoverScenario{
		{
			Name: "autodiscover-healthy", Description: "Two servers behind a balancer give the same answer.",
			Settings: expect + ", methods: [pox, soap, json, get], follow_up: true", hosts: good,
		},
		{
			Name: "autodiscover-flapping", Description: "Every other connection is answered with a bare 400, which no server logs.",
			Settings: "attempts: 4",
			Expect:   AutodiscoverExpectation{"status/unexpected_status", []string{"answered_by_middlebox", "autodiscover_intermittent"}},
			hosts:    map[string]endpoint{autodHost: flapping(pool(settings(Service)))},
		},
		{
			Name: "autodiscover-wrong-url", Description: "One of two servers returns another site's URLs.",
			Settings: expect,
			Expect:   AutodiscoverExpectation{"content/wrong_url", []string{"autodiscover_answers_differ", "autodiscover_wrong_url"}},
			hosts:    map[string]endpoint{autodHost: pool(settings(Service), settings("anywhere.fabrikam.test"))},
		},
		{
			Name: "autodiscover-redirect-chain", Description: "A plain http redirect leads to a server that redirects by its answer.",
			hosts: map[string]endpoint{
				MailDomain: website, autodHost: website,
				"redirect.contoso.test": pool(redirectURL("https://" + Service + portMark + "/autodiscover/autodiscover.xml")),
				Service:                 pool(settings(Service)),
			},
			plain: map[string]endpoint{autodHost: goTo("https://redirect.contoso.test" + portMark + "/autodiscover/autodiscover.xml")},
		},
		{
			Name: "autodiscover-srv", Description: "The service record alone leads to the server.",
			hosts: map[string]endpoint{Service: pool(settings(Service))}, service: Service,
		},
		{
			Name: "autodiscover-black-hole", Description: "The mail domain's own host takes connections and says nothing; the next way answers all the same.",
			Settings: "attempts: 1", hosts: good, holes: []string{MailDomain},
		},
		{
			Name: "autodiscover-redirect-outside", Description: "The plain http redirect leads to somebody else's host.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"policy/redirect_not_allowed", []string{"autodiscover_redirect_not_allowed"}},
			plain:    map[string]endpoint{autodHost: goTo("https://autodiscover.fabrikam.test/autodiscover/autodiscover.xml")},
		},
		{
			Name: "autodiscover-online", Description: "The mailbox has moved: the answer leads to Exchange Online, which is healthy.",
			Expect: AutodiscoverExpectation{"", []string{"autodiscover_redirect_not_allowed"}},
			hosts:  map[string]endpoint{autodHost: pool(redirectAddress("probe@contoso.mail.onmicrosoft.com"))},
		},
		{
			Name: "autodiscover-certificate", Description: "The certificate does not cover autodiscover.contoso.test, and no secret is sent.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"tls/certificate_name", []string{"autodiscover_certificate_name"}},
			hosts:    good, certificate: []string{"intranet.contoso.test"},
		},
		{
			Name: "autodiscover-json-blocked", Description: "A filter rule refuses autodiscover.json, and lets everything else through.",
			Settings: "methods: [json, get], attempts: 1",
			Expect:   AutodiscoverExpectation{"status/unexpected_status", []string{"autodiscover_json_blocked"}},
			hosts:    map[string]endpoint{autodHost: filtered(pool(settings(Service)))},
		},
		{
			Name: "autodiscover-loop", Description: "An answer redirects to where it came from.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"content/redirect_loop", nil},
			hosts:    map[string]endpoint{autodHost: pool(redirectURL("https://" + autodHost + portMark + "/Autodiscover/Autodiscover.xml"))},
		},
		{
			Name: "autodiscover-unknown-address", Description: "The service does not know the address, and says so with status 200.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"content/service_error", nil},
			hosts:    map[string]endpoint{autodHost: pool(serviceError("500", "The email address can't be found."))},
		},
		{
			Name: "autodiscover-bare", Description: "The mail domain's own host is Exchange; without leave it is sent no secret.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"auth/logon_required", nil},
			hosts:    map[string]endpoint{MailDomain: pool(settings(Service))},
		},
		{
			Name: "autodiscover-black-holes", Description: "Every host that clients try first takes connections and says nothing.",
			Settings: "attempts: 1", hosts: map[string]endpoint{Service: pool(settings(Service))}, holes: []string{MailDomain, autodHost}, service: Service,
			plain: map[string]endpoint{autodHost: silent},
		},
		{
			Name: "autodiscover-anonymous", Description: "A server that asks nobody for a logon, and ends the connection after each answer.",
			Settings: "attempts: 1",
			hosts:    map[string]endpoint{autodHost: anonymous(settings(Service))},
		},
		{
			Name: "autodiscover-address", Description: "The answer sends the look-up on to another address of the mail domain.",
			Settings: "attempts: 1",
			hosts: map[string]endpoint{
				autodHost:                        pool(redirectAddress("probe@sub." + MailDomain)),
				"autodiscover.sub." + MailDomain: pool(settings(Service)),
			},
		},
		{
			Name: "autodiscover-srv-outside", Description: "The service record leads to somebody else's host.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"policy/redirect_not_allowed", []string{"autodiscover_redirect_not_allowed"}},
			service:  "autodiscover.fabrikam.test",
		},
		{
			Name: "autodiscover-form", Description: "A portal shows its logon form where the answer is due.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"content/not_autodiscover", nil},
			hosts:    map[string]endpoint{autodHost: answering(http.StatusOK, "<html><form>Please log on</form></html>")},
		},
		{
			Name: "autodiscover-truncated", Description: "The answer breaks off in its midst.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"content/truncated", nil},
			hosts:    map[string]endpoint{autodHost: answering(http.StatusOK, poxBegin+"<Response><Account>")},
		},
		{
			Name: "autodiscover-json-redirect", Description: "autodiscover.json sends the look-up on to another host of the mail domain.",
			Settings: "methods: [json, soap], attempts: 1",
			hosts: map[string]endpoint{
				autodHost: goTo("https://" + Service + portMark + "/autodiscover/autodiscover.json?Email=probe%40contoso.test&Protocol=EWS&RedirectCount=1"),
				Service:   pool(settings(Service)),
			},
		},
		{
			Name: "autodiscover-ews-gone", Description: "The EWS URL that is returned leads to a host that is gone.",
			Settings: "attempts: 1, follow_up: true",
			Expect:   AutodiscoverExpectation{"", []string{"autodiscover_ews_unreachable"}},
			hosts:    map[string]endpoint{autodHost: pool(settings("gone." + MailDomain))},
		},
		{
			Name: "autodiscover-ews-post-only", Description: "The EWS URL that is returned leads to a server that knows no GET there, and says nowhere who it is.",
			Settings: "attempts: 1, follow_up: true",
			hosts:    map[string]endpoint{autodHost: pool(settings(Service)), Service: postOnly},
		},
		{
			Name: "autodiscover-chunk-missing", Description: "The answer is whole, and its last chunk is missing: no client takes it.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"receive/closed", nil},
			hosts:    map[string]endpoint{autodHost: pool(cut(settings(Service), false))},
		},
		{
			Name: "autodiscover-length-too-long", Description: "The answer is whole, and shorter than its Content-Length says.",
			Settings: "attempts: 1",
			Expect:   AutodiscoverExpectation{"receive/closed", nil},
			hosts:    map[string]endpoint{autodHost: pool(cut(settings(Service), true))},
		},
	}
}

// endpoint answers a request on the nth connection to its host.
type endpoint func(w http.ResponseWriter, r *http.Request, n int)

// Autodiscover is a running scenario. It is a resolver of its names too (LookupNetIP).
type Autodiscover struct {
	AutodiscoverScenario
	HTTPS, HTTP uint16 // ports
	Nameserver  string // address and port of the server that has the service record
	Authority   *Authority

	origin   *exchange
	serves   sync.WaitGroup
	cancel   context.CancelFunc
	mu       sync.Mutex
	opened   map[string]*atomic.Int64 // connections by what they began with
	issued   map[string]*tls.Certificate
	secrets  atomic.Int64
	relative atomic.Int64 // look-ups of names without a dot at their end
}

// Secrets counts the requests over http, or under a certificate for another name, that carried an Authorization.
func (a *Autodiscover) Secrets() int64 { return a.secrets.Load() }

// StartAutodiscover runs a scenario until Close, or until ctx ends.
func StartAutodiscover(ctx context.Context, s AutodiscoverScenario) (*Autodiscover, error) {
	authority, err := NewAuthority()
	if err != nil {
		return nil, err
	}
	a := &Autodiscover{
		AutodiscoverScenario: s, Authority: authority, opened: map[string]*atomic.Int64{}, issued: map[string]*tls.Certificate{},
		origin: &exchange{logon: windows, password: Password},
	}
	ctx, a.cancel = context.WithCancel(ctx)
	if err := a.start(ctx); err != nil {
		a.Close()
		return nil, fmt.Errorf("starting the lab's scenario %s: %w", s.Name, err)
	}
	return a, nil
}

func (a *Autodiscover) start(ctx context.Context) error {
	for _, port := range []*uint16{&a.HTTPS, &a.HTTP} {
		var config net.ListenConfig
		l, err := config.Listen(ctx, "tcp", four+":0")
		if err != nil {
			return err
		}
		*port = netip.MustParseAddrPort(l.Addr().String()).Port()
		secure := port == &a.HTTPS
		if secure {
			l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				if slices.Contains(a.holes, hello.ServerName) {
					<-ctx.Done()
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

func (a *Autodiscover) certificateFor(name string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	names := a.certificate
	if names == nil {
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

func (a *Autodiscover) server(secure bool) *http.Server {
	server := a.origin.server()
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(a.origin.remember(ctx, conn), numberKey{}, new(atomic.Int64))
	}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := strings.Cut(r.Host, ":")
		if r.Header.Get("Authorization") != "" && (!secure || a.certificate != nil) {
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
	})
	a.origin.meter.count(server)
	return server
}

// number is that of the request's connection, counting from 0, among those that began by asking for the same, so that
// what a probe sees does not depend on the order of its methods.
func (a *Autodiscover) number(r *http.Request, what string) int {
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
func (a *Autodiscover) serveNames(ctx context.Context) error {
	var config net.ListenConfig
	udp, err := config.ListenPacket(ctx, "udp", four+":0")
	if err != nil {
		return err
	}
	a.Nameserver = udp.LocalAddr().String()
	server := &dns.Server{PacketConn: udp, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		reply := new(dns.Msg)
		reply.SetReply(q)
		name := "_autodiscover._tcp." + MailDomain + "."
		if a.service != "" && len(q.Question) == 1 && strings.EqualFold(q.Question[0].Name, name) {
			reply.Answer = []dns.RR{&dns.SRV{
				Hdr:  dns.RR_Header{Name: name, Rrtype: dns.TypeSRV, Class: dns.ClassINET, Ttl: 60},
				Port: a.HTTPS, Target: a.service + ".",
			}}
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
func (a *Autodiscover) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if !strings.HasSuffix(host, ".") {
		a.relative.Add(1)
	}
	names := slices.Concat(slices.Collect(maps.Keys(a.hosts)), slices.Collect(maps.Keys(a.plain)), a.holes)
	if slices.Contains(names, strings.TrimSuffix(host, ".")) {
		return []netip.Addr{netip.MustParseAddr(four)}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// Relative counts the look-ups of names to which a resolver might have appended a search domain.
func (a *Autodiscover) Relative() int64 { return a.relative.Load() }

// Close ends the scenario: no socket and no goroutine of it is left.
func (a *Autodiscover) Close() {
	a.cancel()
	a.serves.Wait()
}
