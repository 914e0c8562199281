package auth

import "github.com/ews-exporter/ews_exporter/internal/failure"

// Reasons are those for which a logon is not made, or fails.
var Reasons = []failure.Reason{
	{Stage: failure.Auth, Reason: SecretUnreadable, Help: "The file with the secret cannot be read now."},
	{Stage: failure.Auth, Reason: SecretUnusable, Help: "The scheme cannot carry the user name or the password."},
	{Stage: failure.Auth, Reason: NotVerified, Help: "The certificate is not verified for the name, so no secret was sent."},
	{Stage: failure.Auth, Reason: NotHTTPS, Help: "A secret goes over https only; none was sent."},
	{Stage: failure.Auth, Reason: TargetNotListed, Help: "The auth's targets do not name this one; no secret was sent."},
	{Stage: failure.Auth, Reason: ModuleNotListed, Help: "The auth's modules do not name this one; no secret was sent."},
	{Stage: failure.Auth, Reason: SchemeNotOffered, Help: "The server offers none of the auth's schemes; no secret was sent."},
	{Stage: failure.Auth, Reason: ChallengeMalformed, Help: "The server's challenge cannot be read, contradicts itself, or leaves the channel binding no place; it was not answered."},
	{Stage: failure.Auth, Reason: BindingUndefined, Help: "Nothing is defined that would bind a logon to the server's certificate; none was sent."},
	{Stage: failure.Auth, Reason: HandshakeBroken, Help: "The server left the handshake before it was complete: no challenge, another status, or legs without end."},
	{Stage: failure.Auth, Reason: ConnectionClosed, Help: "The connection ended in the midst of a handshake that belongs to one connection, as NTLM's does."},
	{Stage: failure.Auth, Reason: Refused, Help: "The server refused a complete logon (401, NO in IMAP, -ERR in POP3): wrong user name or password, an account that may not log on, or a token that is not good there; for NTLM also a box in between that uses another server connection for each request. The message says how to tell."},
	{Stage: failure.Auth, Reason: TicketRefused, Help: "The server answered a Kerberos ticket with 401. The KDC had found the secret right, so the auth is not suspended."},
	{Stage: failure.Auth, Reason: TokenRefused, Help: "The server answered a token with 401 that the token URL had given, so the auth is not suspended."},
	{Stage: failure.Auth, Reason: Suspended, Help: "The auth is held back after a refusal, so that the account is not locked out; nothing was sent."},
	{Stage: failure.Auth, Reason: Waiting, Help: "Other logons with this auth had no verdict until the time limit; no secret was sent."},
	{Stage: failure.Auth, Reason: Unanswered, Help: "The target was sent a logon and gave no verdict on it; while the secret is not proven anywhere, it is sent no other for two minutes."},
	{Stage: failure.Auth, Reason: NotRemembered, Help: "The file of --storage.path cannot be written, so for 15 minutes after the start no secret that is not proven is sent."},
	{Stage: failure.Auth, Reason: SchemeUnknown, Help: "The exporter does not know the scheme."},
}
