package dnsrecords

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// find records a finding about a round, which becomes the deciding one where none is yet.
func (p *probe) find(code string, severity result.Severity, r *round, format string, args ...any) {
	p.run.Find(code, severity, origin.Origin{Kind: origin.DNSServer}, format, args...)
	if p.run.Result.Deciding == nil && r != nil && severity != result.Info {
		p.run.Result.Deciding = r.talk
	}
}

func (p *probe) fail(reason, format string, args ...any) {
	p.run.Result.Fail(failure.New(failure.Content, reason, format, args...))
}

// blame notes the address of a server at fault in what was said, for whoever is to ask it again.
func (p *probe) blame(r *round, s *server) {
	if r.talk != nil && r.talk.Origin.Server == "" {
		r.talk.Origin.Server = s.endpoint.Addr.Addr().String()
	}
}

// judge draws the verdict from what all servers said. What is missing and what differs is told only of servers that were heard.
func (p *probe) judge(ctx context.Context) {
	if p.exists() {
		p.lameServers()
		p.differ(p.confirm(ctx))
		p.expectations(ctx)
		if p.MailDomain {
			p.mail(ctx)
		}
		p.silentServers()
		p.tcpBlocked()
		p.remark()
	}
	if p.run.Result.Deciding == nil {
		p.run.Result.Deciding = p.soa.talk
	}
}

// exists tells whether any server knows the domain at all, and fails the probe where all say that there is none.
func (p *probe) exists() bool {
	for _, r := range p.soa.replies {
		if r.err == nil && r.state != noName {
			return true
		}
	}
	p.run.Result.Fail(failure.New(failure.Resolve, "not_found", "the domain does not exist: %s %s", p.soa.q, p.soa.summary()))
	p.run.Result.Deciding = p.soa.talk
	return false
}

// lameness says why a server that answers does not serve the zone; empty where it does.
func lameness(r *reply) string {
	switch r.state {
	case refused:
		return "refuses to answer for it (REFUSED): the zone is not configured there"
	case failed:
		return "fails (SERVFAIL): it never got a copy of the zone, or its copy has expired"
	case noZone:
		return "answers without authority: it is no server of the zone, but a resolver, or has another's data"
	case referral:
		return "refers to the servers of " + strings.TrimSuffix(r.q.cut(r.msg), ".") + ", and has not the zone itself"
	case otherCode:
		return "answers " + said(r.q, r.msg)
	case noName:
		return "says that there is no such domain (NXDOMAIN): it has the zone above, or another's copy, and not this zone"
	}
	return ""
}

// lameServers finds those who are named as servers of the zone and do not serve it.
func (p *probe) lameServers() {
	var lame []string
	expired := false
	for _, s := range p.servers {
		if s.soa.err == nil && s.lame != "" {
			p.blame(p.soa, s)
			lame = append(lame, fmt.Sprintf("%s, named by the %s, %s", s, s.named, s.lame))
			expired = expired || s.soa.state == failed
		}
	}
	for _, host := range p.homeless() {
		lame = append(lame, fmt.Sprintf("%s, named by the %s, has no address", host, p.zone.namedBy(host)))
	}
	if len(lame) == 0 {
		return
	}
	list := strings.Join(lame[:min(len(lame), maxNamed)], "; ")
	if more := len(lame) - maxNamed; more > 0 {
		list += fmt.Sprintf("; and %d more", more)
	}
	if p.allLame() {
		p.find(ServerLame, result.Error, p.soa, "No server that is named for %s serves it: %s. Whoever asks finds nothing, once what is remembered runs out.", p.domain(), list)
		p.run.Result.Draw(ServerLame, adviceNobodyServes)
		p.run.Result.Fail(failure.New(failure.Status, reasonLame, "no name server of %s serves it: %s", p.domain(), list))
		return
	}
	p.find(ServerLame, result.Error, p.soa, "Not every server that is named for %s serves it: %s. Whoever asks such a server has to ask again elsewhere, or gives up.", p.domain(), list)
	if expired {
		p.run.Result.Draw(ServerLame, adviceExpired)
	}
	p.run.Result.Fail(failure.New(failure.Status, reasonLame, "not every name server of %s serves it: %s", p.domain(), list))
}

// allLame tells whether every server was asked and serves the zone no more.
func (p *probe) allLame() bool {
	return len(p.servers) > 0 && !slices.ContainsFunc(p.servers, func(s *server) bool { return s.soa.err != nil || s.lame == "" })
}

