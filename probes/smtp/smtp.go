package smtp

import (
	_ "embed" // for the example
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	dialogue "github.com/ews-exporter/ews_exporter/internal/smtp"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:    "smtp",
	Summary: "Does a Receive connector greet, offer what Exchange offers, and start TLS, or does a firewall rewrite what it says?",
	Advice:  book,
	Serves:  served,
	New:     func() prober.Prober { return defaults() },
	Decides: result.ByTLS,
	NoLogon: true,
	Scheme:  "smtp",
	Absent:  []string{"connect/refused", "connect/timeout"}, // the port is another service's, or closed
	Paths:   prober.ServicePaths,
	Steps: []prober.StepHelp{
		{Name: "resolve", Help: "look the target's name up"},
		{Name: "smtp", Help: "the dialogue, over one connection"},
		{Name: "smtp.connect", Help: "open a TCP connection"},
		{Name: "smtp.greeting", Help: "wait for the greeting"},
		{Name: "smtp.ehlo", Help: "say EHLO and read what is offered"},
		{Name: "smtp.starttls", Help: "ask for TLS (with security: starttls)"},
		{Name: "smtp.tls", Help: "the handshake, and the certificate's verification"},
		{Name: "smtp.ehlo_tls", Help: "say EHLO again over TLS"},
		{Name: "smtp.mail", Help: "begin a mail without a sender, and give it up (with mail_from)"},
		{Name: "smtp.rcpt", Help: "name a recipient that nobody has (on the command line, with --relay-check)"},
	},
	Reasons: slices.Concat(dialogue.Reasons, []failure.Reason{
		{Stage: failure.Content, Reason: reasonInspected, Help: "A firewall that inspects SMTP overwrites what the server says."},
		{Stage: failure.Content, Reason: reasonCapability, Help: "A capability that is expected is not offered."},
		{Stage: failure.Content, Reason: reasonName, Help: "A name that is expected is neither announced nor on the certificate."},
		{Stage: failure.Content, Reason: reasonRelay, Help: "The server took a recipient that nobody has (only with --relay-check)."},
	}),
	Metrics: []*result.Metric{greetingSeconds, capabilityOffered, statusCode, mailSeconds},
	Findings: []prober.Finding{
		{Code: Inspected, Severity: result.Error, Summary: "A firewall inspects SMTP and overwrites what the server says."},
		{Code: StartTLSMissing, Severity: result.Error, Summary: "The server does not offer STARTTLS."},
		{Code: ServiceInactive, Severity: result.Error, Summary: "The server says that its mail service is not active."},
		{Code: NoGreeting, Severity: result.Error, Summary: "The connection is accepted, and nobody greets."},
		{Code: CapabilityMissing, Severity: result.Error, Summary: "A capability that is expected is not offered."},
		{Code: NameMissing, Severity: result.Error, Summary: "A name that is expected is neither announced nor on the certificate."},
		{Code: OpenRelay, Severity: result.Error, Summary: "The server takes mail for a domain that does not exist (only looked for with --relay-check)."},
		{Code: BackPressure, Severity: result.Warning, Summary: "The server is short of resources, or delays mail on purpose. An error where it does not talk at all."},
		{Code: NamesDiffer, Severity: result.Info, Summary: "Greeting, answer to EHLO and certificate name different hosts."},
		{Code: SelfSigned, Severity: result.Info, Summary: "The certificate is self-signed, on a port where Exchange's own is."},
	},
	Dashboard: panels,
	Example:   example,
}

// Reasons of stage content.
const (
	reasonInspected  = "inspected"
	reasonCapability = "capability_missing"
	reasonName       = "name_missing"
	reasonRelay      = "relays"
)

// Codes of this prober's findings.
const (
	Inspected         = "smtp_inspected"
	StartTLSMissing   = "smtp_starttls_missing"
	ServiceInactive   = "smtp_service_inactive"
	NoGreeting        = "smtp_no_greeting"
	CapabilityMissing = "smtp_capability_missing"
	NameMissing       = "smtp_name_missing"
	OpenRelay         = "smtp_open_relay"
	BackPressure      = "smtp_back_pressure"
	NamesDiffer       = "smtp_names_differ"
	SelfSigned        = "smtp_certificate_self_signed"
)
