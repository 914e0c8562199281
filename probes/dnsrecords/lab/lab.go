// Package lab is what the prober brings to the simulated site: name servers of a mail domain, the zone above, and the name server
// that the exporter itself asks. They are cases, because a domain has no port of its own at the site.
package lab

import (
	"fmt"
	"sync/atomic"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: "dns_records",
		Faults: []lab.Fault{
			{At: stale, Service: "stale." + lab.MailDomain, Panels: true, Alert: "EwsServiceFailing", Says: []string{"content/servers_differ", "Missing: TXT of proof.", "Serials: "}},
			{At: closedTCP, Service: "tcp." + lab.MailDomain, Panels: true, Long: true},
			{At: lame, Service: "lame." + lab.MailDomain, Panels: true, Long: true},
			{At: healthy, Service: "records." + lab.MailDomain, Panels: true},
		},
		Loads: []lab.Load{
			{About: "a mail domain with two name servers", At: healthy},
			{About: "with a record to expect", At: expected},
		},
		Least:   []string{everybody, "dns_records: {servers: [" + lab.Service + "]}"},
		Most:    []string{everybody, "dns_records: {servers: [" + lab.Service + "], records: [{name: autodiscover.mail.contoso.test, type: CNAME}]}"},
		Cases:   cases(),
		Meets:   meets(),
		Hostile: []lab.Group{answers()},
	}
}

// The cases that others refer to.
const (
	healthy   = "a healthy mail domain"
	expected  = "a record that all servers have"
	stale     = "a TXT record that one server lacks, whose copy is older"
	closedTCP = "a server that answers datagrams alone"
	lame      = "a server that refuses"
)

// proof is a record that proves who owns a domain.
const proof = `{name: proof.contoso.test, type: TXT, expect: token=AbCdEf}`

// serial is that of the zone where nobody is behind.
const serial = 2026112902

// copies are so many servers with the same copy.
func copies(n int) (list []*nameserver) {
	for range n {
		list = append(list, &nameserver{serial: serial})
	}
	return list
}

// beside are two good servers and another.
func beside(n *nameserver) []*nameserver { return append(copies(2), n) }

// everywhere are two servers with a copy of this kind.
func everywhere(with []string, without ...string) []*nameserver {
	return []*nameserver{{serial: serial, with: with, without: without}, {serial: serial, with: with, without: without}}
}

func row(name, reports string, s site) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: s.start}
}

// records is the setting of that name.
func records(list string) string { return "records: [" + list + "]" }

// as answers with another code.
func as(rcode int) func(usual, ask *dns.Msg) *dns.Msg {
	return func(_, ask *dns.Msg) *dns.Msg { return new(dns.Msg).SetRcode(ask, rcode) }
}

func cases() []lab.Case {
	old := &nameserver{serial: serial - 1, without: []string{"proof TXT"}}
	return append(append(servers(old), mail()...), found()...)
}

