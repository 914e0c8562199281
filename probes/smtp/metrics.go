package smtp

import (
	"github.com/ews-exporter/ews_exporter/internal/result"
)

var (
	greetingSeconds = &result.Metric{
		Name: "probe_smtp_greeting_seconds", Help: "From when the connection was there (with security: implicit, its TLS) to the greeting's last line.", Presence: "a greeting came whole",
	}
	capabilityOffered = &result.Metric{
		Name: "probe_smtp_capability", Help: "Whether the server offers a capability, before TLS or over it: a closed list, in lower case.",
		Labels: []string{"capability"}, Own: []string{"capability"}, Presence: "EHLO was answered with 250",
	}
	statusCode = &result.Metric{
		Name: "probe_smtp_status_code", Help: "The code of the greeting, or of the last reply to a command: `greeting`, `ehlo`, `starttls`, `mail`, `rcpt`.",
		Labels: []string{"command"}, Own: []string{"command"}, Presence: "it was answered",
	}
	mailSeconds = &result.Metric{
		Name: "probe_smtp_mail_seconds", Help: "How long MAIL FROM took to be answered: Exchange delays it under back pressure.", Presence: "with `mail_from`, and it was answered",
	}
)

// capabilities are those that the metric tells of: the standard ones, and Exchange's own.
var capabilities = []string{
	"8bitmime", "auth", "binarymime", "chunking", "deliverby", "dsn", "enhancedstatuscodes", "etrn", "help", "limits", "pipelining",
	"requiretls", "size", "smtputf8", "starttls", "vrfy", "x-anonymoustls", "x-exps", "xexch50", "xrdst",
}

// commands are the values of the label command, in the order of a dialogue.
var commands = []string{greetingStep, "ehlo", "starttls", "mail", "rcpt"}

const greetingStep = "greeting"

// Blank implements prober.Prober: nothing is known of a server that was not reached.
func (s *Settings) Blank(*result.Result) {}

func (p *probe) measure() {
	r := p.run.Result
	if p.greeted > 0 {
		r.Add(greetingSeconds, float64(p.greeted))
	}
	for _, command := range commands {
		if code := p.codes[command]; code != 0 {
			r.Add(statusCode, float64(code), command)
		}
	}
	if p.answered {
		for _, name := range capabilities {
			r.Add(capabilityOffered, result.Truth(p.offers.Has(name)), name)
		}
	}
	if p.codes["mail"] != 0 {
		r.Add(mailSeconds, float64(p.mailed))
	}
}
