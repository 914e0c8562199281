// Package dnsrecords asks every address of every authoritative server of a domain itself, for the records that a site needs, and
// compares what they say by content. A copy of a zone that was left behind, a server that does not know the zone, and a record
// that was pasted with its quotes look like faults of Exchange, and one resolver in the way hides all of them.
package dnsrecords

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// probe is one probe under way.
type probe struct {
	*Settings
	run       *prober.Run
	datagrams *prober.Datagrams
	resolvers []prober.Endpoint // the exporter's own name servers
	zone      *zone             // nil where the module names the servers
	asked     int               // addresses of the zone above

	servers    []*server
	unresolved error // why a configured server has no address
	soa        *round
	rounds     []*round // in the order in which they were asked
	subzones   []string

	hosts map[string]host // that records name, by name
}

// round is one question, put to every server.
type round struct {
	q       question
	replies []*reply // of each server that was asked, in the order of p.servers
	again   []*reply // of the same servers, asked a second time because they differed
	own     *dns.Msg // what the exporter's own name server says; nil where it was not to be learned
	talk    *result.Conversation
	step    *prober.Step
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run, datagrams: run.Datagrams(maxDatagrams, pace), hosts: map[string]host{}}
	p.resolvers = p.nameservers()
	err := p.chooseServers(ctx)
	if err == nil {
		defer p.hangUp()
		err = p.reach(ctx)
	}
	if err == nil && run.Result.Undecided == "" {
		p.questionAll(ctx)
		p.judge(ctx)
	}
	run.Result.Fail(failure.From(err))
	p.measure()
	p.tabulate()
}

func (p *probe) domain() string { return p.run.Target.Host }

// port is that of name servers.
func (p *probe) port() uint16 { return p.run.Target.Port }

func (p *probe) chooseServers(ctx context.Context) error {
	if len(p.Servers) > 0 {
		return p.configured(ctx)
	}
	return p.discover(ctx)
}

// forZone is how many datagrams are left for the zone's servers, when the exporter's own name server, the zone above, hosts that
// records name, and second tries have theirs.
const forZone = 180

// room is how many addresses may be asked, so that all questions fit into what may be sent.
func (p *probe) room() int {
	return min(maxAddresses-p.asked, forZone/len(p.questions(p.domain())))
}

// questions are all that is asked of a server: the zone itself, then what the module wants to know.
func (s *Settings) questions(domain string) []question {
	all := []question{ask(domain, dns.TypeSOA), ask(domain, dns.TypeNS)}
	if s.MailDomain {
		all = append(all, mailQuestions(domain)...)
	}
	for _, r := range s.Records {
		all = append(all, ask(r.Name, dns.StringToType[r.Type]))
	}
	var once []question
	for _, q := range all {
		if !slices.Contains(once, q) {
			once = append(once, q)
		}
	}
	return once
}

// reach asks all servers for the zone itself, which tells who serves it, and over TCP too. Where nobody could be asked at all, the
// error says why, or the result is undecided.
func (p *probe) reach(ctx context.Context) error {
	p.soa = p.question(ctx, p.servers, ask(p.domain(), dns.TypeSOA))
	for _, r := range p.soa.replies {
		p.meet(r)
	}
	p.tryTCP(ctx)
	if slices.ContainsFunc(p.servers, func(s *server) bool { return s.soa.err == nil }) {
		return nil
	}
	return p.nobody(ctx)
}

// meet notes what a server's first answer tells of it.
func (p *probe) meet(r *reply) {
	s := r.server
	s.soa = r
	switch {
	case failure.Is(r.err, failure.Policy), failure.Is(r.err, failure.Connect, "unreachable", "family_unreachable", "busy"), failure.Is(r.err, failure.Internal):
		s.noWay = true
	case r.err != nil:
		s.silent = true
	default:
		s.serial = serialIn(r.msg)
		s.lame = lameness(r)
	}
}

