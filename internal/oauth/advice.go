package oauth

import "github.com/ews-exporter/ews_exporter/internal/advice"

// Advice is for what token services say.
var Advice = advice.Book{
	{
		Key:   "token_service_not_reached",
		Means: "The token URL could not be asked, or its answer holds no token.", Suffers: "Applications that get their tokens from this machine.",
		Owners: []advice.Owner{advice.Network, advice.Identity},
		On:     advice.OnExporter + " (URL: token_url of the auth)",
		First:  "curl --noproxy '*' -v URL",
		Then:   "Allow the way to the token service from the exporter's machine (undo by removing the rule), or correct token_url and note the present one.", Risk: advice.Change, When: advice.Morning,
		Separates: "If no connection comes about: the way out is closed; the exporter uses no proxy. If an HTTP status comes: the way is open, and token_url is wrong, or its service answers something else; the message shows what.",
		For:       advice.About("auth/token_unreachable", "auth/token_malformed"),
	},
	{
		Key:   "token_refused",
		Means: "The token service refused the client or its secret.", Suffers: "Nobody but this monitoring.",
		Owners: []advice.Owner{advice.Identity}, Certainty: advice.Sure,
		First: "Read the number that begins with AADSTS in the first line of this report.",
		Then:  "Secret: make a new client secret in the application's registration, and write it into client_secret_file; the old one stays valid for undoing. Application: correct client_id, the tenant in token_url, or scopes of the auth.",
		Risk:  advice.Change, When: advice.Morning,
		Separates: "If it is 7000215: the secret is wrong. If it is 7000222: the secret has expired. If it is 700016: the application is not in that tenant. If there is none, or another: the sentence beside it says what is refused.",
		For:       advice.About("auth/token_refused", "auth/token_error"),
	},
}
