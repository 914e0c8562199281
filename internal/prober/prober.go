// Package prober is what every prober stands on: how it declares itself, and the Run in which it does its work.
package prober

import (
	"context"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/oauth"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Prober is one kind of probe with its settings: config decodes a module's settings into it, and Probe runs it once,
// without retries. Probe fills run.Result and returns when it is done or ctx ends; it leaves no goroutine behind.
type Prober interface {
	config.Settings
	// Plan lists the steps that a probe with these settings will take if all goes well. Those not reached count as
	// not successful. logon tells whether an auth is in use.
	Plan(logon bool) []string
	Probe(ctx context.Context, run *Run)
	// Blank adds the samples that are always there to the result of a probe that reached nothing.
	Blank(res *result.Result)
}

// Definition declares a prober: the list of probers, configuration checking, the collector and the docs feed on it.
type Definition struct {
	Name     string
	Summary  string // one sentence
	New      func() Prober
	Steps    []StepHelp
	Reasons  []Reason
	Metrics  []*result.Metric
	Findings []Finding
}

// StepHelp declares a step of a prober's closed list.
type StepHelp struct{ Name, Help string }

// Reason declares a reason for which a prober fails, beside the common ones.
type Reason struct {
	Stage  failure.Stage
	Reason string
	Help   string
}

// Finding declares a diagnosis; docs/findings/CODE.md has the fix.
type Finding struct {
	Code     string
	Severity result.Severity
	Summary  string // one sentence
}

// Kind is what configuration needs to know of the prober.
func (d Definition) Kind() config.Kind {
	return config.Kind{Name: d.Name, New: func() config.Settings { return d.New() }}
}

// AnsweredByMiddlebox is the code of the finding that any prober may make: a box in front of Exchange answered itself.
const AnsweredByMiddlebox = "answered_by_middlebox"

// FindingAnsweredByMiddlebox declares it.
var FindingAnsweredByMiddlebox = Finding{
	Code: AnsweredByMiddlebox, Severity: result.Error,
	Summary: "A box in front of Exchange answered the request itself, with an error.",
}

// CommonReasons are those for which any prober may fail. A reason is unique within its stage.
var CommonReasons = []Reason{
	{failure.Config, "limit_too_short", "The time limit is under what the module needs; nothing was sent."},
	{failure.Policy, "name_denied", "A deny rule names the host."},
	{failure.Policy, "name_not_allowed", "There are allow rules, and none for this host."},
	{failure.Policy, "address_denied", "A deny rule, or the list of what is always denied, holds the address."},
	{failure.Policy, "address_not_allowed", "There are allow rules, and none for this address."},
	{failure.Policy, "own_listener", "The address is the exporter's own."},
	{failure.Policy, "too_many_connections", "The probe wants more than 64 connections."},
	{failure.Resolve, "not_found", "The name does not exist or has no address."},
	{failure.Resolve, "no_address", "The name has no address of the wanted family."},
	{failure.Resolve, "server_failure", "The name servers failed."},
	{failure.Resolve, "timeout", "The name servers did not answer in time."},
	{failure.Resolve, "error", "Any other fault of the look-up."},
	{failure.Connect, "refused", "The address refused the connection: nothing listens, or a firewall rejects."},
	{failure.Connect, "timeout", "No answer to the connection request within 3 s or the time limit."},
	{failure.Connect, "unreachable", "There is no route to the address."},
	{failure.Connect, "reset", "The connection was reset while it was made."},
	{failure.Connect, "busy", "Other probes were at this address until the time limit."},
	{failure.Connect, "error", "Any other fault of connecting."},
	{failure.TLS, "certificate_name", "The certificate does not cover the name."},
	{failure.TLS, "certificate_authority", "The certificate's issuer is not trusted."},
	{failure.TLS, "certificate_expired", "The certificate is expired or not yet valid."},
	{failure.TLS, "certificate_usage", "The certificate is not for servers."},
	{failure.TLS, "certificate_invalid", "The certificate is invalid for another reason."},
	{failure.TLS, "certificate_missing", "The server showed no certificate."},
	{failure.TLS, "alert", "The server refused the handshake with an alert."},
	{failure.TLS, "not_tls", "The server does not speak TLS on this port."},
	{failure.TLS, "version", "No TLS version in common; see min_version."},
	{failure.TLS, "closed", "The server closed the connection in the handshake; http.sys does so where no certificate is bound."},
	{failure.TLS, "reset", "The server reset the connection in the handshake; http.sys does so where no certificate is bound."},
	{failure.TLS, "timeout", "The handshake did not end in time."},
	{failure.TLS, "handshake", "Any other fault of the handshake."},
	{failure.Send, "closed", "The connection was closed while the request was sent."},
	{failure.Send, "reset", "The connection was reset while the request was sent."},
	{failure.Send, "timeout", "The peer took no more of the request within the time limit."},
	{failure.Send, "alert", "The server ended TLS with an alert while the request was sent."},
	{failure.Send, "invalid", "What a server gave to be sent back would break the request; nothing was sent."},
	{failure.Send, "error", "Any other fault of sending."},
	{failure.Receive, "closed", "The connection was closed before the response was complete."},
	{failure.Receive, "reset", "The connection was reset before the response was complete."},
	{failure.Receive, "timeout", "The response was not complete within the time limit."},
	{failure.Receive, "malformed", "What came back is not HTTP/1.x."},
	{failure.Receive, "too_large", "The response's head is larger than 1 MiB."},
	{failure.Receive, "alert", "The server ended TLS with an alert; one that wants a client certificate does so here."},
	{failure.Receive, "renegotiation", "The server wants to negotiate TLS anew, as IIS does where one path asks for a client's certificate; the exporter has none."},
	{failure.Receive, "error", "Any other fault of receiving."},
	{failure.Auth, auth.SecretUnreadable, "The file with the secret cannot be read now."},
	{failure.Auth, auth.SecretUnusable, "The scheme cannot carry the user name or the password."},
	{failure.Auth, auth.NotVerified, "The certificate is not verified for the name, so no secret was sent."},
	{failure.Auth, auth.NotHTTPS, "A secret goes over https only; none was sent."},
	{failure.Auth, auth.TargetNotListed, "The auth's targets do not name this one; no secret was sent."},
	{failure.Auth, auth.ModuleNotListed, "The auth's modules do not name this one; no secret was sent."},
	{failure.Auth, "scheme_not_offered", "The server offers none of the auth's schemes; no secret was sent."},
	{failure.Auth, auth.ChallengeMalformed, "The server's challenge cannot be read."},
	{failure.Auth, auth.HandshakeBroken, "The server left the handshake before it was complete: no challenge, another status, or legs without end."},
	{failure.Auth, auth.ConnectionClosed, "The connection ended in the midst of a handshake that belongs to one connection, as NTLM's does."},
	{failure.Auth, auth.Refused, "The server answered a complete logon with 401: wrong user name or password, or an account that may not log on."},
	{failure.Auth, auth.TicketRefused, "The server answered a Kerberos ticket with 401. The KDC had found the secret right, so the auth is not suspended."},
	{failure.Auth, kerberos.Unreachable, "No KDC of the realm could be connected to."},
	{failure.Auth, kerberos.NoAnswer, "A KDC took the request and gave no answer in time."},
	{failure.Auth, kerberos.Malformed, "A KDC's answer cannot be read, or breaks the bounds."},
	{failure.Auth, kerberos.WrongPassword, "KDC error 24, or a ticket that the password does not open: the password is wrong, or the keytab is older than it."},
	{failure.Auth, kerberos.UnknownAccount, "KDC error 6: there is no such account in the realm."},
	{failure.Auth, kerberos.Revoked, "KDC error 18: the account is locked, disabled or expired."},
	{failure.Auth, kerberos.PasswordExpired, "KDC error 23: the password has expired."},
	{failure.Auth, kerberos.Policy, "KDC error 12: policy does not let the account log on, by its hours or from here."},
	{failure.Auth, kerberos.UnknownService, "KDC error 7: there is no such service principal."},
	{failure.Auth, kerberos.NoEncryption, "KDC error 14, or no AES key for the account."},
	{failure.Auth, kerberos.ClockSkew, "Error 37, of a KDC or of the server: the clocks differ by too much."},
	{failure.Auth, kerberos.TicketExpired, "The credential cache's ticket has expired."},
	{failure.Auth, kerberos.KDCError, "Any other error of a KDC."},
	{failure.Auth, kerberos.Unusable, "The keytab or the credential cache cannot be read, or has no key for the account."},
	{failure.Auth, auth.TokenRefused, "The server answered a token with 401 that the token URL had given, so the auth is not suspended."},
	{failure.Auth, oauth.Unreachable, "The token URL could not be asked, or did not answer."},
	{failure.Auth, oauth.Refused, "The token URL refused the client or its secret."},
	{failure.Auth, oauth.Malformed, "What the token URL answered holds no token."},
	{failure.Auth, oauth.ServerError, "Any other error of the token URL."},
	{failure.Auth, auth.Suspended, "The auth is held back after a refusal, so that the account is not locked out; nothing was sent."},
	{failure.Auth, auth.Waiting, "Other logons with this auth had no verdict until the time limit; no secret was sent."},
	{failure.Auth, auth.SchemeUnknown, "The exporter does not know the scheme."},
	{failure.Internal, "panic", "A fault in the exporter; its log says where. Please report it."},
	{failure.Internal, "error", "A fault in the exporter. Please report it."},
}
