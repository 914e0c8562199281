package dnsrecords

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// What a mail domain has beside itself.
const (
	autodiscoverHost = "autodiscover."
	serviceName      = "_autodiscover._tcp." // RFC 2782; Microsoft Learn, "Autodiscover service in Exchange Server"
	dmarcName        = "_dmarc."             // RFC 7489 section 6.1
)

// mailQuestions are what a mail domain is asked for.
func mailQuestions(domain string) []question {
	return []question{
		ask(domain, dns.TypeMX), ask(domain, dns.TypeTXT),
		ask(autodiscoverHost+domain, dns.TypeA), ask(autodiscoverHost+domain, dns.TypeAAAA),
		ask(serviceName+domain, dns.TypeSRV), ask(dmarcName+domain, dns.TypeTXT),
	}
}

// autodiscovers tells whether a question is about what leads to Autodiscover.
func (p *probe) autodiscovers(q question) bool {
	return q.named() == autodiscoverHost+p.domain() || q.named() == serviceName+p.domain()
}

// mail looks at what a mail domain needs, as its best answer has it.
func (p *probe) mail(ctx context.Context) {
	var lacks []string
	for _, look := range []func(context.Context) string{p.exchangers, p.autodiscover, p.sender} {
		if lack := look(ctx); lack != "" {
			lacks = append(lacks, lack)
		}
	}
	p.inform(MailRecordsAbsent, "Not there, which may be meant so: %s.", lacks)
}

// said is what the zone says to a question of the mail domain; nil where nobody has answered it.
func (p *probe) said(name string, kind uint16) (*round, *reply) {
	r := p.roundOf(ask(name, kind))
	if best := p.best(r); best != nil && best.state.authoritative() {
		return r, best
	}
	return r, nil
}

// host is what is known of a name that a record leads to.
type host struct {
	alias   string // it is an alias of that name; empty where it is none
	missing bool   // it has no address, and that is certain
	unknown bool   // nobody could say
}

// maxLooked is how many names that records lead to are looked up.
const maxLooked = 12

// look finds out about a name that a record leads to: at the zone's own servers where it is in the zone, else by the exporter's
// own name server.
func (p *probe) look(ctx context.Context, name string) host {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if h, ok := p.hosts[name]; ok {
		return h
	}
	h := host{unknown: true}
	if len(p.hosts) < maxLooked {
		h = p.lookUp(ctx, name)
	}
	p.hosts[name] = h
	return h
}

func (p *probe) lookUp(ctx context.Context, name string) host {
	alive := p.alive()
	if dns.IsSubDomain(p.apex()+".", name+".") && len(alive) > 0 {
		h, decided := p.lookAt(ctx, alive[0], name)
		if decided || h.alias == "" && len(p.resolvers) == 0 {
			return h
		}
		leads := p.lookBeside(ctx, name)
		leads.alias = h.alias
		return leads
	}
	return p.lookBeside(ctx, name)
}

// lookAt asks a server of the zone; decided is false where it leaves the answer to others.
func (p *probe) lookAt(ctx context.Context, s *server, name string) (h host, decided bool) {
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		switch reply := p.put(ctx, nil, s, ask(name, kind)); {
		case reply.state == found:
			return host{}, true
		case reply.state == alias:
			return host{alias: reply.values[0]}, false
		case !reply.state.absent():
			return host{unknown: true}, false
		}
	}
	return host{missing: true}, true
}

// lookBeside asks the exporter's own name server, or the system where none is known.
func (p *probe) lookBeside(ctx context.Context, name string) (h host) {
	if len(p.resolvers) == 0 {
		res, err := p.run.ResolveBeside(ctx, name+".")
		return host{missing: isMissing(err), unknown: err != nil && !isMissing(err) || res == nil}
	}
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		q := ask(name, kind)
		m, err := p.resolve(ctx, q)
		if err != nil || m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError {
			return host{unknown: true}
		}
		for _, rr := range q.owned(m) {
			if cname, ok := rr.(*dns.CNAME); ok {
				h.alias = strings.ToLower(cname.Target)
			}
		}
		if slices.ContainsFunc(m.Answer, func(rr dns.RR) bool { return rr.Header().Rrtype == kind }) {
			return h
		}
	}
	h.missing = true
	return h
}

