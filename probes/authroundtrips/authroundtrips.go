package authroundtrips

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
	Name:    "auth_roundtrips",
	Summary: "What does authentication cost: requests, 401s and bytes to fetch a few objects over one connection, and does the connection stay authenticated?",
	Advice:  book,
	New:     func() prober.Prober { return defaults() },
	Paths:   prober.ServicePaths,
	Steps: []prober.StepHelp{
		{Name: "resolve", Help: "look the target's name up"},
		{Name: "protection", Help: "log on with the right channel binding, without one, and with a wrong one, as far as each is called for (only with `extended_protection_check`, at most once an hour)"},
		{Name: "protection.connect", Help: "open a TCP connection for that"},
		{Name: "protection.tls", Help: "secure it and verify the certificate"},
		{Name: "protection.logon", Help: "the handshake up to its last answer"},
		{Name: "protection.request", Help: "send that answer"},
		{Name: "fetch", Help: "fetch the objects"},
		{Name: "fetch.connect", Help: "open a TCP connection; a second one only when the server ended the first"},
		{Name: "fetch.tls", Help: "secure it and verify the certificate"},
		{Name: "fetch.object", Help: "fetch one object"},
		{Name: "fetch.object.ask", Help: "ask for it without credentials"},
		{Name: "fetch.object.logon", Help: "after a 401: choose a scheme, and the handshake up to its last answer"},
		{Name: "fetch.object.request", Help: "ask for it with that answer"},
		{Name: "stranger", Help: "after a logon of Windows: ask over another connection, without credentials, while the first is open and after it was closed (with `shared_logon_check`)"},
		{Name: "stranger.connect", Help: "open a TCP connection for that"},
		{Name: "stranger.tls", Help: "secure it and verify the certificate"},
		{Name: "stranger.request", Help: "ask; a request for a logon is the right answer"},
	},
	Reasons: []failure.Reason{
		{Stage: failure.Auth, Reason: reasonLogonRequired, Help: "The server asks for a logon, and the module has no auth."},
		{Stage: failure.Status, Reason: reasonNotFetched, Help: "An object was answered with a status of 400 or more, with another success than 200, or a POST with a redirect."},
		prober.LogonPage,
	},
	Metrics: []*result.Metric{
		prober.SchemeOffered, offerInfo, requests, fetched, unauthorized, httpBytes, wireBytes, objectSeconds, connections,
		closedInHandshake, serversSeen, persistent, persistentHeader, protectionInfo,
	},
	Findings: []prober.Finding{
		{Code: SchemeMissing, Severity: result.Warning, Summary: "A scheme that is expected is not offered."},
		{Code: OnlyBasic, Severity: result.Warning, Summary: "Basic is the only scheme offered."},
		{Code: PerRequest, Severity: result.Warning, Summary: "Every request authenticates anew; `info` for Kerberos, where that is IIS's default."},
		{Code: LegsSplit, Severity: result.Error, Summary: "The legs of one logon were answered by different servers."},
		{Code: ProtectionMismatch, Severity: result.Error, Summary: "Extended Protection: the server has bound another certificate than the one that clients see; `warning` while the auth's own logon gets through."},
		prober.FindingAnswersWithoutLogon,
		prober.FindingBytesAfterResponse,
		prober.FindingAnsweredByMiddlebox,
	},
	Dashboard: panels,
	Example:   example,
}