// homeless are the hosts that are named as servers and that do not exist, as far as the exporter's name server knows.
func (p *probe) homeless() (hosts []string) {
	if p.zone == nil {
		return nil
	}
	for _, host := range p.zone.hosts() {
		if failure.Is(p.zone.lookedUp[host], failure.Resolve, "not_found") {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// silentServers tells of those that were not heard while others were. The exporter's own lack of a route is not theirs.
func (p *probe) silentServers() {
	var silent, streams []string
	for _, s := range p.servers {
		switch {
		case s.silent:
			p.blame(p.soa, s)
			silent = append(silent, fmt.Sprintf("%s (%v)", s, s.soa.err))
		case s.overTCP:
			p.blame(p.soa, s)
			streams = append(streams, s.String())
		}
	}
	if len(silent) > 0 {
		p.find(ServerSilent, result.Warning, p.soa, "Of %s of name servers of %s, %s: %s. Others answer.",
			countOf(len(p.servers), "address", "addresses"), p.domain(), countOf(len(silent), "does not answer", "do not answer"), listed(silent))
	}
	if len(streams) > 0 {
		p.find(ServerSilent, result.Warning, p.soa, "Answering over TCP alone, and not to datagrams, as clients ask: %s.", listed(streams))
	}
}

// tcpBlocked tells of servers that answer datagrams and cannot be asked over TCP.
func (p *probe) tcpBlocked() {
	var blocked []string
	for _, s := range p.servers {
		if s.tried && s.tcp != nil && !failure.Is(s.tcp, failure.Policy) && !failure.Is(s.tcp, failure.Internal) {
			p.blame(p.soa, s)
			blocked = append(blocked, fmt.Sprintf("%s (%v)", s, s.tcp))
		}
	}
	if len(blocked) == 0 {
		return
	}
	p.find(TCPBlocked, result.Warning, p.soa, "Over TCP, by which alone long answers are had, these do not answer, and to datagrams they do: %s.", listed(blocked))
}

// question is what is asked about a configured record.
func (r Record) question() question { return ask(r.Name, dns.StringToType[r.Type]) }

// roundOf is that of a question; nil where it was not asked.
func (p *probe) roundOf(q question) *round {
	if p.soa != nil && p.soa.q == q {
		return p.soa
	}
	for _, r := range p.rounds {
		if r.q == q {
			return r
		}
	}
	return nil
}

// effective are the records that a reply leads to, by its aliases and, where these leave what it says, by the exporter's own name
// server. known is false where nobody says what an alias leads to.
func (r *round) effective(reply *reply) (list []dns.RR, known bool) {
	if reply.state != alias {
		return reply.own, true
	}
	for _, m := range []*dns.Msg{reply.msg, r.own} {
		if m == nil {
			continue
		}
		for _, rr := range m.Answer {
			if rr.Header().Rrtype == r.q.kind {
				list = append(list, rr)
			}
		}
		if len(list) > 0 {
			return list, true
		}
	}
	return nil, r.own != nil && r.own.Rcode != dns.RcodeServerFailure
}

// verdict is what a server's reply says of a configured record.
type verdict struct {
	known, there, expected bool
	values                 []dns.RR
}

func (r *round) verdict(reply *reply, rec Record) (v verdict) {
	if reply.err != nil || !reply.state.authoritative() {
		return v
	}
	v.values, v.known = r.effective(reply)
	v.there = len(v.values) > 0
	want, _ := expectation(rec) // checked with the configuration
	v.expected = v.there && (want == "" || slices.Contains(set(v.values), want))
	return v
}

// expectations hold the configured records against what the servers have. What some have and others lack was told before.
func (p *probe) expectations(ctx context.Context) {
	for _, rec := range p.Records {
		r := p.roundOf(rec.question())
		if r == nil {
			continue
		}
		var good, known int
		for _, reply := range r.replies {
			v := r.verdict(reply, rec)
			good += int(result.Truth(v.expected))
			known += int(result.Truth(v.known))
		}
		switch {
		case known == 0:
			p.leftOpen(r)
		case good == 0:
			p.missing(ctx, r, rec)
		}
	}
}

// leftOpen says that nothing is known of a record: nobody's answer came whole.
func (p *probe) leftOpen(r *round) {
	res := p.run.Result
	if len(r.replies) == 0 || res.Failure != nil || res.Undecided != "" {
		return
	}
	res.UndecidedReason = result.NotAsked
	res.Undecided = fmt.Sprintf("Not decided: nobody gave a whole answer about %s (%s)", r.q, r.summary())
	res.Draw("undecided/"+string(result.NotAsked), adviceUnread)
	p.blame(r, r.replies[0].server)
	if res.Deciding == nil {
		res.Deciding = r.talk
	}
}

// missing finds that no server has a record as it is expected. What has its own finding for that is told so.
func (p *probe) missing(ctx context.Context, r *round, rec Record) {
	best := p.best(r)
	v := r.verdict(best, rec)
	what := fmt.Sprintf("%s with %q", r.q, rec.Expect)
	if rec.Expect == "" {
		what = r.q.String()
	}
	has := best.says()
	if best.state == alias {
		has += ", where there is " + orNothing(v.values)
	}
	hint := p.mistake(ctx, r, rec, v.values)
	if v.there && p.autodiscovers(r.q) {
		p.find(AutodiscoverWrong, result.Warning, r, "Expected is %s, and it %s at %s.%s", what, has, who(r.groups()[0].replies), hint)
		return
	}
	p.find(RecordMissing, result.Error, r, "No server that was heard has %s: it %s at %s.%s", what, has, who(r.groups()[0].replies), hint)
	p.fail(reasonMissing, "no name server of %s has %s.%s", p.domain(), what, hint)
}

func orNothing(list []dns.RR) string {
	if len(list) == 0 {
		return "none"
	}
	return shown(list)
}

// remark tells what is worth knowing and normal on healthy sites.
func (p *probe) remark() {
	if !p.run.Found(ServersDiffer) {
		p.serialsDiffer()
	}
	p.delegationDiffers()
	var aliases, varying, elsewhere []string
	for _, r := range p.rounds {
		best := p.best(r)
		if best == nil {
			continue
		}
		if values, known := r.effective(best); best.state == alias && known && p.rank(r.q) == 0 {
			aliases = append(aliases, fmt.Sprintf("%s is %s, and that leads to %s", r.q.named(), shown(best.own), orNothing(values)))
		}
		if r.varies() {
			varying = append(varying, r.q.String())
		} else if other := r.seenOtherwise(best); other != "" && p.run.Result.Failure == nil {
			elsewhere = append(elsewhere, other)
		}
	}
	p.inform(AliasFollowed, "Followed: %s.", aliases)
	p.inform(AnswersVary, "Servers answer differently from one time to the next, as they do to share load, so that they are not compared: %s.", varying)
	p.inform(SplitView, "The exporter's own name server says otherwise than the servers of the zone, because it has an older answer still, or another view of the zone inside: %s.", elsewhere)
	var plain []string
	for _, s := range p.servers {
		if s.plain && s.soa.err == nil {
			plain = append(plain, s.String())
		}
	}
	p.inform(EDNSRefused, "Answering only questions without EDNS, as old servers and firewalls do: %s.", plain)
}

// inform makes an info of a list, where it has anything.
func (p *probe) inform(code, format string, list []string) {
	if len(list) > 0 {
		p.run.Find(code, result.Info, origin.Origin{Kind: origin.DNSServer}, format, listed(list))
	}
}

// delegationDiffers tells that the zone above names other servers than the zone itself.
func (p *probe) delegationDiffers() {
	if p.zone == nil || p.zone.parent == nil {
		return
	}
	own := p.zone.own
	if r := p.roundOf(ask(p.zone.apex, dns.TypeNS)); r != nil {
		if best := p.best(r); best != nil && best.state == found {
			own = namesOf(best.own, p.zone.apex)
		}
	}
	lacks := func(list, others []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(host string) bool { return slices.Contains(others, host) })
	}
	var parts []string
	if extra := lacks(p.zone.parent, own); len(extra) > 0 {
		parts = append(parts, "the zone above alone names "+listed(extra))
	}
	if extra := lacks(own, p.zone.parent); len(extra) > 0 {
		parts = append(parts, "the zone itself alone names "+listed(extra))
	}
	p.inform(DelegationDiffers, "The delegation is not what the zone itself says: %s. All of them were asked.", parts)
}

// seenOtherwise tells what the exporter's own name server says where that is not what the zone says; empty where it is.
func (r *round) seenOtherwise(best *reply) string {
	if r.own == nil || !best.state.authoritative() || r.own.Rcode != dns.RcodeSuccess && r.own.Rcode != dns.RcodeNameError || r.q.kind == dns.TypeSOA {
		return ""
	}
	own := r.q.owned(r.own)
	if slices.Equal(set(own), best.values) {
		return ""
	}
	if len(own) == 0 && len(best.own) > 0 {
		return fmt.Sprintf("%s is not there for it", r.q)
	}
	return fmt.Sprintf("%s is %s for it", r.q, orNothing(own))
}