// serialIn is the serial of the zone, which a server gives as the answer, or where it says that there is no such record.
func serialIn(m *dns.Msg) *uint32 {
	for _, rr := range slices.Concat(m.Answer, m.Ns) {
		if soa, ok := rr.(*dns.SOA); ok {
			return &soa.Serial
		}
	}
	return nil
}

// tryTCP asks every server that was heard over TCP too, which every server must speak (RFC 7766 section 5): answers that do not
// fit a datagram are had by it alone.
func (p *probe) tryTCP(ctx context.Context) {
	side(p.servers, func(s *server) {
		if s.soa.err != nil || s.noWay {
			return
		}
		s.tried = true
		if s.overTCP { // which shows it
			return
		}
		step := p.run.Step(stepTCP)
		step.Detail("%s", s)
		_, s.tcp = p.byTCP(ctx, step, s, p.soa.q)
		step.End(s.tcp)
	})
	for _, s := range p.servers {
		if s.tcp != nil {
			p.soa.talk.Add(wire.Line{At: p.run.Now(), From: wire.Server, Text: fmt.Sprintf("%s, over TCP: nothing: %v", s, s.tcp)})
		}
	}
}

// questionAll asks everything else of those who serve the zone. Parts of it that other servers have are asked there.
func (p *probe) questionAll(ctx context.Context) {
	serving := slices.DeleteFunc(slices.Clone(p.servers), func(s *server) bool { return !s.serves() })
	if len(serving) == 0 {
		return
	}
	for _, q := range p.questions(p.domain())[1:] {
		r := p.question(ctx, serving, q)
		if cut := r.refers(); cut != "" {
			r = p.below(ctx, cut, r)
		}
		p.rounds = append(p.rounds, r)
	}
}

// refers is the zone to whose servers all that answered refer; empty where they do not.
func (r *round) refers() (cut string) {
	for _, reply := range r.replies {
		if reply.err != nil {
			continue
		}
		if reply.state != referral || cut != "" && cut != r.q.cut(reply.msg) {
			return ""
		}
		cut = r.q.cut(reply.msg)
	}
	return cut
}

// maxSubzones is how many zones below the domain's own are looked at.
const maxSubzones = 2

// below asks the servers of a zone below, to which those of the domain refer.
func (p *probe) below(ctx context.Context, cut string, r *round) *round {
	inside := func(s *server) bool { return s.named == namedByReferral+" to "+cut }
	if !slices.Contains(p.subzones, cut) {
		if len(p.subzones) == maxSubzones {
			return r
		}
		p.subzones = append(p.subzones, cut)
		p.enter(ctx, cut, r)
	}
	var serving []*server
	for _, s := range p.servers {
		if inside(s) && s.serves() {
			serving = append(serving, s)
		}
	}
	if len(serving) == 0 {
		return r
	}
	return p.question(ctx, serving, r.q)
}

// enter finds the servers of a zone below, by what refers to it, and asks them for the zone itself.
func (p *probe) enter(ctx context.Context, cut string, r *round) {
	z := &zone{apex: cut, glue: map[string][]netip.Addr{}}
	for _, reply := range r.replies {
		if reply.err == nil {
			z.own = append(z.own, namesOf(reply.msg.Ns, cut)...)
			for host, addresses := range glueIn(reply.msg) {
				z.glue[host] = addresses
			}
		}
	}
	more := p.locate(ctx, r.step, z, max(0, p.room()-len(p.servers)))
	for _, s := range more {
		s.named = namedByReferral + " to " + cut
	}
	p.servers = append(p.servers, more...)
	if len(more) == 0 {
		return
	}
	for _, reply := range p.question(ctx, more, ask(cut, dns.TypeSOA)).replies {
		p.meet(reply)
	}
}

