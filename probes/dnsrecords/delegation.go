package dnsrecords

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

const (
	maxHosts   = 16 // name servers of a zone that are looked up
	maxParents = 2  // servers of the zone above that are asked
	maxAbove   = 4  // labels that are taken off to find the zone above
)

// Who named a server.
const (
	namedBySettings = "settings"
	namedByZone     = "zone"
	namedByParent   = "parent"
	namedByBoth     = "zone and parent"
	namedByReferral = "referral"
)

// zone is what is known of who serves a zone.
type zone struct {
	apex   string   // its name, with a dot at the end
	own    []string // hosts that the zone itself names, as the exporter's name server knows it
	parent []string // hosts that the zone above names; nil where it was not to be learned
	glue   map[string][]netip.Addr
	left   int // hosts that are not looked at

	lookedUp map[string]error // hosts without an address, by name
}

// hosts are all that anybody names, in a fixed order: those first of which both lists know, then the delegation's.
func (z *zone) hosts() []string {
	all := slices.Concat(z.own, z.parent)
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(trust[z.namedBy(a)], trust[z.namedBy(b)]), cmp.Compare(a, b))
	})
	return slices.Compact(all)
}

// trust is in which order those are asked whom somebody names.
var trust = map[string]int{namedByBoth: 0, namedByParent: 1, namedByZone: 2}

func (z *zone) namedBy(host string) string {
	switch own, parent := slices.Contains(z.own, host), slices.Contains(z.parent, host); {
	case own && parent:
		return namedByBoth
	case parent:
		return namedByParent
	}
	return namedByZone
}

