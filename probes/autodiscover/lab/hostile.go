package lab

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them.
func meets() []lab.Meeting {
	return []lab.Meeting{
		{Group: "Names"},
		{Group: "Connections"},
		{Group: "TLS handshakes"},
		{Group: "Certificates"},
		{Group: "Proxies on the way out"},
		{Group: "Responses: heads", But: map[string]string{
			"changes to another protocol (101)":                              "status/unexpected_status, bytes_after_response",
			"gives a good answer the status 201":                             "status/unexpected_status",
			"gives a good answer the status 202":                             "status/unexpected_status",
			"gives a good answer the status 203, as a proxy that changed it": "status/unexpected_status",
			"gives a good answer the status 206, as a part":                  "status/unexpected_status",
			"gives a good answer the status 500":                             "status/unexpected_status",
		}},
		{Group: "Responses: bodies", But: map[string]string{
			"sends a body without end":                         "content/not_autodiscover",
			"sends 100 MB, as it said":                         "content/not_autodiscover",
			"sends a body byte by byte":                        "receive/timeout",
			"sends less than it said, and closes":              "content/truncated",
			"sends less than it said, and waits":               "receive/timeout",
			"sends a good answer, and less of it than it said": "receive/closed",
			"sends a good answer without its last chunk":       "receive/closed",
			"says that a plain answer is deflated":             "content/malformed",
			"sends chunks of one byte without end":             "content/not_autodiscover",
			"closes before the last chunk":                     "content/not_autodiscover",
			"sends a compressed bomb, unasked":                 "content/malformed",
			"sends a body that only its own codec could read":  "content/not_autodiscover",
		}},
		{Group: "Documents", Usual: "content/malformed", But: map[string]string{
			"breaks off within the document":         "content/truncated",
			"sends a page for people":                "content/not_autodiscover",
			"sends another document":                 "content/not_autodiscover",
			"sends an empty body":                    "content/not_autodiscover",
			"answers in namespaces of its own":       "content/not_autodiscover",
			"puts a SOAP fault beside a good answer": "",
			"sends the answer to another question":   "",
		}},
		{Group: "Logons", But: map[string]string{
			"sends who has logged on elsewhere": "policy/redirect_not_allowed, autodiscover_redirect_not_allowed",
		}},
		{Group: "Tickets and tokens"},
		{Group: "Redirects", Usual: "policy/redirect_not_allowed, autodiscover_redirect_not_allowed", But: map[string]string{
			"redirects to where it was asked":                        "content/redirect_loop",
			"redirects on and on":                                    "content/too_many_redirects",
			"redirects to plain http":                                "policy/redirect_not_https",
			"redirects to a file":                                    "policy/redirect_not_https",
			"redirects to a name that leads to the metadata address": "policy/address_denied",
			"redirects to another path":                              "content/redirect_path, autodiscover_redirect_inherited",
			"redirects with a user and a password":                   "content/malformed_redirect",
			"redirects to a URL of 500 kB":                           "content/malformed_redirect",
			"redirects to nowhere":                                   "content/malformed_redirect",
		}},
	}
}

// pox is an answer by POX that is good.
const pox = `<Autodiscover><Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account><AccountType>email</AccountType><Action>settings</Action><Protocol><Type>EXPR</Type>` +
	`<EwsUrl>https://mail.contoso.test/EWS/Exchange.asmx</EwsUrl></Protocol></Account></Response></Autodiscover>`

// records are name servers that are asked for a mail domain of which only the service record is there.
func records() lab.Group {
	row := func(does, reports string, answer func(*dns.Msg) *dns.Msg) lab.Case {
		return lab.Case{Name: does, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
			address := script.Nameserver(t, func(ask *dns.Msg) *dns.Msg {
				if ask.Question[0].Qtype != dns.TypeSRV {
					return script.Code(dns.RcodeNameError)(ask)
				}
				return answer(ask)
			})
			return lab.Peer{
				Target: lab.MailAddress, Resolver: script.Resolver(address),
				Keys: []string{fmt.Sprintf("autodiscover: {methods: [pox], attempts: 1, nameserver: %q}", address)},
			}
		}}
	}
	return lab.Group{Title: "Names", Who: "the name server", Cases: []lab.Case{
		row("has no service record", "resolve/not_found", script.Code(dns.RcodeNameError)),
		row("never answers for the service record", "resolve/timeout", func(*dns.Msg) *dns.Msg { return nil }),
		row("has a service record that leads to a stranger", strange, script.Records(dns.TypeSRV, "SRV 0 0 443 mail.fabrikam.test.")),
		row("has 1,000 service records", "resolve/service_record, autodiscover_service_record", many),
	}}
}

// many answers with a thousand records.
func many(ask *dns.Msg) *dns.Msg {
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf("SRV 0 0 443 ex%d.contoso.test.", i))
	}
	return script.Records(dns.TypeSRV, all...)(ask)
}

// strange is what is reported of what leads out of the mail domain.
const strange = "policy/redirect_not_allowed, autodiscover_redirect_not_allowed"

// documents are answers to the version 2 look-up, which is in JSON.
func documents() lab.Group {
	row := func(does string, floods bool, begin, goOn string, times int) lab.Case {
		return lab.Case{Name: does, Want: lab.Reports("content/malformed"), Floods: floods, Start: func(t lab.TB) lab.Peer {
			p := script.HTTPS(t, script.Answers(script.Sized(begin+strings.Repeat(goOn, times))))
			p.Keys = []string{"autodiscover: {email: " + lab.MailAddress + ", methods: [json], attempts: 1}"}
			return p
		}}
	}
	return lab.Group{Title: "Documents", Who: "the peer", Cases: []lab.Case{
		row("nests 1,000,000 arrays of JSON", true, `{"Url":`, "[", 1_000_000),
		row("sends a text of 10 MB in JSON", true, `{"Protocol":"`, "x", 10<<20),
		row("sends numbers where JSON should have texts", false, `{"Protocol":1e999999999,"Url":[{}]}`, "", 0),
	}}
}

// redirects are answers to a look-up by POX that lead to another way to go on.
func redirects() lab.Group {
	row := func(does, reports, action, element, value string) lab.Case {
		return lab.Case{Name: does, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
			p := script.HTTPS(t, script.Answers(script.Sized("<Autodiscover><Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\"><Account><Action>"+
				action+"</Action><"+element+">"+value+"</"+element+"></Account></Response></Autodiscover>")))
			p.Keys = least()
			return p
		}}
	}
	return lab.Group{Title: "Redirects", Who: "the peer", Cases: []lab.Case{
		row("sends the look-up back to its own address", "content/redirect_loop", "redirectAddr", "RedirectAddr", lab.MailAddress),
		row("sends the look-up to a stranger's address", strange, "redirectAddr", "RedirectAddr", "probe@fabrikam.test"),
		row("sends the look-up to plain http", "policy/redirect_not_https", "redirectUrl", "RedirectUrl", "http://mail.contoso.test/autodiscover/autodiscover.xml"),
		row("sends the look-up nowhere", "content/malformed", "redirectUrl", "RedirectUrl", ""),
	}}
}

// least are the keys of a module that asks once for the settings of an address.
func least() []string {
	return []string{"autodiscover: {email: " + lab.MailAddress + ", methods: [pox], attempts: 1}"}
}
