package lab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// site is a mail domain with its name servers, the zone above, and the exporter's own name server.
type site struct {
	servers  []*nameserver
	settings string                             // beside servers and nameserver
	found    bool                               // the servers are found as on the internet, and not named by the module
	above    []string                           // hosts that the zone above names; nil: all servers
	others   []string                           // records that other zones have, as in a zone file
	own      func(usual, ask *dns.Msg) *dns.Msg // changes what the exporter's own name server says
	below    *nameserver                        // serves part.contoso.test
	places   map[string]string                  // where hosts are, beside the servers themselves
	policy   string                             // as lab.Peer has it
}

// start starts it all on one port and gives how it is probed.
func (s site) start(t lab.TB) lab.Peer {
	t.Helper()
	var err error
	for range 10 { // a port that is free at one address need not be at another
		l := &listeners{meter: &lab.Meter{}}
		if err = s.listen(l); err == nil {
			t.Cleanup(l.close)
			return s.peer(l)
		}
		l.close()
	}
	t.Fatalf("starting name servers: %v", err)
	return lab.Peer{}
}

func (s site) listen(l *listeners) error {
	own := func(w dns.ResponseWriter, ask *dns.Msg) { write(w, ask, s.recursive(ask)) }
	if err := l.serve(at(ownServers, 0), true, true, own); err != nil {
		return err
	}
	above := func(w dns.ResponseWriter, ask *dns.Msg) { write(w, ask, s.delegation(ask)) }
	if err := l.serve(at(parentServers, 0), false, true, above); err != nil {
		return err
	}
	for i, n := range s.servers {
		if err := l.serve(at(zoneServers, i), !n.noTCP, !n.onlyTCP, n.handle(len(s.servers))); err != nil {
			return err
		}
	}
	if s.below != nil {
		return l.serve(at(belowServers, 0), true, true, s.below.handle(len(s.servers)))
	}
	return nil
}

func (n *nameserver) handle(servers int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, ask *dns.Msg) {
		if n.raw != nil {
			n.raw(w, ask)
			return
		}
		write(w, ask, n.respond(servers, ask))
	}
}

// peer is the domain as it is probed.
func (s site) peer(l *listeners) lab.Peer {
	settings := []string{fmt.Sprintf("nameserver: %q", netip.AddrPortFrom(at(ownServers, 0), l.port))}
	target := lab.MailDomain
	if s.found {
		target = fmt.Sprintf("%s:%d", target, l.port)
	} else {
		var list []string
		for i := range s.servers {
			list = append(list, fmt.Sprintf("%q", netip.AddrPortFrom(at(zoneServers, i), l.port)))
		}
		settings = append(settings, "servers: ["+strings.Join(list, ", ")+"]")
	}
	if s.settings != "" {
		settings = append(settings, s.settings)
	}
	return lab.Peer{
		Target: target, Server: target, Resolver: s, Cost: l.meter.Read,
		Policy: s.policy, Keys: []string{"timeout: 20s", targets, "dns_records: {" + strings.Join(settings, ", ") + "}"},
	}
}

// Keys of modules that may be asked for the mail domain, and for whatever is below it.
const (
	targets   = "targets: [" + lab.MailDomain + "]"
	everybody = "targets: ['*." + lab.MailDomain + "', 192.0.2.0/24]"
)

// recursive is what the exporter's own name server says: what the first server has, and what others have.
func (s site) recursive(ask *dns.Msg) *dns.Msg {
	q := ask.Question[0]
	zone := append((&nameserver{serial: 7}).zone(len(s.servers)), parse(s.others)...)
	if len(s.servers) > 0 {
		zone = append(s.servers[0].zone(len(s.servers)), parse(s.others)...)
	}
	m := new(dns.Msg).SetReply(ask)
	m.RecursionAvailable = true
	if q.Name == "test." && q.Qtype == dns.TypeNS {
		m.Answer = parse([]string{"test. NS a.nic.test."})
	} else {
		follow(m, zone, q.Name, q.Qtype)
	}
	if len(m.Answer) == 0 {
		m.Ns = of(zone, apex, dns.TypeSOA)
		if len(of(zone, q.Name, dns.TypeANY)) == 0 {
			m.Rcode = dns.RcodeNameError
		}
	}
	if s.own != nil {
		return s.own(m, ask)
	}
	return m
}

// delegation is what the zone above says.
func (s site) delegation(ask *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(ask)
	hosts := s.above
	if hosts == nil {
		for i := range s.servers {
			hosts = append(hosts, fmt.Sprintf("ns%d.%s", i+1, apex))
		}
	}
	for _, host := range hosts {
		m.Ns = append(m.Ns, parse([]string{"@ NS " + host})...)
	}
	return m
}

// LookupNetIP implements lab.Resolver.
func (s site) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	name = strings.TrimSuffix(name, ".")
	if place, ok := s.places[name]; ok {
		return []netip.Addr{netip.MustParseAddr(place)}, nil
	}
	for i := range s.servers {
		if name == fmt.Sprintf("ns%d.%s", i+1, lab.MailDomain) {
			return []netip.Addr{at(zoneServers, i)}, nil
		}
	}
	if name == "a.nic.test" {
		return []netip.Addr{at(parentServers, 0)}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}
