package authcertificate

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// lasting is until when tokens can be signed, by target. A target's certificates come and go as one replaces another.
const lasting = `max by ($probe) (probe_auth_certificate_not_after_timestamp_seconds{$chosen})`

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "auth_certificate", Title: "Auth certificate",
	Description: "When does the certificate end by which Exchange signs tokens?",
	Series:      `probe_auth_certificate_not_after_timestamp_seconds`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "The first Auth certificate to end has left",
				Description: "Of the certificate that lasts longest at each target, the one that ends first.",
				Page:        "findings/auth_certificate_expiring.md",
				Unit:        "s", Colors: dashboard.Expiry,
				Query: `min(` + lasting + `) - time()`,
			},
			{
				Kind: dashboard.Stat, Title: "Targets whose Auth certificate has ended",
				Description: "Hybrid services by OAuth, and sign-in to Outlook on the web and the admin center, depend on it.",
				Page:        "findings/auth_certificate_expired.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(` + lasting + ` < time()) or vector(0)`,
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "How long is each certificate valid still?",
				Description: "Each certificate that signs. While one replaces another there are two; a server with another one than its neighbours has not taken the new one over.",
				Page:        "auth-certificate.md",
				Unit:        "s", Negative: true,
				Legend: "{{service}} {{via}} {{instance}} {{thumbprint}}",
				Query:  `max by ($probe, thumbprint) (probe_auth_certificate_not_after_timestamp_seconds{$chosen}) - time()`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen, code=~"auth_certificate_.+"})`),
		}},
	},
}
