package oauth

import "github.com/ews-exporter/ews_exporter/internal/failure"

// Reasons are those for which no token is had.
var Reasons = []failure.Reason{
	{Stage: failure.Auth, Reason: Unreachable, Help: "The token URL could not be asked, or did not answer."},
	{Stage: failure.Auth, Reason: Refused, Help: "The token URL refused the client or its secret."},
	{Stage: failure.Auth, Reason: Malformed, Help: "What the token URL answered holds no token."},
	{Stage: failure.Auth, Reason: ServerError, Help: "Any other error of the token URL."},
}