// namesOf are the hosts that NS records of a name give, in lower case, without doubles.
func namesOf(list []dns.RR, owner string) (hosts []string) {
	for _, rr := range list {
		if ns, ok := rr.(*dns.NS); ok && strings.EqualFold(ns.Hdr.Name, owner) {
			hosts = append(hosts, strings.ToLower(strings.TrimSuffix(ns.Ns, ".")))
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// glueIn are the addresses that an answer gives along for hosts.
func glueIn(m *dns.Msg) map[string][]netip.Addr {
	glue := map[string][]netip.Addr{}
	for _, rr := range m.Extra {
		host := strings.ToLower(strings.TrimSuffix(rr.Header().Name, "."))
		var ip net.IP
		switch rr := rr.(type) {
		case *dns.A:
			ip = rr.A
		case *dns.AAAA:
			ip = rr.AAAA
		}
		if a, ok := netip.AddrFromSlice(ip); ok && len(glue[host]) < maxAddresses {
			glue[host] = append(glue[host], a.Unmap())
		}
	}
	return glue
}

// discover finds the zone that the domain is in, and its servers: by the exporter's own name server, and by the zone above,
// whose delegation is what the world goes by. The error is a failure of stage resolve, receive or connect.
func (p *probe) discover(ctx context.Context) error {
	step := p.run.Step(stepDelegation)
	z, err := p.findZone(ctx)
	if z != nil {
		parent := step.Step("parent")
		parent.End(p.askParent(ctx, parent, z))
		if err != nil && len(z.parent) > 0 {
			err = nil // who serves it is known
		}
	}
	if err == nil {
		p.zone = z
		p.servers = p.locate(ctx, step, z, p.room())
		step.Detail("%s: %s", strings.TrimSuffix(z.apex, "."), countOf(len(p.servers), "address", "addresses"))
		if z.left > 0 {
			step.Detail("%s: %s; %d more name servers are not looked at", strings.TrimSuffix(z.apex, "."), countOf(len(p.servers), "address", "addresses"), z.left)
		}
		if len(p.servers) == 0 {
			err = failure.New(failure.Resolve, "no_address", "none of the name servers of %s (%s) has an address", p.domain(), strings.Join(z.hosts(), ", "))
		}
	}
	if f := step.End(err); f != nil {
		return f
	}
	return nil
}

// findZone asks who serves the domain. Where it is no zone of its own, the answer names the one that it is in (RFC 2308 section
// 2.2). It gives a zone along with an error where the zone above may still tell.
func (p *probe) findZone(ctx context.Context) (*zone, error) {
	if len(p.resolvers) == 0 {
		return p.findBySystem(ctx)
	}
	q := ask(p.domain(), dns.TypeNS)
	m, err := p.resolve(ctx, q)
	if err != nil {
		return &zone{apex: q.name}, asResolve(q, err)
	}
	switch m.Rcode {
	case dns.RcodeSuccess:
	case dns.RcodeNameError:
		return nil, failure.New(failure.Resolve, "not_found", "resolve %s: the domain does not exist, as far as the exporter's name server knows", p.domain())
	default:
		return &zone{apex: q.name}, failure.New(failure.Resolve, "server_failure", "resolve %s: the exporter's name server answered %s", q, dns.RcodeToString[m.Rcode])
	}
	if own := namesOf(m.Answer, q.name); len(own) > 0 {
		return &zone{apex: q.name, own: own}, nil
	}
	for _, rr := range m.Ns {
		if apex := strings.ToLower(rr.Header().Name); rr.Header().Rrtype == dns.TypeSOA && apex != "." && dns.IsSubDomain(apex, q.name) {
			return p.enclosing(ctx, apex)
		}
	}
	return nil, failure.New(failure.Resolve, "not_found", "resolve %s: nobody says which name servers the domain has", p.domain())
}

// enclosing is the zone that the domain is a part of.
func (p *probe) enclosing(ctx context.Context, apex string) (*zone, error) {
	q := ask(apex, dns.TypeNS)
	m, err := p.resolve(ctx, q)
	if err != nil {
		return &zone{apex: apex}, asResolve(q, err)
	}
	return &zone{apex: apex, own: namesOf(m.Answer, q.name)}, nil
}

// asResolve is an error of asking the exporter's own name server: the network and its stages are not the target's.
func asResolve(q question, err error) error {
	if failure.Is(err, failure.Receive, "timeout") || failure.Is(err, failure.Send, "timeout") {
		return failure.New(failure.Resolve, "timeout", "resolve %s: no answer from the exporter's name servers in time: %w", q, err)
	}
	if failure.Is(err, failure.Policy) {
		return err
	}
	return failure.New(failure.Resolve, "error", "resolve %s: %w", q, err)
}

// findBySystem is for machines where nothing names the name servers: the system's look-up of NS records, of the domain or of
// what is above it.
func (p *probe) findBySystem(ctx context.Context) (*zone, error) {
	name := p.domain()
	for range maxAbove {
		found, err := net.DefaultResolver.LookupNS(ctx, name+".")
		if err == nil && len(found) > 0 {
			z := &zone{apex: name + "."}
			for _, ns := range found {
				z.own = append(z.own, strings.ToLower(strings.TrimSuffix(ns.Host, ".")))
			}
			return z, nil
		}
		_, above, ok := strings.Cut(name, ".")
		if !ok || !strings.Contains(above, ".") {
			return nil, failure.New(failure.Resolve, "not_found", "resolve %s: the system's resolver knows no name server of the domain: %w", p.domain(), err)
		}
		name = above
	}
	return nil, failure.New(failure.Resolve, "not_found", "resolve %s: the system's resolver knows no name server of the domain", p.domain())
}

// askParent asks the zone above whom it delegates the zone to. Where the same server has both, it answers for the zone itself,
// and what the zone above says stays unknown.
func (p *probe) askParent(ctx context.Context, step *prober.Step, z *zone) error {
	hosts, above, err := p.above(ctx, z.apex)
	if err != nil {
		return err
	}
	q := ask(z.apex, dns.TypeNS)
	for _, host := range hosts {
		res, resolveErr := p.run.ResolveBeside(ctx, host)
		if resolveErr != nil || len(res.Addresses) == 0 {
			err = resolveErr
			continue
		}
		e := prober.Endpoint{Addr: netip.AddrPortFrom(res.Addresses[0], p.port()), From: res, Name: host, Elsewhere: true}
		p.asked++
		m, sendErr := p.send(ctx, e, q.message(false, true), new(int))
		if err = sendErr; err != nil {
			continue
		}
		z.glue = glueIn(m)
		if !m.Authoritative && q.cut(m) == q.name {
			z.parent = namesOf(m.Ns, q.name)
		}
		step.Detail("%s, for %s: %s", host, strings.TrimSuffix(above, "."), said(q, m))
		return nil
	}
	return err
}

// above are a few servers of the zone above.
func (p *probe) above(ctx context.Context, apex string) (hosts []string, name string, err error) {
	name = apex
	for range maxAbove {
		_, rest, ok := strings.Cut(strings.TrimSuffix(name, "."), ".")
		if !ok {
			rest = ""
		}
		q := ask(rest, dns.TypeNS)
		m, err := p.resolve(ctx, q)
		if err != nil {
			return nil, q.name, asResolve(q, err)
		}
		if hosts = namesOf(m.Answer, q.name); len(hosts) > 0 {
			return hosts[:min(len(hosts), maxParents)], q.name, nil
		}
		if name = q.name; name == "." {
			break
		}
	}
	return nil, name, failure.New(failure.Resolve, "not_found", "nobody says which name servers the zone above %s has", apex)
}

// locate finds the addresses of a zone's servers, as many as there is room for.
func (p *probe) locate(ctx context.Context, step *prober.Step, z *zone, room int) []*server {
	hosts := z.hosts()
	if z.left = len(hosts) - maxHosts; z.left > 0 {
		hosts = hosts[:maxHosts]
	}
	found := make([][]*server, len(hosts))
	errs := make([]error, len(hosts))
	fs := make([]func(), len(hosts))
	for i, host := range hosts {
		fs[i] = func() { found[i], errs[i] = p.addressesOf(ctx, step, z, host) }
	}
	prober.Parallel(fs...)
	z.lookedUp = map[string]error{}
	for i, host := range hosts {
		if errs[i] != nil {
			z.lookedUp[host] = errs[i]
		}
	}
	return fairly(found, room)
}

// fairly takes so many servers that every host has its first address before any has its second. What two hosts share is asked once.
func fairly(found [][]*server, room int) (all []*server) {
	for i := range maxAddresses {
		for _, list := range found {
			if i >= len(list) {
				continue
			}
			same := slices.IndexFunc(all, func(s *server) bool { return s.endpoint.Addr == list[i].endpoint.Addr })
			switch {
			case same >= 0:
				all[same].also = append(all[same].also, list[i].host)
			case len(all) < room:
				all = append(all, list[i])
			}
		}
	}
	slices.SortFunc(all, func(a, b *server) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// addressesOf are a host's: those that a look-up gives, else those that the zone above gave along.
func (p *probe) addressesOf(ctx context.Context, step *prober.Step, z *zone, host string) ([]*server, error) {
	res, err := p.run.Resolve(ctx, step, host+".")
	if err != nil {
		if len(z.glue[host]) == 0 {
			return nil, err
		}
		res = &wire.Resolution{Name: host, Addresses: z.glue[host]}
	}
	var list []*server
	for _, a := range res.Addresses {
		list = append(list, &server{
			host: host, named: z.namedBy(host),
			endpoint: prober.Endpoint{Addr: netip.AddrPortFrom(a, p.port()), From: res, Name: host, Elsewhere: true},
		})
	}
	slices.SortFunc(list, func(a, b *server) int { return a.endpoint.Addr.Compare(b.endpoint.Addr) }) // answers rotate
	return list, nil
}

// configured are the servers that the module names.
func (p *probe) configured(ctx context.Context) error {
	found := make([][]*server, len(p.Servers))
	var first error
	for i, text := range p.Servers {
		at, err := parseServer(text)
		if err != nil {
			return failure.New(failure.Internal, "error", "%w", err)
		}
		if at.port == 0 {
			at.port = p.port()
		}
		res, err := p.run.Resolve(ctx, nil, at.host)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		for _, a := range res.Addresses {
			e := prober.Endpoint{Addr: netip.AddrPortFrom(a, at.port), From: res, Name: at.host}
			found[i] = append(found[i], &server{host: at.host, named: namedBySettings, endpoint: e})
		}
	}
	p.servers = fairly(found, p.room())
	if len(p.servers) == 0 {
		return first
	}
	p.unresolved = first
	return nil
}

// countOf writes a number with what is counted.
func countOf(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
