package sstp

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:       "sstp",
	Summary:    "Can Windows clients call the VPN server by SSTP, or does a box on port 443, the certificate, or its revocation list keep them out?",
	Advice:     book,
	Serves:     served,
	New:        func() prober.Prober { return defaults() },
	NoLogon:    true,
	Absent:     []string{"status/" + reasonNotServed},
	TargetPath: prober.RootUnused,
	Paths:      prober.ServicePaths,
	Outcomes:   outcomes,
	Steps: []prober.StepHelp{
		{Name: "resolve", Help: "look the target's name up"},
		{Name: "call", Help: "the call, over one connection"},
		{Name: "call.connect", Help: "open a TCP connection"},
		{Name: "call.tls", Help: "secure it and verify the certificate"},
		{Name: "call.request", Help: "ask as a client does (SSTP_DUPLEX_POST with the length that every client announces); 200 is the right answer"},
		{Name: "call.negotiate", Help: "send Call Connect Request and read the answer"},
		{Name: "call.disconnect", Help: "end the call, and wait up to a second until that is acknowledged"},
		{Name: "length_zero", Help: "the first control: the same request with Content-Length 0 (the controls are made where no 200 came)"},
		{Name: "length_zero.connect", Help: "open a TCP connection for that"},
		{Name: "length_zero.tls", Help: "secure it"},
		{Name: "length_zero.request", Help: "send it and read the answer"},
		{Name: "get", Help: "the second control: GET of the same path"},
		{Name: "get.connect", Help: "open a TCP connection for that"},
		{Name: "get.tls", Help: "secure it"},
		{Name: "get.request", Help: "send it and read the answer"},
		{Name: "unknown_verb", Help: "the third control: FOO, a method that no server knows, at the same path"},
		{Name: "unknown_verb.connect", Help: "open a TCP connection for that"},
		{Name: "unknown_verb.tls", Help: "secure it"},
		{Name: "unknown_verb.request", Help: "send it and read the answer"},
		{Name: "revocation", Help: "ask the places that the certificate and its issuers name (with revocation)"},
		{Name: "revocation.crl", Help: "fetch a revocation list and look the certificate up"},
		{Name: "revocation.ocsp", Help: "ask an OCSP responder"},
	},
	Reasons: []failure.Reason{
		{Stage: failure.Connect, Reason: reasonTurn, Help: "Another probe of the same target was still under way; calls take turns."},
		{Stage: failure.Status, Reason: reasonHTTP, Help: "Another status than 200 came."},
		{Stage: failure.Status, Reason: reasonNotServed, Help: "What came in place of a 200 comes to any other request there too: nobody serves SSTP."},
		prober.LogonPage,
		{Stage: failure.Status, Reason: nak, Help: "The server refused the call (Call Connect Negative Acknowledge)."},
		{Stage: failure.Status, Reason: aborted, Help: "The server ended the call in place of an answer (Call Abort, Call Disconnect)."},
		{Stage: failure.Content, Reason: reasonCertificate, Help: "The certificate is none of those expected (thumbprints)."},
		{Stage: failure.Content, Reason: reasonRevocation, Help: "Whether a certificate is revoked cannot be looked up, so Windows clients refuse it."},
		{Stage: failure.Content, Reason: reasonRevoked, Help: "A certificate is revoked."},
	},
	Metrics: []*result.Metric{outcomeMetric, hashOffered},
	Findings: []prober.Finding{
		{Code: LengthRefused, Severity: result.Error, Summary: "A box in between refuses, or waits for, the length that every SSTP client announces."},
		{Code: VerbRefused, Severity: result.Error, Summary: "Methods that are not known are refused on the way, SSTP's among them."},
		{Code: NotServed, Severity: result.Error, Summary: "Nobody serves SSTP where the path leads."},
		{Code: Reframed, Severity: result.Error, Summary: "The answer comes in chunks, which no SSTP client can read."},
		{Code: CertificateUnexpected, Severity: result.Error, Summary: "The certificate is none of those expected: the proof of the tunnel fails after the logon."},
		{Code: RevocationUnreachable, Severity: result.Error, Summary: "Whether the certificate is revoked cannot be looked up, so Windows clients do not connect."},
		{Code: Revoked, Severity: result.Error, Summary: "The certificate, or one of its issuers, is revoked."},
		{Code: HashOld, Severity: result.Info, Summary: "The server offers SHA-1 alone for the proof of the certificate."},
		prober.FindingAnsweredByMiddlebox,
	},
	Dashboard: panels,
	Example:   example,
}

// Reasons beside those that are outcomes.
const (
	reasonHTTP        = "http_error"
	reasonNotServed   = "not_served"
	reasonCertificate = "certificate_unexpected"
	reasonRevocation  = "revocation_unreachable"
	reasonRevoked     = "revoked"
)

// Codes of this prober's findings.
const (
	LengthRefused         = "sstp_length_refused"
	VerbRefused           = "sstp_verb_refused"
	NotServed             = "sstp_not_served"
	Reframed              = "sstp_reframed"
	CertificateUnexpected = "sstp_certificate_unexpected"
	RevocationUnreachable = "sstp_revocation_unreachable"
	Revoked               = "sstp_revoked"
	HashOld               = "sstp_hash_old"
)
