package authcertificate

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:    "auth_certificate",
	Summary: "When does the certificate end by which Exchange signs tokens, for hybrid services, Outlook on the web and the admin center?",
	Advice:  book,
	Serves:  advice.EWS.At("/autodiscover", "Default Web Site/Autodiscover", "/autodiscover/healthcheck.htm"),
	New:     func() prober.Prober { return defaults() },
	NoLogon: true,
	Paths:   prober.ServicePaths,
	Steps: []prober.StepHelp{
		{Name: "resolve", Help: "look the target's name up"},
		{Name: "metadata", Help: "fetch the document with the certificates, and read them"},
		{Name: "metadata.connect", Help: "open a TCP connection"},
		{Name: "metadata.tls", Help: "secure it and verify the certificate of the site"},
		{Name: "metadata.request", Help: "ask, and read what comes back"},
	},
	Reasons: []failure.Reason{
		{Stage: failure.Status, Reason: reasonLogonAsked, Help: "A logon is asked for (401, 407), and the document is for everybody."},
		{Stage: failure.Status, Reason: reasonStatus, Help: "Another status than 200 came."},
		{Stage: failure.Content, Reason: reasonNotMetadata, Help: "What came is no JSON object."},
		{Stage: failure.Content, Reason: reasonMalformed, Help: "The document is not well formed, goes beyond its bounds, or contradicts itself."},
		{Stage: failure.Content, Reason: reasonTooLarge, Help: "The document is larger than 1 MiB."},
		{Stage: failure.Content, Reason: reasonNoKey, Help: "The document names no key that signs."},
		{Stage: failure.Content, Reason: reasonUnreadable, Help: "None of the keys that sign is a certificate that can be read."},
		{Stage: failure.Content, Reason: reasonExpired, Help: "The certificate that signs, and lasts longest, has ended."},
		prober.LogonPage,
	},
	Metrics: []*result.Metric{notAfter},
	Findings: []prober.Finding{
		{Code: Expired, Severity: result.Error, Summary: "The certificate by which tokens are signed has ended."},
		{Code: Expiring, Severity: result.Warning, Summary: "The certificate by which tokens are signed ends soon."},
		{Code: Misnamed, Severity: result.Info, Summary: "The document calls a certificate by another thumbprint (`x5t`) than it has."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingBytesAfterResponse,
	},
	Dashboard: panels,
	Example:   example,
}

// Codes of this prober's findings.
const (
	Expired  = "auth_certificate_expired"
	Expiring = "auth_certificate_expiring"
	Misnamed = "auth_certificate_misnamed"
)

// Reasons of the stages status and content.
const (
	reasonLogonAsked  = "logon_asked"
	reasonStatus      = "unexpected_status"
	reasonNotMetadata = "not_metadata"
	reasonMalformed   = "malformed_metadata"
	reasonTooLarge    = "metadata_too_large"
	reasonNoKey       = "no_signing_key"
	reasonUnreadable  = "certificate_unreadable"
	reasonExpired     = "expired"
)