// exchangers looks at the MX records: each is to name a host that has an address and is no alias (RFC 5321 section 5.1, RFC 2181
// section 10.3). "." says that there is no mail (RFC 7505).
func (p *probe) exchangers(ctx context.Context) (lacks string) {
	r, best := p.said(p.domain(), dns.TypeMX)
	if best == nil {
		return ""
	}
	var list []*dns.MX
	for _, rr := range best.own {
		if mx, ok := rr.(*dns.MX); ok {
			list = append(list, mx)
		}
	}
	if len(list) == 0 {
		return p.noExchanger(ctx, r, best)
	}
	var dead, odd, cloud []string
	for _, mx := range list[:min(len(list), maxLooked)] {
		name := plain.Text(strings.TrimSuffix(mx.Mx, "."), maxShown)
		switch why, nowhere := p.unusable(ctx, mx); {
		case nowhere:
			dead = append(dead, why)
		case why != "":
			odd = append(odd, why)
		case dns.IsSubDomain(onlineMail, strings.ToLower(mx.Mx)):
			cloud = append(cloud, name)
		}
	}
	p.judgeExchangers(r, dead, odd, len(dead) == len(list))
	p.inform(MXCloud, "Mail goes to Exchange Online first: %s.", cloud)
	return ""
}

// onlineMail is where Exchange Online takes mail (Microsoft Learn, "External Domain Name System records for Microsoft 365").
const onlineMail = "mail.protection.outlook.com."

// judgeExchangers finds what is wrong with MX records: an error where none can be used at all.
func (p *probe) judgeExchangers(r *round, dead, odd []string, all bool) {
	wrong := slices.Concat(dead, odd)
	switch {
	case all:
		p.find(MXUnusable, result.Error, r, "Nobody can bring mail to %s: %s.", p.domain(), listed(wrong))
		p.fail(reasonMX, "no MX record of %s can be used: %s", p.domain(), listed(wrong))
	case len(wrong) > 0:
		p.find(MXUnusable, result.Warning, r, "An MX record of %s is not as it has to be: %s. Another one is, or senders may take it all the same.", p.domain(), listed(wrong))
		p.run.Result.Draw(MXUnusable, adviceExchangerOdd)
	}
}

// unusable says what is wrong with an MX record, and whether it leads nowhere at all; empty for nothing.
func (p *probe) unusable(ctx context.Context, mx *dns.MX) (why string, nowhere bool) {
	name := plain.Text(strings.TrimSuffix(mx.Mx, "."), maxShown)
	if name == "" {
		return `the record names no host: by "." the domain says that it takes no mail`, true
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "the record names the address " + name + ", and has to name a host", true
	}
	switch h := p.look(ctx, mx.Mx); {
	case h.missing && h.alias != "":
		return fmt.Sprintf("%s is an alias of %s, which has no address", name, plain.Text(strings.TrimSuffix(h.alias, "."), maxShown)), true
	case h.missing:
		return name + " has no address", true
	case h.alias != "":
		return fmt.Sprintf("%s is an alias (CNAME), which an MX record may not name", name), false
	}
	return "", false
}

// noExchanger is for a domain without MX records: its own address takes their place (RFC 5321 section 5.1). Without that nobody can
// bring mail, unless these are servers inside, whose answers senders never see.
func (p *probe) noExchanger(ctx context.Context, r *round, best *reply) string {
	if best.state == alias { // mail follows it
		return ""
	}
	switch h := p.look(ctx, p.domain()); {
	case h.unknown:
		return "an MX record"
	case !h.missing:
		return "an MX record, so that mail goes to the domain's own address"
	case p.inside():
		return "an MX record, at servers with private addresses, which senders outside do not ask"
	}
	p.find(MXUnusable, result.Error, r, "Nobody can bring mail to %s: it has neither an MX record nor an address.", p.domain())
	p.fail(reasonMX, "%s has neither an MX record nor an address", p.domain())
	return ""
}

// inside tells whether all servers that were asked have addresses of a private network, so that they serve a view of their own.
func (p *probe) inside() bool {
	return !slices.ContainsFunc(p.servers, func(s *server) bool { return !s.endpoint.Addr.Addr().IsPrivate() })
}

// autodiscover looks at what leads to Autodiscover: the host, and the service record.
func (p *probe) autodiscover(ctx context.Context) (lacks string) {
	name := autodiscoverHost + p.domain()
	var wrong []string
	r, a := p.said(name, dns.TypeA)
	_, aaaa := p.said(name, dns.TypeAAAA)
	service, srv := p.said(serviceName+p.domain(), dns.TypeSRV)
	if a == nil || srv == nil {
		return ""
	}
	if a.state.absent() && (aaaa == nil || aaaa.state.absent()) && srv.state.absent() {
		return "records that lead to Autodiscover (a host " + name + ", or a service record)"
	}
	if why := p.brokenAlias(ctx, a); why != "" {
		wrong = append(wrong, name+" "+why)
	}
	for _, rr := range srv.own[:min(len(srv.own), shownRecords)] {
		if why := p.brokenService(ctx, rr); why != "" {
			r = service
			p.run.Result.Draw(AutodiscoverWrong, adviceServiceRecord)
			wrong = append(wrong, serviceName+p.domain()+" "+why)
		}
	}
	if len(wrong) > 0 {
		p.find(AutodiscoverWrong, result.Warning, r, "Clients do not get to Autodiscover by this record: %s.", listed(wrong))
	}
	return ""
}

