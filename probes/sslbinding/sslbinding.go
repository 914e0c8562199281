package sslbinding

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:    "ssl_binding",
	Summary: "Which certificate does each address, port and form of SNI show, and is each the right one?",
	Advice:  book,
	New:     func() prober.Prober { return defaults() },
	Paths:   prober.ServicePaths,
	NoLogon: true,
	Decides: result.ByNone,
	Steps:   steps(),
	Reasons: []failure.Reason{
		{Stage: failure.Config, Reason: reasonNotTLS, Help: "The target is an http URL; certificates are shown over TLS."},
		{Stage: failure.TLS, Reason: reasonUnexpected, Help: "A certificate is none of the thumbprints expected."},
		{Stage: failure.TLS, Reason: reasonRevoked, Help: "A certificate is revoked."},
		smtp.NotOffered,
		{Stage: failure.TLS, Reason: smtp.StartTLSRefused.Reason, Help: "The SMTP server refused what comes before the handshake."},
		{Stage: failure.TLS, Reason: smtp.Injected.Reason, Help: "What came before the handshake is not SMTP, or came after STARTTLS in clear text."},
	},
	Metrics: []*result.Metric{
		bindingInfo, notAfter, trusted, nameCovered, expectedMetric, revoked, tlsInfo, versionAccepted, consistent, reachable,
	},
	Findings: []prober.Finding{
		{Code: BindingMissing, Severity: failing, Summary: "An address and port ended the handshake without showing a certificate."},
		{Code: NameNotCovered, Severity: failing, Summary: "A certificate does not cover a required name."},
		{Code: ThumbprintUnexpected, Severity: failing, Summary: "A certificate is none of those expected."},
		{Code: CertificateRevoked, Severity: failing, Summary: "A certificate is revoked."},
		{Code: ChainIncomplete, Severity: failing, Summary: "A certificate is not trusted, and the server does not send its issuer."},
		{Code: CertificateExpiring, Severity: warning, Summary: "A certificate expires soon, or has expired (then an error)."},
		{Code: FamiliesDiffer, Severity: warning, Summary: "IPv4 and IPv6 show different certificates."},
		{Code: AddressesDiffer, Severity: warning, Summary: "Addresses of one family show different certificates."},
		{Code: ServerDiffers, Severity: info, Summary: "The balancer and a server show different certificates (a warning with same_certificate)."},
		{Code: SNIDiffers, Severity: info, Summary: "Another certificate, or none, is shown without SNI (a warning with require_same_without_sni)."},
		{Code: BindingsLeftOut, Severity: warning, Summary: "There are more addresses or bindings than a probe looks at."},
		{Code: CertificateWeak, Severity: warning, Summary: "A certificate's RSA key is shorter than wanted."},
		{Code: ChainMisordered, Severity: warning, Summary: "The certificates of a chain are not sent in order."},
		{Code: RevocationUnreachable, Severity: warning, Summary: "A place of revocation data that a certificate names does not answer."},
		{Code: RevocationUnusable, Severity: warning, Summary: "Revocation data is outdated, malformed, or not signed by the certificate's issuer."},
		{Code: VersionOld, Severity: warning, Summary: "A TLS version older than wanted is accepted."},
	},
	Dashboard: panels,
	Example:   example,
}

func steps() []prober.StepHelp {
	list := []prober.StepHelp{{Name: "resolve", Help: "look the target's name up, and those of the servers listed"}}
	for _, f := range []struct {
		form form
		help string
	}{
		{own, "ask an address and port by the service's name (a name that is an address goes without SNI)"},
		{without, "ask it without SNI; what it shows decides nothing"},
		{unknown, "ask it by a name that it cannot have; what it shows decides nothing"},
	} {
		name := f.form.step()
		list = append(list,
			prober.StepHelp{Name: name, Help: f.help},
			prober.StepHelp{Name: name + ".connect", Help: "open a TCP connection"},
			prober.StepHelp{Name: name + ".starttls", Help: "on a port that speaks SMTP: greeting, EHLO, STARTTLS"},
			prober.StepHelp{Name: name + ".tls", Help: "the handshake; succeeds whatever the certificate"},
		)
	}
	return append(list,
		prober.StepHelp{Name: "versions", Help: "try each TLS version alone (with sweep)"},
		prober.StepHelp{Name: "revocation", Help: "ask the places that the certificates name (with revocation)"},
		prober.StepHelp{Name: "revocation.crl", Help: "fetch a revocation list and look the certificate up"},
		prober.StepHelp{Name: "revocation.ocsp", Help: "ask an OCSP responder"},
	)
}
