package dnsrecords

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Settings are what a module of this prober can set.
type Settings struct {
	Records    []Record `yaml:"records"`     // that every server is to have
	MailDomain bool     `yaml:"mail_domain"` // look at what a mail domain needs too
	Servers    []string `yaml:"servers"`     // host or host:port; empty: those of the zone
	Nameserver string   `yaml:"nameserver"`  // the recursive one to ask; empty: the system's
}

// Record is one that every server is to have.
type Record struct {
	Name   string `yaml:"name"`
	Type   string `yaml:"type"`
	Expect string `yaml:"expect"` // of one record, as text; strings of a TXT record joined. Empty: any
}

func defaults() *Settings { return &Settings{MailDomain: true} }

const (
	maxAddresses = 16 // of name servers that are asked
	maxRecords   = 12 // so that what is asked of many servers fits into the bound on datagrams
	maxExpect    = 4096
)

// types are those that may be asked for: all that hold data of a name. Those that stand for many, or for none, may not.
var types = []string{"A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV", "SVCB", "TLSA", "TXT"}

// Check implements prober.Prober. It brings names and types into their normal spelling.
func (s *Settings) Check(report func(field, problem string)) {
	if len(s.Records) > maxRecords {
		report("records", fmt.Sprintf("%d entries: at most %d", len(s.Records), maxRecords))
	}
	for i := range s.Records {
		s.checkRecord(i, report)
	}
	if len(s.Servers) > maxAddresses {
		report("servers", fmt.Sprintf("%d entries: at most %d", len(s.Servers), maxAddresses))
	}
	for i, text := range s.Servers {
		server, err := parseServer(text)
		switch {
		case err != nil:
			report(fmt.Sprintf("servers[%d]", i), err.Error())
		case slices.Contains(s.Servers[:i], server.String()):
			report(fmt.Sprintf("servers[%d]", i), fmt.Sprintf("%.64q is there already", text))
		default:
			s.Servers[i] = server.String()
		}
	}
	if s.Nameserver != "" {
		if _, err := parseNameserver(s.Nameserver); err != nil {
			report("nameserver", err.Error())
		}
	}
	if len(s.Records) == 0 && !s.MailDomain {
		report("records", "needs one entry at least where mail_domain is false: nothing would be asked for")
	}
}

func (s *Settings) checkRecord(i int, report func(field, problem string)) {
	r, field := &s.Records[i], fmt.Sprintf("records[%d]", i)
	r.Type = strings.ToUpper(r.Type)
	if !slices.Contains(types, r.Type) {
		report(field+".type", suggest.OneOf(r.Type, types))
		return
	}
	name, address, err := target.ParseHost(strings.TrimSuffix(r.Name, "."))
	switch {
	case err != nil:
		report(field+".name", err.Error())
		return
	case address.IsValid():
		report(field+".name", "is an address, and a record has a name")
		return
	}
	r.Name = name
	if _, err := expectation(*r); err != nil {
		report(field+".expect", err.Error())
	}
	if slices.ContainsFunc(s.Records[:i], func(o Record) bool { return o.Name == r.Name && o.Type == r.Type && o.Expect == r.Expect }) {
		report(field, fmt.Sprintf("%s %s is there already", r.Name, r.Type))
	}
}

// expectation is what is expected in the form in which records are compared; empty for any.
func expectation(r Record) (string, error) {
	switch {
	case r.Expect == "":
		return "", nil
	case len(r.Expect) > maxExpect:
		return "", fmt.Errorf("%d bytes: at most %d", len(r.Expect), maxExpect)
	case r.Type == "TXT":
		return r.Expect, nil
	case strings.ContainsAny(r.Expect, "\r\n"):
		return "", errors.New("is more than one line")
	}
	rr, err := dns.NewRR(r.Name + ". 0 IN " + r.Type + " " + r.Expect)
	if err != nil || rr == nil {
		return "", fmt.Errorf("%.64q is not what a record of type %s holds, as in a zone file: %s", r.Expect, r.Type, examples[r.Type])
	}
	return canonical(rr), nil
}

