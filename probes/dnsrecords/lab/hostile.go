package lab

import (
	"fmt"
	"net"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them.
func meets() []lab.Meeting {
	return []lab.Meeting{{
		Group: "Names", Keys: []string{everybody, "dns_records: {servers: [" + lab.Service + "]}"},
		But: map[string]string{ // what leads to a port of other services, to targets of its own, or to one address among many
			"gives the exporter's own address":                                   "",
			"gives an address that is none of the module's targets":              "",
			"knows an address of a family without a route, and one of the other": "",
			"gives 1,000 addresses":                                              "",
		},
	}}
}

// alone is the only server of the domain, in a site that is asked for one record.
func alone(n *nameserver) site {
	return site{servers: []*nameserver{n}, settings: "mail_domain: false, " + records(proof)}
}

// changed is a server whose answers are not what they should be.
func changed(change func(usual, ask *dns.Msg)) site {
	return alone(&nameserver{serial: serial, answer: func(usual, ask *dns.Msg) *dns.Msg {
		change(usual, ask)
		return usual
	}})
}

// about changes answers about the record alone.
func about(change func(usual *dns.Msg)) site {
	return changed(func(usual, ask *dns.Msg) {
		if ask.Question[0].Qtype == dns.TypeTXT {
			change(usual)
		}
	})
}

// answers are what a server may say that is none, or too much.
func answers() lab.Group {
	return lab.Group{Title: "Name servers that are asked themselves", Who: "the server", Cases: []lab.Case{
		row("answers with another id", "receive/malformed", changed(func(usual, _ *dns.Msg) { usual.Id++ })),
		row("answers another question", "receive/malformed", changed(func(usual, _ *dns.Msg) { usual.Question[0].Name = "www." + apex })),
		row("answers without a question", "receive/malformed", changed(func(usual, _ *dns.Msg) { usual.Question = nil })),
		row("sends the question back", "receive/malformed", changed(func(usual, _ *dns.Msg) { usual.Response = false })),
		row("says over TCP too that its answer does not fit", "receive/truncated", changed(func(usual, _ *dns.Msg) { usual.Truncated = true })),
		row("answers from another port", "receive/timeout", alone(&nameserver{raw: fromElsewhere, noTCP: true})),
		row("sends a name that leads to itself (a compression loop)", "receive/malformed", alone(&nameserver{raw: looping})),
		row("sends garbage", "receive/malformed", alone(&nameserver{raw: func(w dns.ResponseWriter, _ *dns.Msg) { _, _ = w.Write([]byte("\xff\xff garbage")) }})),
		row("sends 64 KiB of records", "content/record_missing, dns_record_missing", about(func(usual *dns.Msg) { usual.Answer = parse(many(230)) })),
		floods(row("sends records that say long names by two bytes, over TCP", "receive/malformed", site{servers: crowd(12, swollen(false))})),
		floods(row("sends records that say long names by two bytes, in datagrams", "receive/malformed", site{servers: crowd(12, swollen(true))})),
		floods(row("sends a text of 65,000 empty strings", "success", site{servers: crowd(12, hollow)})),
		row("sends names and texts that drive terminals", "content/record_missing, dns_record_missing", changed(func(usual, ask *dns.Msg) {
			if ask.Question[0].Qtype == dns.TypeTXT {
				usual.Answer = parse([]string{`proof TXT "\027[2J\226\128\174 \194\155 owned"`, `proof CNAME \027[2J\226\128\174`})
			}
			usual.Ns = append(usual.Ns, parse([]string{`@ NS ns\027[2J\226\128\174`})...)
		})),
		row("claims 1,000 name servers", "status/server_lame, dns_server_lame", site{servers: copies(2), found: true, own: thousand, above: []string{"ns1." + apex, "ns2." + apex}}),
		row("refers to 1,000 servers of a part", "success", site{servers: everywhere(thousandBelow()), settings: "mail_domain: false, " + records("{name: x.part.contoso.test, type: TXT}")}),
		row("names itself as an alias", "success", failingBeside(about(func(usual *dns.Msg) { usual.Answer = parse([]string{"proof CNAME proof"}) }))),
		row("answers with records of other names", "content/record_missing, dns_record_missing", about(func(usual *dns.Msg) { usual.Answer = parse([]string{`other TXT "token=AbCdEf"`}) })),
		row("names inside addresses", "policy/address_not_allowed", site{
			servers: copies(1), found: true, places: map[string]string{"ns1." + lab.MailDomain: "10.6.6.6"},
		}),
		row("names the clouds' metadata address", "policy/address_denied", site{
			servers: copies(1), found: true, places: map[string]string{"ns1." + lab.MailDomain: "169.254.169.254"},
		}),
	}}
}

// floods has the memory watched that a row costs.
func floods(c lab.Case) lab.Case {
	c.Floods = true
	return c
}

// failingBeside has the exporter's own name server fail too.
func failingBeside(s site) site {
	s.own = as(dns.RcodeServerFailure)
	return s
}

// fromElsewhere answers from a port that was not asked.
func fromElsewhere(w dns.ResponseWriter, ask *dns.Msg) {
	packed, err := authority((&nameserver{serial: serial}).zone(1), ask).Pack()
	if err != nil {
		return
	}
	conn, err := net.Dial("udp", w.RemoteAddr().String()) //nolint:noctx // a datagram does not wait
	if err != nil {
		return
	}
	_, _ = conn.Write(packed)
	_ = conn.Close()
}

// looping answers with a record whose name is a pointer to itself (RFC 1035 section 4.1.4).
func looping(w dns.ResponseWriter, ask *dns.Msg) {
	m := new(dns.Msg).SetReply(ask)
	packed, err := m.Pack()
	if err != nil {
		return
	}
	packed[7] = 1 // one answer
	here := len(packed)
	packed = append(packed, byte(0xc0|here>>8), byte(here), 0, 16, 0, 1, 0, 0, 0, 60, 0, 2, 1, 'x')
	_, _ = w.Write(packed)
}

func many(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(`proof TXT "%d%s"`, i, strings.Repeat("x", 250)))
	}
	return list
}

// thousand names a thousand servers of the domain.
func thousand(usual, ask *dns.Msg) *dns.Msg {
	if q := ask.Question[0]; q.Name == apex && q.Qtype == dns.TypeNS {
		for i := range 1000 {
			usual.Answer = append(usual.Answer, parse([]string{fmt.Sprintf("@ NS ns%d", i+1)})...)
		}
	}
	return usual
}

func thousandBelow() (list []string) {
	for i := range 1000 {
		list = append(list, fmt.Sprintf("part NS ns%d.part", i))
	}
	return list
}
