package kerberos

import "github.com/ews-exporter/ews_exporter/internal/failure"

// Reasons are those for which no ticket is had.
var Reasons = []failure.Reason{
	{Stage: failure.Auth, Reason: Unreachable, Help: "No KDC of the realm could be connected to."},
	{Stage: failure.Auth, Reason: NoAnswer, Help: "A KDC took the request and gave no answer in time."},
	{Stage: failure.Auth, Reason: Malformed, Help: "A KDC's answer cannot be read, breaks the bounds, or asks for a key that is easier to guess than KDCs do; then nothing was proved to it."},
	{Stage: failure.Auth, Reason: WrongPassword, Help: "KDC error 24, or a ticket that the password does not open: the password is wrong, or the keytab is older than it."},
	{Stage: failure.Auth, Reason: UnknownAccount, Help: "KDC error 6: there is no such account in the realm."},
	{Stage: failure.Auth, Reason: Revoked, Help: "KDC error 18: the account is locked, disabled or expired."},
	{Stage: failure.Auth, Reason: PasswordExpired, Help: "KDC error 23: the password has expired."},
	{Stage: failure.Auth, Reason: Policy, Help: "KDC error 12: policy does not let the account log on, by its hours or from here."},
	{Stage: failure.Auth, Reason: UnknownService, Help: "KDC error 7: there is no such service principal."},
	{Stage: failure.Auth, Reason: SharedService, Help: "KDC error 8: more than one account has the service principal."},
	{Stage: failure.Auth, Reason: NoEncryption, Help: "KDC error 14, or no AES key for the account."},
	{Stage: failure.Auth, Reason: ClockSkew, Help: "Error 37, of a KDC or of the server: the clocks differ by too much."},
	{Stage: failure.Auth, Reason: TicketExpired, Help: "The credential cache's ticket has expired."},
	{Stage: failure.Auth, Reason: KDCError, Help: "Any other error of a KDC."},
	{Stage: failure.Auth, Reason: Unusable, Help: "The keytab or the credential cache cannot be read, or has no key for the account."},
}
