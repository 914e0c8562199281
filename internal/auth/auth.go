// Package auth proves who a probe is: which challenge to answer, what to answer, where a secret may go, and when to
// stop so that no account is locked out.
package auth

// The reasons of a failure of stage auth that this package finds.
const (
	NotHTTPS           = "not_https"           // a secret goes over https only
	NotVerified        = "not_verified"        // the certificate was not verified for the name
	TargetNotListed    = "target_not_listed"   // the auth's targets do not name the target
	ModuleNotListed    = "module_not_listed"   // the auth's modules do not name the module
	SecretUnreadable   = "secret_unreadable"   // the secret cannot be read now
	SecretUnusable     = "secret_unusable"     // the scheme cannot carry the user name or the secret
	SchemeUnknown      = "scheme_unknown"      // this program does not know the scheme
	SchemeNotOffered   = "scheme_not_offered"  // the server offers none of the auth's schemes
	ChallengeMalformed = "challenge_malformed" // the server's challenge cannot be read, or is none that a server makes
	BindingUndefined   = "binding_undefined"   // nothing is defined that would bind a logon to the certificate
	HandshakeBroken    = "handshake_broken"    // the server left the handshake before it was complete
	ConnectionClosed   = "connection_closed"   // the server ended the connection in the midst of the handshake
	Refused            = "refused"             // the server refused a complete answer
	TicketRefused      = "ticket_refused"      // the server refused a Kerberos ticket; the KDC had found the secret right
	TokenRefused       = "bearer_refused"      // the server refused a bearer token; the token URL had found the secret right
	Suspended          = "suspended"           // held back after a refusal, so that the account is not locked out
	Waiting            = "waiting"             // the time ended before the logon had its turn
	Unanswered         = "unanswered"          // the target gave no verdict on the last logon, and is sent none for a while
	NotRemembered      = "not_remembered"      // the logon cannot be noted for the time after a restart, and is not made
)