// examples are what records hold, for messages.
var examples = map[string]string{
	"A": "192.0.2.1", "AAAA": "2001:db8::1", "CAA": `0 issue "ca.example"`, "CNAME": "mail.contoso.com", "MX": "10 mail.contoso.com",
	"NS": "ns1.contoso.com", "PTR": "mail.contoso.com", "SRV": "0 0 443 mail.contoso.com",
}

// dnsPort is that of name servers (RFC 1035 section 4.2).
const dnsPort = 53

// place is a host with the port that is written behind it; 0 for none.
type place struct {
	host string
	port uint16
}

func (p place) String() string {
	if p.port == 0 {
		return p.host
	}
	return net.JoinHostPort(p.host, fmt.Sprint(p.port))
}

// parseServer reads host or host:port.
func parseServer(text string) (place, error) {
	t, err := target.ParseAs("dns", strings.TrimSuffix(text, "."), "")
	switch {
	case err != nil:
		return place{}, err
	case t.Path != "" || strings.Contains(text, "/"):
		return place{}, fmt.Errorf("%.64q is neither a host nor a host and its port", text)
	case t.Port == dnsPort:
		return place{host: t.Host}, nil
	}
	return place{t.Host, t.Port}, nil
}

// parseNameserver reads an address with or without a port.
func parseNameserver(text string) (netip.AddrPort, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return netip.AddrPortFrom(a.Unmap(), dnsPort), nil
	}
	a, err := netip.ParseAddrPort(text)
	if err != nil || a.Port() == 0 {
		return a, fmt.Errorf("%.64q is not an address with or without a port, as in 192.0.2.53 or [2001:db8::53]:5353", text)
	}
	return a, nil
}

// Need implements prober.Prober: questions go to one address ten times a second.
func (s *Settings) Need() time.Duration {
	return 2*time.Second + time.Duration(len(s.questions("contoso.com")))*pace
}

// Paths implements prober.Prober: nothing is requested.
func (s *Settings) Paths() []string { return nil }

// WantsTargets implements prober.Bound: whoever asks chooses the domain, and its servers did not ask for the questions.
func (s *Settings) WantsTargets() string {
	return "the questions that it sends to the name servers of any domain"
}

// Plan implements prober.Prober.
func (s *Settings) Plan(bool) []string {
	steps := []string{stepQuestion, stepTCP}
	if len(s.Servers) == 0 {
		steps = append([]string{stepDelegation}, steps...)
	}
	return steps
}

// Aim implements prober.Aimer: the target is a domain, or a mail address in it. A port behind it is that of its name servers,
// which have none in DNS.
func (s *Settings) Aim(raw, hostname string) (prober.Aim, error) {
	domain := raw
	if local, after, ok := strings.Cut(raw, "@"); ok && local != "" {
		domain = after
	}
	t, err := target.ParseAs("dns", domain, "")
	switch {
	case err != nil:
		return prober.Aim{}, err
	case t.Addr.IsValid():
		return prober.Aim{}, errors.New("the target is an address: write a domain, and the servers to ask in the module's servers")
	case hostname != "":
		return prober.Aim{}, errors.New("a hostname goes with a host as target, and the target is a domain")
	case t.Port < 1024 && t.Port != dnsPort:
		return prober.Aim{}, fmt.Errorf("the target is a domain, and port %d is that of another service than DNS: leave it out", t.Port)
	}
	for _, r := range s.Records {
		if !dns.IsSubDomain(t.Host+".", r.Name+".") {
			return prober.Aim{}, fmt.Errorf("the module has a record of %s, which is not in the domain %s: use a module of its own for each domain", r.Name, t.Host)
		}
	}
	t.Raw = raw
	return prober.Aim{Target: t}, nil
}
