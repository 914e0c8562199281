package smtp

import "github.com/ews-exporter/ews_exporter/internal/failure"

// The reasons for which a dialogue fails, beside those of sending and receiving.
var (
	NotOffered      = failure.Reason{Stage: failure.TLS, Reason: "starttls_not_offered", Help: "The mail server does not offer STARTTLS (STLS in POP3)."}
	StartTLSRefused = failure.Reason{Stage: failure.TLS, Reason: "starttls_refused", Help: "The SMTP server offered STARTTLS and refused it."}
	Injected        = failure.Reason{Stage: failure.TLS, Reason: "starttls_malformed", Help: "Something came in clear text where only TLS, or nothing, may come."}
	Inactive        = failure.Reason{Stage: failure.Status, Reason: "service_inactive", Help: "The server says that its mail service is not active (421 or 451 with 4.3.2)."}
	Overloaded      = failure.Reason{Stage: failure.Status, Reason: "insufficient_resources", Help: "The server does not talk for want of resources (4.3.1)."}
	GreetingRefused = failure.Reason{Stage: failure.Status, Reason: "greeting_refused", Help: "The server greets with another code than 220: it does not want to talk to this client, or now."}
	HelloRefused    = failure.Reason{Stage: failure.Status, Reason: "ehlo_refused", Help: "The server refused EHLO."}
	MailRefused     = failure.Reason{Stage: failure.Status, Reason: "mail_refused", Help: "The server refused MAIL FROM:<>, and not for want of resources or of a logon."}
)

// Reasons are all of them.
var Reasons = []failure.Reason{NotOffered, StartTLSRefused, Injected, Inactive, Overloaded, GreetingRefused, HelloRefused, MailRefused}