// brokenAlias says what is wrong with a host that is an alias; empty for nothing.
func (p *probe) brokenAlias(ctx context.Context, r *reply) string {
	var to string
	others := false
	for _, rr := range r.own {
		if cname, ok := rr.(*dns.CNAME); ok {
			to = cname.Target
		} else {
			others = true
		}
	}
	shown := plain.Text(strings.TrimSuffix(to, "."), maxShown)
	switch {
	case to == "":
		return ""
	case others:
		return "is an alias (CNAME) of " + shown + " and has other records beside, which no name may have (RFC 1034 section 3.6.2)"
	case p.look(ctx, to).missing:
		return "is an alias (CNAME) of " + shown + ", which has no address"
	}
	return ""
}

// brokenService says what is wrong with a service record; empty for nothing. A target "." says that there is no such service, which
// may be meant so.
func (p *probe) brokenService(ctx context.Context, rr dns.RR) string {
	srv, ok := rr.(*dns.SRV)
	if !ok {
		return ""
	}
	name := strings.TrimSuffix(srv.Target, ".")
	if name == "" {
		return ""
	}
	shown := plain.Text(name, maxShown)
	if _, err := netip.ParseAddr(name); err == nil {
		return "names the address " + shown + ", and has to name a host"
	}
	switch h := p.look(ctx, srv.Target); {
	case srv.Port == 0:
		return "names port 0 of " + shown
	case h.missing:
		return "names " + shown + ", which has no address"
	case h.alias != "":
		return "names " + shown + ", which is an alias (CNAME), and may not be one (RFC 2782)"
	}
	return ""
}

// senderVersion begins an SPF record (RFC 7208 section 4.5).
const senderVersion = "v=spf1"

// maxSenderLookups is how many terms of an SPF record may cost a look-up (RFC 7208 section 4.6.4).
const maxSenderLookups = 10

// sender looks at the SPF record, of which there has to be exactly one, and whether there is one of DMARC.
func (p *probe) sender(context.Context) (lacks string) {
	r, best := p.said(p.domain(), dns.TypeTXT)
	if best == nil || best.state == alias {
		return ""
	}
	var records, near []string
	for _, rr := range best.own {
		txt, ok := rr.(*dns.TXT)
		if !ok {
			continue
		}
		switch text := joined(txt); {
		case isSender(text):
			records = append(records, text)
		case strings.Contains(strings.ToLower(text), senderVersion):
			near = append(near, text)
		}
	}
	switch {
	case len(records) > 1:
		p.find(SPFInvalid, result.Warning, r, "%s has %d SPF records (%s), and may have one: receivers take that for an error and heed none of them.", p.domain(), len(records), quoted(records))
	case len(records) == 1 && senderLookups(records[0]) > maxSenderLookups:
		p.find(SPFInvalid, result.Warning, r, "The SPF record of %s needs %d look-ups by itself, and receivers make %d: %s.", p.domain(), senderLookups(records[0]), maxSenderLookups, quoted(records))
	case len(records) == 0 && len(near) > 0:
		p.find(SPFInvalid, result.Warning, r, "A TXT record of %s was meant to be of SPF, and does not begin with %s: %s. Quotes or blanks that were pasted along are part of the value.", p.domain(), senderVersion, quoted(near))
	case len(records) == 0:
		lacks = "an SPF record"
	}
	if _, dmarc := p.said(dmarcName+p.domain(), dns.TypeTXT); dmarc != nil && dmarc.state.absent() {
		lacks = strings.TrimPrefix(lacks+", a DMARC record", ", ")
	}
	return lacks
}

// isSender tells an SPF record (RFC 7208 section 4.5).
func isSender(text string) bool {
	text = strings.ToLower(text)
	return text == senderVersion || strings.HasPrefix(text, senderVersion+" ")
}

// senderLookups counts the terms of an SPF record that cost a look-up (RFC 7208 section 4.6.4), not those of records that it
// includes.
func senderLookups(text string) (n int) {
	for _, term := range strings.Fields(strings.ToLower(text))[1:] {
		term = strings.TrimLeft(term, "+-~?")
		for _, costly := range []string{"include:", "a:", "a/", "mx:", "mx/", "ptr:", "exists:", "redirect="} {
			if strings.HasPrefix(term, costly) {
				n++
			}
		}
		if term == "a" || term == "mx" || term == "ptr" {
			n++
		}
	}
	return n
}

func quoted(texts []string) string {
	var all []string
	for _, t := range texts {
		all = append(all, fmt.Sprintf("%q", plain.Text(t, maxShown)))
	}
	return listed(all)
}

// isMissing tells whether a look-up shows that there is no such host.
func isMissing(err error) bool { return failure.Is(err, failure.Resolve, "not_found", "no_address") }
