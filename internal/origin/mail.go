package origin

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

// Mail is what IdentifyMail looks at: what a mail server said of itself.
type Mail struct {
	Greeting smtp.Reply        // the zero one while none came
	Hello    smtp.Reply        // its last answer to EHLO
	Offers   smtp.Capabilities // over all of its answers
}

// mailRule is one sign of who speaks SMTP, see rule.
type mailRule struct {
	name    string
	kind    Kind
	product string
	looks   string
	source  string
	match   func(m *Mail) string // what it saw, for a person; nothing when it does not match
}

// Sources of the rules for SMTP.
const (
	learnConnectors = "Microsoft Learn, “Receive connectors”, permissions; “Use Telnet to test SMTP communication on Exchange servers”"
	ciscoInspection = "Cisco ASA CLI guide, “Defaults for ESMTP Inspection”"
)

// mailRules is the table for SMTP. Its order carries meaning: what only Exchange offers comes first, for a firewall that
// masks part of what a server says does not take its identity; then what a firewall wrote over; then the names that
// servers give themselves, which anybody can set. Exchange's greeting alone therefore proves nothing.
var mailRules = []mailRule{
	{"exchange-smtp-extension", Exchange, "", "`X-ANONYMOUSTLS`, `X-EXPS` or `XRDST` in the answer to EHLO", learnConnectors,
		offers("x-anonymoustls", "x-exps", "xrdst")},
	{"cisco-masked-greeting", Middlebox, "cisco", "a greeting of asterisks, blanks and the digits 2 and 0",
		ciscoInspection + "; AppRiver knowledge base 238, “PIX Mailguard”", maskedGreeting},
	{"smtp-masked-lines", Middlebox, "", "lines of `XXXX…` in the answer to EHLO", ciscoInspection, maskedLines},
	{"postfix-greeting", MailServer, "postfix", "a greeting with `ESMTP Postfix`", "Postfix, postconf(5), smtpd_banner", greets("esmtp postfix")},
	{"exim-greeting", MailServer, "exim", "a greeting with `ESMTP Exim`", "Exim specification, smtp_banner", greets("esmtp exim")},
	{"sendmail-greeting", MailServer, "sendmail", "a greeting with `ESMTP Sendmail`", "Sendmail Installation and Operation Guide, SmtpGreetingMessage", greets("esmtp sendmail")},
	{"exchange-greeting", Unknown, "", "a greeting with `Microsoft ESMTP MAIL Service`, and none of the signs above",
		"Microsoft Learn, “Modify the SMTP banner on Receive connectors”: it can be set", exchangeGreeting},
}

// IdentifyMail reads who speaks SMTP. Server is empty: a greeting names a host, and Product says what the rules know.
func IdentifyMail(m *Mail) Origin {
	for i := range mailRules {
		r := &mailRules[i]
		if evidence := r.match(m); evidence != "" {
			o := Origin{Kind: r.kind, Rule: r.name, Evidence: evidence}
			if r.kind != Unknown {
				o.Product = r.product
			}
			return o
		}
	}
	return Origin{Kind: Unknown}
}

func offers(names ...string) func(*Mail) string {
	return func(m *Mail) string {
		var found []string
		for _, name := range names {
			if m.Offers.Has(name) {
				found = append(found, strings.ToUpper(name))
			}
		}
		if len(found) == 0 {
			return ""
		}
		return "the extensions " + strings.Join(found, ", ")
	}
}

func maskedGreeting(m *Mail) string {
	if !smtp.MaskedGreeting(m.Greeting) {
		return ""
	}
	return "a greeting of asterisks"
}

func maskedLines(m *Mail) string {
	masked := smtp.MaskedLines(m.Hello)
	if len(masked) == 0 {
		return ""
	}
	return "lines of X in the answer to EHLO"
}

func greets(text string) func(*Mail) string {
	return func(m *Mail) string {
		if !slices.ContainsFunc(m.Greeting.Lines, func(line string) bool { return strings.Contains(strings.ToLower(line), text) }) {
			return ""
		}
		return "a greeting with " + text
	}
}

func exchangeGreeting(m *Mail) string {
	if greets("microsoft esmtp mail service")(m) == "" {
		return ""
	}
	return "the greeting is Exchange's, which anybody can set, and nothing is offered that only Exchange offers"
}
