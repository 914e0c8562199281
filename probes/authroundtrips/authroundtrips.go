package authroundtrips

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
	Name:    "auth_roundtrips",
	Summary: "What does authentication cost: requests, 401s and bytes to fetch a few objects over one connection, and does the connection stay authenticated?",
	Advice:  book,
	Serves:  advice.EWS,
	New:     func() prober.Prober { return defaults() },
	Paths:   prober.ServicePaths,
	Account: &prober.Account{Enabled: []string{prober.EwsEnabled}},
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
		{Name: "fetch.object.tickets", Help: "with Kerberos, where Negotiate is offered: get the tickets of the logon"},
		{Name: "fetch.object.tickets.granting", Help: "a ticket-granting ticket, or one that an earlier probe got"},
		{Name: "fetch.object.tickets.service", Help: "the same for the site's service principal"},
		{Name: "fetch.object.logon", Help: "after a 401: choose a scheme, and the handshake up to its last answer"},
		{Name: "fetch.object.request", Help: "ask for it with that answer"},
		{Name: "stranger", Help: "after a logon of Windows: ask over another connection, without credentials, while the first is open and after it was closed (with `shared_logon_check`)"},
		{Name: "stranger.connect", Help: "open a TCP connection for that"},
		{Name: "stranger.tls", Help: "secure it and verify the certificate"},
		{Name: "stranger.request", Help: "ask; a request for a logon is the right answer"},
		{Name: "names", Help: "with Kerberos: look whether tickets are had for the other names of the site"},
		{Name: "names.alias", Help: "look up what the site's name is an alias for"},
		{Name: "names.service", Help: "ask for a ticket for such a name; a refusal holds for an hour"},
		{Name: "modern", Help: "ask by an empty Bearer where clients sign in (with `modern_auth`)"},
		{Name: "modern.connect", Help: "open a TCP connection for that"},
		{Name: "modern.tls", Help: "secure it and verify the certificate"},
		{Name: "modern.request", Help: "ask; a 401 that names an authority is the answer of modern authentication"},
	},
	Reasons: []failure.Reason{
		{Stage: failure.Auth, Reason: reasonLogonRequired, Help: "The server asks for a logon, and the module has no auth."},
		{Stage: failure.Status, Reason: reasonNotFetched, Help: "An object was answered with a status of 400 or more, with another success than 200, or a POST with a redirect."},
		prober.LogonPage,
	},
	Metrics: []*result.Metric{
		prober.SchemeOffered, offerInfo, requests, fetched, unauthorized, httpBytes, wireBytes, objectSeconds, connections,
		closedInHandshake, serversSeen, persistent, persistentHeader, protectionInfo,
		kerberosSuccess, kerberosName, mechanism, modernAnswer, modernAuthority, modernIssuers,
	},
	Findings: []prober.Finding{
		{Code: SchemeMissing, Severity: result.Warning, Summary: "A scheme that is expected is not offered."},
		{Code: OnlyBasic, Severity: result.Warning, Summary: "Basic is the only scheme offered."},
		{Code: PerRequest, Severity: result.Warning, Summary: "Every request authenticates anew; `info` for Kerberos, where that is IIS's default."},
		{Code: LegsSplit, Severity: result.Error, Summary: "The legs of one logon were answered by different servers."},
		{Code: ProtectionMismatch, Severity: result.Error, Summary: "Extended Protection: the server has bound another certificate than the one that clients see; `warning` while the auth's own logon gets through."},
		{Code: SPNMissing, Severity: result.Error, Summary: "No account has the site's service principal; `warning` while the logon falls back to NTLM, `info` for the short name and for what the name is an alias for."},
		{Code: SPNDuplicate, Severity: result.Error, Summary: "More than one account has the site's service principal; `warning` while the logon falls back to NTLM, and for the site's other names."},
		{Code: FellBack, Severity: result.Info, Summary: "The auth is set up for Kerberos, and the logon went by NTLM."},
		{Code: ModernOffered, Severity: result.Info, Summary: "Clients are sent to an authority to sign in: modern authentication is on."},
		{Code: ModernNotOffered, Severity: result.Info, Summary: "Bearer is not offered, or no authority is named: modern authentication is off, or taken away on the way."},
		{Code: ModernBroken, Severity: result.Warning, Summary: "Bearer is offered in a way that no client can use: without any parameter, or with an authority that is no https address."},
		{Code: ModernUnclear, Severity: result.Info, Summary: "An empty Bearer got no answer, or one that is no 401."},
		prober.FindingAnswersWithoutLogon,
		prober.FindingBytesAfterResponse,
		prober.FindingAnsweredByMiddlebox,
	},
	Dashboard: panels,
	Example:   example,
}