// question puts one question to servers, side by side, and beside them to the exporter's own name server.
func (p *probe) question(ctx context.Context, servers []*server, q question) *round {
	r := &round{q: q, replies: make([]*reply, len(servers)), step: p.run.Step(stepQuestion)}
	talk := &wire.Talk{Span: wire.Span{Start: p.run.Now()}}
	talk.Add(wire.Line{At: p.run.Now(), From: wire.Client, Text: fmt.Sprintf("%s, to %s", q, countOf(len(servers), "server", "servers"))})
	asks := []func(){func() { r.own, _ = p.resolve(ctx, q) }}
	for i, s := range servers {
		asks = append(asks, func() { r.replies[i] = p.put(ctx, r.step, s, q) })
	}
	prober.Parallel(asks...)
	r.record(p, talk, r.replies)
	return r
}

// record keeps what was said, in the order in which it came.
func (r *round) record(p *probe, talk *wire.Talk, replies []*reply) {
	ordered := slices.Clone(replies)
	slices.SortStableFunc(ordered, func(a, b *reply) int { return int(1e6 * (a.at - b.at)) })
	answered := 0
	var err error
	for _, reply := range ordered {
		text := ""
		if reply.err != nil {
			err, text = reply.err, "nothing: "+reply.err.Error()
		} else {
			answered++
			text = said(r.q, reply.msg)
		}
		talk.Add(wire.Line{At: reply.at, From: wire.Server, Text: reply.server.String() + ": " + text})
	}
	talk.Outcome = ""
	if answered > 0 {
		err = nil
		talk.Outcome = countOf(answered, "answer", "answers")
	}
	r.step.Detail("%s %s", r.q, r.summary())
	r.step.End(err)
	r.talk = p.run.Talked(stepQuestion, result.DNS, nil, talk, origin.Origin{Kind: origin.DNSServer}, err)
}

// summary tells what the servers say, those who say alike together.
func (r *round) summary() string {
	var parts []string
	for _, g := range r.groups() {
		parts = append(parts, g.says+" at "+who(g.replies))
	}
	if n := len(r.silent()); n > 0 {
		parts = append(parts, countOf(n, "server did not answer", "servers did not answer"))
	}
	return strings.Join(parts, "; ")
}

func (r *round) silent() (list []*reply) {
	for _, reply := range r.replies {
		if reply.err != nil {
			list = append(list, reply)
		}
	}
	return list
}

// nobody says why no server could be asked. Where the exporter's own name server answers for the domain, they are alive, and it is
// the exporter that cannot ask them: nothing is known of the records, then.
func (p *probe) nobody(ctx context.Context) error {
	r := p.run.Result
	r.Deciding = p.soa.talk
	p.blame(p.soa, p.servers[0])
	var first, noWay error
	for _, s := range p.servers {
		switch {
		case s.noWay && noWay == nil:
			noWay = s.soa.err
		case s.silent && first == nil:
			first = s.soa.err
		}
	}
	if failure.Is(noWay, failure.Policy) && first == nil || failure.Is(noWay, failure.Internal) || failure.Is(noWay, failure.Connect, "busy") {
		return noWay
	}
	if p.dropped() && ctx.Err() == nil && p.answeredElsewhere() {
		r.UndecidedReason = result.NotAsked
		r.Undecided = fmt.Sprintf("Not asked: no name server of %s answered, by datagrams or over TCP (%s asked), while the exporter's own name server answers for the domain: port %d is closed on the way out, most likely, and nothing is known of the records",
			p.domain(), countOf(len(p.servers), "address", "addresses"), p.port())
		r.Draw("undecided/"+string(result.NotAsked), adviceBlocked)
		return nil
	}
	if first == nil {
		first = noWay
	}
	return first
}

// dropped tells whether what was sent went nowhere, everywhere: nobody refused, and nobody spoke.
func (p *probe) dropped() bool {
	return !slices.ContainsFunc(p.servers, func(s *server) bool {
		return !s.noWay && (!failure.Is(s.soa.err, failure.Receive, "timeout") || !failure.Is(s.connErr, failure.Connect, "timeout", "unreachable"))
	})
}

// answeredElsewhere tells whether the exporter's own name server knows the domain's zone.
func (p *probe) answeredElsewhere() bool {
	own := p.soa.own
	return own != nil && own.Rcode == dns.RcodeSuccess && serialIn(own) != nil
}