// servers are cases of who serves the zone, and how.
func servers(old *nameserver) []lab.Case {
	return []lab.Case{
		row(healthy, "success", site{servers: copies(2)}),
		row(expected, "success", site{servers: copies(2), settings: records(proof)}),
		row(stale, "content/servers_differ, dns_servers_differ", site{servers: beside(old), settings: records(proof)}),
		row("servers with one serial and two contents", "content/servers_differ, dns_servers_differ", site{
			servers: beside(&nameserver{serial: serial, without: []string{"mail A"}, with: []string{"mail A 192.0.2.26"}}), settings: records("{name: mail.contoso.test, type: A}"),
		}),
		row("copies with other serials and the same content", "success, dns_serials_differ", site{servers: beside(&nameserver{serial: serial - 1})}),
		row(lame, "status/server_lame, dns_server_lame", site{servers: beside(&nameserver{answer: as(dns.RcodeRefused)})}),
		row("a secondary whose copy has expired", "status/server_lame, dns_server_lame", site{servers: beside(&nameserver{answer: as(dns.RcodeServerFailure)})}),
		row("a resolver in place of a server", "status/server_lame, dns_server_lame", site{servers: beside(&nameserver{serial: serial, answer: func(usual, _ *dns.Msg) *dns.Msg {
			usual.Authoritative, usual.RecursionAvailable = false, true
			return usual
		}})}),
		row("a server that is down", "success, dns_server_silent", site{servers: beside(&nameserver{answer: func(_, _ *dns.Msg) *dns.Msg { return nil }, noTCP: true})}),
		row("a server that answers over TCP alone", "success, dns_server_silent", site{servers: beside(&nameserver{serial: serial, onlyTCP: true})}),
		row(closedTCP, "success, dns_tcp_blocked", site{servers: beside(&nameserver{serial: serial, noTCP: true})}),
		row("a server that knows no EDNS", "success, dns_edns_refused", site{servers: beside(&nameserver{serial: serial, answer: func(usual, ask *dns.Msg) *dns.Msg {
			if ask.IsEdns0() != nil {
				return new(dns.Msg).SetRcodeFormatError(ask)
			}
			return usual
		}})}),
		row("addresses that rotate", "success, dns_answers_vary", site{servers: rotating(), settings: records("{name: farm.contoso.test, type: A}")}),
		row("a long record, and no TCP", "success, dns_tcp_blocked", site{
			servers:  []*nameserver{{serial: serial, with: long(), noTCP: true}},
			settings: records("{name: long.contoso.test, type: TXT}"),
		}),
		row("a part of the domain that other servers have", "success", site{
			found: true, servers: everywhere([]string{"part NS ns.part", "ns.part A " + at(belowServers, 0).String()}), below: below(), others: []string{`record.part TXT "below"`},
			settings: records("{name: record.part.contoso.test, type: TXT, expect: below}"),
		}),
		row("a name that is an alias", "success, dns_alias_followed", site{servers: copies(2), settings: records("{name: alias.contoso.test, type: A, expect: 192.0.2.25}")}),
		row("the exporter's own name server inside", "success, dns_split_view", site{servers: copies(2), own: inside, settings: records("{name: mail.contoso.test, type: A, expect: 192.0.2.25}")}),
		row("a text with the quotes that were pasted along", "content/record_missing, dns_record_missing", site{
			servers: everywhere([]string{`proof TXT "\"token=AbCdEf\""`}, "proof TXT"), settings: records(proof),
		}),
	}
}

// rotating are servers that give another address each time.
func rotating() (list []*nameserver) {
	var turn atomic.Int32
	for _, n := range copies(2) {
		n.answer = func(usual, _ *dns.Msg) *dns.Msg {
			if usual.Question[0].Name == "farm."+apex {
				usual.Answer = parse([]string{fmt.Sprintf("farm A 192.0.2.%d", 100+turn.Add(1)%100)})
				usual.Rcode, usual.Ns = dns.RcodeSuccess, nil
			}
			return usual
		}
		list = append(list, n)
	}
	return list
}

// long is a record that does not fit a datagram.
func long() (list []string) {
	for i := range 12 {
		list = append(list, fmt.Sprintf(`long TXT "%d%0200d"`, i, i))
	}
	return list
}

// below serves part.contoso.test.
func below() *nameserver {
	return &nameserver{answer: func(_, ask *dns.Msg) *dns.Msg {
		zone := parse([]string{"part SOA ns.part hostmaster 5 3600 600 86400 300", "part NS ns.part", `record.part TXT "below"`})
		m := new(dns.Msg).SetReply(ask)
		m.Authoritative = true
		follow(m, zone, ask.Question[0].Name, ask.Question[0].Qtype)
		if len(m.Answer) == 0 {
			m.Ns = zone[:1]
		}
		return m
	}}
}

// inside says otherwise about the mail server.
func inside(usual, ask *dns.Msg) *dns.Msg {
	if q := ask.Question[0]; q.Name == "mail."+apex && q.Qtype == dns.TypeA {
		usual.Answer = parse([]string{"mail A 10.0.0.25"})
	}
	return usual
}

