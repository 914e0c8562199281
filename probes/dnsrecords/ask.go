package dnsrecords

import (
	"context"
	"errors"
	"time"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const (
	maxDatagrams = 256                    // of a probe, to whomever
	pace         = 100 * time.Millisecond // between two datagrams to one address
	patience     = 1500 * time.Millisecond
	tcpPatience  = 2 * time.Second
	maxMissed    = 2 // questions, after which a server is left alone
	lostForEDNS  = 2 // datagrams in a row that were answered only without EDNS
)

// reasonTruncated is that of an answer which says over TCP, too, that it does not fit.
const reasonTruncated = "truncated"

// server is one address of one name server.
type server struct {
	host      string   // its name, or the address as it was configured
	also      []string // other hosts at the same address
	endpoint  prober.Endpoint
	named     string // who named it: see named…
	recursive bool   // it is asked to find the answer, and is no authority

	// One question after the other changes what follows.
	lost    int        // datagrams with EDNS in a row that were answered only without
	plain   bool       // it is asked without EDNS
	overTCP bool       // datagrams do not get through
	conn    *wire.Conn // kept from one question over TCP to the next
	connErr error      // why there can be none

	size   int   // of what it said so far, as unfolded counts
	missed int   // questions in a row without an answer
	gone   error // of the last of them

	soa    *reply
	serial *uint32
	tcp    error // why it does not answer over TCP; nil where it does, or where that was not tried
	tried  bool  // over TCP
	lame   string
	silent bool // it was not heard at all, though datagrams left
	noWay  bool // the exporter cannot send there: policy, or no route
}

// address is where it is asked, for a person and for metrics.
func (s *server) address() string { return s.endpoint.Addr.String() }

// String names it for a sentence.
func (s *server) String() string {
	if s.host == s.endpoint.Addr.Addr().String() {
		return s.address()
	}
	return s.host + " (" + s.address() + ")"
}

// serves tells whether it answers for the zone.
func (s *server) serves() bool { return s.soa != nil && s.soa.err == nil && s.lame == "" }

// reply is what one server said to one question.
type reply struct {
	server *server
	q      question
	msg    *dns.Msg // nil without an answer
	err    error    // why there is none
	at     wire.Seconds
	took   wire.Seconds
	state  state
	own    []dns.RR
	values []string // of own, as they are compared
}

// put has one server answer one question: by a datagram, over TCP where the answer does not fit or none comes. One question at
// a time is put to a server.
func (p *probe) put(ctx context.Context, step *prober.Step, s *server, q question) *reply {
	began := p.run.Now()
	if s.missed >= maxMissed {
		return p.reply(s, q, nil, s.gone, began)
	}
	m, err := p.byDatagram(ctx, s, q)
	if err != nil && s.soa == nil && (failure.Is(err, failure.Receive) || failure.Is(err, failure.Connect, "refused")) {
		if over, tcpErr := p.byTCP(ctx, step, s, q); tcpErr == nil {
			m, err, s.overTCP = over, nil, true
		}
	} else if err == nil && m.Truncated {
		m, err = p.byTCP(ctx, step, s, q)
	}
	if s.gone = err; err != nil {
		s.missed++
	} else {
		s.missed = 0
	}
	return p.reply(s, q, m, err, began)
}

func (p *probe) reply(s *server, q question, m *dns.Msg, err error, began wire.Seconds) *reply {
	r := &reply{server: s, q: q, msg: m, err: err, at: p.run.Now(), state: unknown}
	r.took = r.at - began
	if err == nil {
		r.state, r.own = q.read(m), q.owned(m)
		r.values = set(r.own)
	}
	return r
}

// byDatagram asks over UDP: with EDNS, and without where the server does not take it or does not answer (RFC 6891 section
// 6.2.2), as behind old firewalls.
func (p *probe) byDatagram(ctx context.Context, s *server, q question) (*dns.Msg, error) {
	if s.overTCP {
		return p.byTCP(ctx, nil, s, q)
	}
	if s.plain {
		return p.send(ctx, s.endpoint, q.message(false, false), &s.size)
	}
	m, err := p.send(ctx, s.endpoint, q.message(false, true), &s.size)
	switch {
	case err == nil && !refusesEDNS(m):
		s.lost = 0
		return m, nil
	case err == nil:
		s.plain = true
	case !failure.Is(err, failure.Receive):
		return nil, err
	}
	again, plainErr := p.send(ctx, s.endpoint, q.message(false, false), &s.size)
	if plainErr != nil {
		return m, err // what came of the first one, where anything did
	}
	s.lost++
	s.plain = s.plain || s.lost >= lostForEDNS
	return again, nil
}

// refusesEDNS tells an answer of a server that does not know EDNS (RFC 6891 section 7; NOTIMP and BADVERS are seen too).
func refusesEDNS(m *dns.Msg) bool {
	return m.Rcode == dns.RcodeFormatError || m.Rcode == dns.RcodeNotImplemented || m.Rcode == dns.RcodeBadVers
}

// send sends one datagram and gives the answer to it; size is of what the server said so far.
func (p *probe) send(ctx context.Context, to prober.Endpoint, asked *dns.Msg, size *int) (*dns.Msg, error) {
	out, err := asked.Pack()
	if err != nil {
		return nil, failure.New(failure.Send, "invalid", "the question about %s cannot be written: %w", asked.Question[0].Name, err)
	}
	var answer *dns.Msg
	var swollen error
	_, err = p.datagrams.Ask(ctx, to, out, patience, func(datagram []byte) bool {
		m, err := unpack(datagram, asked, size)
		if errors.Is(err, errSwollen) {
			swollen = failure.New(failure.Receive, "malformed", "%s answered by a datagram what is no message of DNS: %w", to.Addr, err)
			return true
		}
		answer = m
		return err == nil
	})
	if err == nil {
		err = swollen
	}
	return answer, err
}

// byTCP asks over the server's connection, and opens one where there is none.
func (p *probe) byTCP(ctx context.Context, step *prober.Step, s *server, q question) (*dns.Msg, error) {
	kept := s.conn != nil
	m, err := p.overConnection(ctx, step, s, q)
	if kept && failure.Is(err, failure.Receive, "closed", "reset") || kept && failure.Is(err, failure.Send) {
		m, err = p.overConnection(ctx, step, s, q) // a server may end one that rests (RFC 7766 section 6.2.3)
	}
	return m, err
}

func (p *probe) overConnection(ctx context.Context, step *prober.Step, s *server, q question) (*dns.Msg, error) {
	if s.connErr != nil {
		return nil, s.connErr
	}
	if s.conn == nil {
		if s.conn, s.connErr = p.connect(ctx, step, s); s.connErr != nil {
			s.conn = nil
			return nil, s.connErr
		}
	}
	m, err := p.converse(s, q)
	if err != nil {
		s.conn.Close()
		s.conn = nil
	}
	return m, err
}

// connect opens a connection, as a step where there is one to belong to.
func (p *probe) connect(ctx context.Context, step *prober.Step, s *server) (*wire.Conn, error) {
	if step == nil {
		return p.run.OpenBeside(ctx, s.endpoint)
	}
	return p.run.Network.Open(ctx, step, s.endpoint)
}

func (p *probe) converse(s *server, q question) (*dns.Msg, error) {
	asked := q.message(s.recursive, !s.plain)
	out, err := asked.Pack()
	if err != nil {
		return nil, failure.New(failure.Send, "invalid", "the question about %s cannot be written: %w", q, err)
	}
	in, err := s.conn.Message(out, time.Now().Add(tcpPatience))
	if err != nil {
		return nil, err
	}
	m, err := unpack(in, asked, &s.size)
	switch {
	case errors.Is(err, errOther):
		return nil, failure.New(failure.Receive, "malformed", "%s answered another question over TCP than %s", s, q)
	case err != nil:
		return nil, failure.New(failure.Receive, "malformed", "%s answered over TCP what is no message of DNS: %w", s, err)
	case m.Truncated:
		return nil, failure.New(failure.Receive, reasonTruncated, "%s says over TCP too that its answer to %s does not fit", s, q)
	}
	return m, nil
}

// hangUp ends the connections that were kept.
func (p *probe) hangUp() {
	for _, s := range p.servers {
		if s.conn != nil {
			s.conn.Close()
			s.conn = nil
		}
	}
}

// nameservers are the recursive ones to ask; none where nobody names them, as on Windows.
func (p *probe) nameservers() (list []prober.Endpoint) {
	texts := []string{p.Nameserver}
	if p.Nameserver == "" {
		texts, _ = wire.SystemNameservers() // without any the system's own look-ups do
	}
	for _, text := range texts {
		if a, err := parseNameserver(text); err == nil {
			list = append(list, prober.Nameserver(a))
		}
	}
	return list
}

var errNoNameserver = errors.New("no name server of the exporter's own is known")

// resolve asks the exporter's own name servers, one after another until one answers.
func (p *probe) resolve(ctx context.Context, q question) (*dns.Msg, error) {
	err := errNoNameserver
	for _, e := range p.resolvers {
		var m *dns.Msg
		if m, err = p.recursively(ctx, e, q); err == nil {
			return m, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, err
}

func (p *probe) recursively(ctx context.Context, e prober.Endpoint, q question) (*dns.Msg, error) {
	m, err := p.send(ctx, e, q.message(true, true), new(int))
	if err == nil && refusesEDNS(m) {
		m, err = p.send(ctx, e, q.message(true, false), new(int))
	}
	if err == nil && m.Truncated {
		s := &server{host: e.Name, endpoint: e, recursive: true}
		if s.conn, err = p.run.OpenBeside(ctx, e); err != nil {
			return nil, err
		}
		defer s.conn.Close()
		return p.converse(s, q)
	}
	return m, err
}

// side runs f for each server side by side.
func side(servers []*server, f func(*server)) {
	fs := make([]func(), len(servers))
	for i, s := range servers {
		fs[i] = func() { f(s) }
	}
	prober.Parallel(fs...)
}
