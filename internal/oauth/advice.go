package oauth

import "github.com/ews-exporter/ews_exporter/internal/advice"

// Advice is for what token services say.
var Advice = advice.Book{
	{
		Key:   "token_service_not_reached",
		Means: "The token URL could not be asked, or its answer holds no token.", Suffers: "Applications that get their tokens from this machine.",
		Owners: []advice.Owner{advice.Network, advice.Identity},
		First:  "curl -v TOKEN_URL on the exporter's machine: no connection, the way out (no proxy is used); an answer, compare it with the message",
		Then:   "Allow the way to the token service, or correct token_url.", Risk: advice.Change, When: advice.Morning,
		Separates: "the same curl from another network",
		For:       advice.About("auth/token_unreachable", "auth/token_malformed"),
	},
	{
		Key:   "token_refused",
		Means: "The token service refused the client or its secret.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Identity}, Certainty: advice.Sure,
		First: "Read the AADSTS number in the message: 7000215 wrong secret, 7000222 expired secret, 700016 unknown application or tenant",
		Then:  "Renew the client secret in the application's registration, and write it into client_secret_file.", Risk: advice.Change, When: advice.Morning,
		For: advice.About("auth/token_refused", "auth/token_error"),
	},
}
