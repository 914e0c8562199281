package autodiscover

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// The severities, for short.
const (
	failing = result.Error
	warning = result.Warning
	info    = result.Info
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:    "autodiscover",
	Summary: "Does Autodiscover answer every time, from which way and which server, and with the right URLs?",
	Advice:  book,
	Serves:  advice.EWS.At("/Autodiscover", "Default Web Site/Autodiscover", "/autodiscover/healthcheck.htm"),
	New:     func() prober.Prober { return defaults() },
	Account: &prober.Account{Mailbox: true},
	Paths:   []prober.Path{{Way: prober.ByDomain}, {Way: prober.ByServer, Hostname: true}},
	Piece:   successesMetric,
	Steps:   steps(),
	Reasons: []failure.Reason{
		{Stage: failure.Auth, Reason: reasonLogonRequired, Help: "The endpoint asks for a logon, and none may be made there: the module has no auth, or it is the mail domain's own host."},
		{Stage: failure.Policy, Reason: autodiscover.NotAllowed, Help: "A redirect leads outside of the mail domain and of redirect_domains; it was not followed."},
		{Stage: failure.Policy, Reason: autodiscover.NotHTTPS, Help: "A redirect leads to something other than https; it was not followed."},
		{Stage: failure.Content, Reason: autodiscover.TooMany, Help: "There were more than 10 redirects."},
		{Stage: failure.Content, Reason: autodiscover.Loop, Help: "A redirect leads where the look-up has been."},
		{Stage: failure.Content, Reason: autodiscover.WrongPath, Help: "A redirect leads to a path that is not Autodiscover's."},
		{Stage: failure.Content, Reason: autodiscover.Unreadable, Help: "A redirect leads to something that is no URL or no mail address."},
		{Stage: failure.Status, Reason: reasonStatus, Help: "An endpoint answered with a status that is neither success nor redirect."},
		prober.LogonPage,
		{Stage: failure.Status, Reason: reasonNoRedirect, Help: "The plain http request was not answered with a redirect."},
		{Stage: failure.Content, Reason: reasonService, Help: "The service answered with an error of its own, such as 500, the address is not known."},
		{Stage: failure.Content, Reason: reasonForeign, Help: "What came is no Autodiscover answer: a page, another document, or nothing."},
		{Stage: failure.Content, Reason: reasonNotExchange, Help: "An Autodiscover answer has settings of other services alone, such as a web hoster's for IMAP and SMTP."},
		{Stage: failure.Resolve, Reason: reasonServiceRecord, Help: "No way leads to Autodiscover, and the service record leads nowhere: to an address, a host that does not exist, port 0, or no host at all."},
		{Stage: failure.Content, Reason: reasonTruncated, Help: "The answer breaks off."},
		{Stage: failure.Content, Reason: reasonMalformed, Help: "The answer cannot be read, or breaks the bounds."},
		{Stage: failure.Content, Reason: reasonWrongURL, Help: "An expected URL was not returned."},
	},
	Metrics: []*result.Metric{attemptsMetric, successesMetric, wayMetric, urlMetric, differingMetric, expectedMetric, expectationMetric, answersMetric, answerMetric},
	Findings: []prober.Finding{
		{Code: Intermittent, Severity: failing, Summary: "Of several attempts some were answered, and some were not."},
		{Code: WrongURL, Severity: failing, Summary: "An answer has another URL than expected, or lacks it."},
		{Code: AnswersDiffer, Severity: warning, Summary: "Attempts by one method got different settings."},
		{Code: RedirectNotAllowed, Severity: failing, Summary: "A redirect leads outside of the mail domain (a warning when another way answered; info when it leads to Exchange Online)."},
		{Code: CertificateName, Severity: failing, Summary: "The certificate at autodiscover.DOMAIN is for other names (a warning when another way answered)."},
		{Code: JSONBlocked, Severity: failing, Summary: "autodiscover.json is refused by something in front of Exchange."},
		{Code: EWSUnreachable, Severity: warning, Summary: "An EWS URL that was returned does not lead to Exchange (with follow_up)."},
		{Code: NotExchange, Severity: failing, Summary: "An answer has settings of other services alone, such as a web hoster's for IMAP and SMTP (a warning when another way answered)."},
		{Code: DomainCertificate, Severity: failing, Summary: "The certificate at the mail domain's own host is for other names, or out of date (a warning when another way answered)."},
		{Code: ServiceRecord, Severity: failing, Summary: "The service record leads nowhere (a warning when something else answered)."},
		{Code: RedirectInherited, Severity: failing, Summary: "Autodiscover's path redirects to a page for people, as a redirect that is inherited from the web site does (a warning when another way answered)."},
		{Code: PathSpelling, Severity: failing, Summary: "Of two spellings of Autodiscover's path that clients use, one reaches Exchange and one does not (a warning when it is not the probe's own)."},
		{Code: ServerDiffers, Severity: info, Summary: "Outlook Anywhere's host, which a cmdlet for mailbox moves goes on with, is not that of the EWS URL."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingBytesAfterResponse,
	},
	Dashboard: panels,
	Example:   example,
}

// Codes of this prober's findings.
const (
	Intermittent       = "autodiscover_intermittent"
	WrongURL           = "autodiscover_wrong_url"
	AnswersDiffer      = "autodiscover_answers_differ"
	RedirectNotAllowed = "autodiscover_redirect_not_allowed"
	CertificateName    = "autodiscover_certificate_name"
	JSONBlocked        = "autodiscover_json_blocked"
	EWSUnreachable     = "autodiscover_ews_unreachable"
	NotExchange        = "autodiscover_not_exchange"
	DomainCertificate  = "autodiscover_domain_certificate"
	ServiceRecord      = "autodiscover_service_record"
	RedirectInherited  = "autodiscover_redirect_inherited"
	PathSpelling       = "autodiscover_path_spelling"
	ServerDiffers      = "autodiscover_server_differs"
)

// Reasons beside those of package autodiscover's Refusal.
const (
	reasonLogonRequired = "logon_required"
	reasonStatus        = "unexpected_status"
	reasonNoRedirect    = "no_redirect"
	reasonService       = "service_error"
	reasonForeign       = "not_autodiscover"
	reasonNotExchange   = "not_exchange"
	reasonServiceRecord = "service_record"
	reasonTruncated     = "truncated"
	reasonMalformed     = "malformed"
	reasonWrongURL      = "wrong_url"
)

// The ways of a look-up, in order (Microsoft Learn, "Autodiscover for Exchange"), and the one endpoint that is asked
// directly.
const (
	wayDomain       = "domain"
	wayAutodiscover = "autodiscover"
	wayRedirect     = "redirect"
	waySRV          = "srv"
	wayDirect       = "direct"
)

var lookUpWays = []string{wayDomain, wayAutodiscover, wayRedirect, waySRV}

// Steps after the look-ups.
const (
	followUp = "follow_up" // reaches the URLs returned
	spelling = "spelling"  // asks by another spelling of the path
)

func steps() []prober.StepHelp {
	var list []prober.StepHelp
	parts := []prober.StepHelp{
		{Name: "resolve", Help: "look the host up"},
		{Name: "connect", Help: "open a TCP connection"},
		{Name: "tls", Help: "secure it and verify the certificate"},
		{Name: "logon", Help: "learn which schemes are offered, and prepare the answer (with an auth, where its targets name the host)"},
		{Name: "request", Help: "ask, and read the answer"},
	}
	help := map[string]string{
		wayDomain:       "ask the mail domain's own host, over https",
		wayAutodiscover: "ask autodiscover.DOMAIN, over https",
		wayRedirect:     "ask http://autodiscover.DOMAIN, without secrets, for a redirect, and follow it over https",
		waySRV:          "look up _autodiscover._tcp.DOMAIN, and ask the hosts that it names",
		wayDirect:       "ask the target itself",
	}
	for _, m := range Methods {
		list = append(list, prober.StepHelp{Name: m, Help: "one attempt by method " + m + ": the ways in order, until one answers"})
		for _, way := range append(append([]string{}, lookUpWays...), wayDirect) {
			name := m + "." + way
			list = append(list, prober.StepHelp{Name: name, Help: help[way]})
			if way == waySRV {
				list = append(list, prober.StepHelp{Name: name + ".lookup", Help: "ask the name server for the service record"})
			}
			for _, p := range parts {
				if p.Name != "logon" || logsOn(m) {
					list = append(list, prober.StepHelp{Name: name + "." + p.Name, Help: p.Help})
				}
			}
		}
	}
	for _, after := range []prober.StepHelp{
		{Name: spelling, Help: "ask for the document in another spelling of its path, without logon (with spellings)"},
		{Name: followUp, Help: "reach an EWS URL that was returned, without logon (with follow_up)"},
	} {
		list = append(list, after)
		for _, p := range parts {
			if p.Name != "logon" {
				list = append(list, prober.StepHelp{Name: after.Name + "." + p.Name, Help: p.Help})
			}
		}
	}
	return list
}
