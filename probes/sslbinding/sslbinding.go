package sslbinding

import (
	"slices"

	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:       "ssl_binding",
	Summary:    "Which certificate does each address, port and form of SNI show, and is each the right one?",
	Advice:     slices.Concat(bindingBook, certificateBook),
	Serves:     advice.EWS,
	New:        func() prober.Prober { return defaults() },
	TargetPath: prober.PathUnused,
	Paths:      prober.ServicePaths,
	NoLogon:    true,
	Decides:    result.ByNone,
	Steps:      steps(),
	Reasons: []failure.Reason{
		{Stage: failure.Config, Reason: reasonNotTLS, Help: "The target is an http URL; certificates are shown over TLS."},
		{Stage: failure.TLS, Reason: reasonUnexpected, Help: "A certificate is none of the thumbprints expected."},
		{Stage: failure.TLS, Reason: reasonRevoked, Help: "A certificate is revoked."},
		smtp.NotOffered,
		{Stage: failure.TLS, Reason: smtp.StartTLSRefused.Reason, Help: "The SMTP server refused what comes before the handshake."},
		{Stage: failure.TLS, Reason: smtp.Injected.Reason, Help: "What came before the handshake is not SMTP, or came after STARTTLS in clear text."},
	},
	Metrics: []*result.Metric{
		bindingInfo, notAfter, trusted, nameCovered, expectedMetric, expectation, revoked, tlsInfo, versionAccepted, consistent, reachable,
	},
	Findings: []prober.Finding{
		{Code: BindingMissing, Severity: failing, Summary: "An address and port ended the handshake without showing a certificate."},
		{Code: NameNotCovered, Severity: failing, Summary: "A certificate does not cover a required name."},
		{Code: ThumbprintUnexpected, Severity: failing, Summary: "A certificate is none of those expected."},
		{Code: CertificateRevoked, Severity: failing, Summary: "A certificate is revoked."},
		{Code: ChainIncomplete, Severity: failing, Summary: "A certificate is not trusted, and its issuer is neither sent nor known."},
		{Code: ChainIssuerRenewed, Severity: failing, Summary: "An authority of the issuer's name is there, with another key than the one that signed."},
		{Code: ChainIssuerNoAuthority, Severity: failing, Summary: "The certificate of the issuer may not certify others."},
		{Code: ChainSignatureWeak, Severity: failing, Summary: "A certificate of the chain is signed with SHA-1 or MD5."},
		{Code: ChainConstrained, Severity: failing, Summary: "An authority of the chain may not certify this name or this use."},
		{Code: CertificateUsage, Severity: failing, Summary: "A certificate is not for servers."},
		{Code: CertificateNotYetValid, Severity: failing, Summary: "A certificate is not valid yet."},
		{Code: CertificateUnsupported, Severity: failing, Summary: "A certificate has what programs written in Go refuse: a negative serial number, a huge key, an unknown curve."},
		{Code: HandshakeRefused, Severity: failing, Summary: "The server ends each handshake with an alert, and shows no certificate."},
		{Code: CertificateExpiring, Severity: warning, Summary: "A certificate expires soon, or has expired (then an error)."},
		{Code: FamiliesDiffer, Severity: warning, Summary: "IPv4 and IPv6 show different certificates."},
		{Code: AddressesDiffer, Severity: warning, Summary: "Addresses of one family show different certificates."},
		{Code: ServerDiffers, Severity: info, Summary: "The balancer and a server show different certificates (a warning with same_certificate)."},
		{Code: SNIDiffers, Severity: info, Summary: "Another certificate, or none, is shown without SNI (a warning with require_same_without_sni)."},
		{Code: BindingUnsteady, Severity: warning, Summary: "One address and port shows several certificates, or one with and without its issuer."},
		{Code: BindingsLeftOut, Severity: warning, Summary: "There are more addresses or bindings than a probe looks at."},
		{Code: CertificateWeak, Severity: warning, Summary: "A certificate's RSA key, or that of an authority above it, is shorter than wanted."},
		{Code: CertificateKeyUnusual, Severity: warning, Summary: "A certificate's key is of a kind that few clients have."},
		{Code: CertificateLasting, Severity: warning, Summary: "A certificate is valid for longer than phones and browsers accept."},
		{Code: CertificateNoUsage, Severity: warning, Summary: "A certificate names no extended key usage, which Apple's devices demand."},
		{Code: CertificatePSS, Severity: warning, Summary: "A certificate is signed with RSASSA-PSS, which many clients refuse."},
		{Code: CertificateUnstapled, Severity: warning, Summary: "A certificate demands a stapled OCSP response, and none is sent."},
		{Code: SuitesOld, Severity: warning, Summary: "The server has no cipher suite in common with clients of today."},
		{Code: HelloUnanswered, Severity: warning, Summary: "A box reads only the first packet of a hello (with hellos)."},
		{Code: ClientCertificate, Severity: info, Summary: "The server asks clients for a certificate (a warning where it does not go on without one, or refuses the exporter's)."},
		{Code: ChainSurplus, Severity: info, Summary: "Certificates are sent that no client needs: twice, unrelated, or expired."},
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
			prober.StepHelp{Name: name + ".starttls", Help: "on a port that begins in clear text: greeting and STARTTLS, by SMTP, IMAP or POP3"},
			prober.StepHelp{Name: name + ".tls", Help: "the handshake; succeeds whatever the certificate"},
			prober.StepHelp{Name: name + ".read", Help: "where the handshake fails for want of anything in common: read the certificate in clear text (TLS 1.2)"},
		)
	}
	return append(list,
		prober.StepHelp{Name: "versions", Help: "try each TLS version alone (with sweep)"},
		prober.StepHelp{Name: "revocation", Help: "ask the places that the certificates name (with revocation)"},
		prober.StepHelp{Name: "revocation.crl", Help: "fetch a revocation list and look the certificate up"},
		prober.StepHelp{Name: "revocation.ocsp", Help: "ask an OCSP responder"},
	)
}