// mail are cases of what a mail domain needs.
func mail() []lab.Case {
	with := func(lines ...string) []string { return lines }
	return []lab.Case{
		row("an MX record that names a host without an address", "content/mx_unusable, mx_unusable", site{servers: everywhere(with("@ MX 10 gone"), "@ MX")}),
		row("MX records of which one names an alias", "success, mx_unusable", site{servers: everywhere(with("@ MX 20 alias"))}),
		row("a domain that takes no mail", "content/mx_unusable, mx_unusable", site{servers: everywhere(with("@ MX 0 ."), "@ MX")}),
		row("a domain without MX record and address", "content/mx_unusable, mx_unusable", site{servers: everywhere(nil, "@ MX")}),
		row("an alias for Autodiscover that leads nowhere", "success, autodiscover_record_wrong", site{servers: everywhere(with("autodiscover CNAME gone"), "autodiscover CNAME")}),
		row("a service record that names an alias", "success, autodiscover_record_wrong", site{servers: everywhere(with("_autodiscover._tcp SRV 0 0 443 alias"))}),
		row("a record for Autodiscover that is not what is expected", "success, autodiscover_record_wrong", site{
			servers: copies(2), settings: records("{name: autodiscover.contoso.test, type: CNAME, expect: autodiscover.outlook.com}"),
		}),
		row("two SPF records", "success, spf_invalid", site{servers: everywhere(with(`@ TXT "v=spf1 include:spf.protection.outlook.com -all"`))}),
		row("mail that goes to Exchange Online first", "success, mx_cloud", site{
			servers: everywhere(with("@ MX 10 contoso-test.mail.protection.outlook.com."), "@ MX"), others: with("contoso-test.mail.protection.outlook.com. A 192.0.2.200"),
		}),
		row("a domain with a web site alone", "success, mail_records_absent", site{
			servers: everywhere(with("@ A 192.0.2.80"), "@ MX", "@ TXT", "autodiscover CNAME", "_dmarc TXT"),
		}),
	}
}

// found are cases in which the servers are found as on the internet.
func found() []lab.Case {
	nowhere := "ff0e::1" // a group of hosts, to which no TCP goes, and from which nobody answers
	return []lab.Case{
		row("a domain whose servers are found", "success", site{servers: copies(2), found: true}),
		row("a proof of ownership that has not come to all servers", "content/servers_differ, dns_servers_differ", site{
			servers: beside(&nameserver{serial: serial - 1, without: []string{"proof TXT"}}), found: true, settings: records(proof),
		}),
		row("a zone above that names another server", "success, dns_delegation_differs", site{
			servers: copies(2), found: true, above: []string{"ns1." + apex, "ns2." + apex, "ns1.fabrikam.test."}, places: map[string]string{"ns1.fabrikam.test": at(zoneServers, 1).String()},
		}),
		row("a server that is named and does not exist", "status/server_lame, dns_server_lame, dns_delegation_differs", site{servers: copies(2), found: true, above: []string{"ns1." + apex, "ns9." + apex}}),
		row("a domain that does not exist", "resolve/not_found", site{servers: copies(1), found: true, own: as(dns.RcodeNameError)}),
		row("a domain of which the exporter's own name server fails to learn", "success", site{servers: copies(2), found: true, own: failing}),
		row("no way out for DNS", "success", site{
			servers: copies(2), found: true, policy: "allow: [127.0.0.0/8, '" + nowhere + "']",
			places: map[string]string{"ns1." + lab.MailDomain: nowhere, "ns2." + lab.MailDomain: nowhere},
		}),
	}
}

// failing fails for the domain and knows the zone above.
func failing(usual, ask *dns.Msg) *dns.Msg {
	if dns.IsSubDomain(apex, ask.Question[0].Name) {
		return new(dns.Msg).SetRcode(ask, dns.RcodeServerFailure)
	}
	return usual
}
