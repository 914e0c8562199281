package sstp

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "sstp", Title: "VPN by SSTP",
	Description: "Can Windows clients call the VPN server?",
	Series:      `probe_sstp_outcome`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "VPN servers that cannot be called",
				Description: "Targets whose last call did not come to connected.",
				Page:        "sstp.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_sstp_outcome{$chosen, outcome="connected"}) == 0) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "VPN servers behind a box that minds the length",
				Description: "A box in between refuses, or waits for, the length that every client announces.",
				Page:        "findings/sstp_length_refused.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_finding{$chosen, code="sstp_length_refused"})) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "The first certificate to expire has left",
				Description: "The earliest expiry among the certificates that VPN servers show, issuers included.",
				Page:        "findings/certificate_expiring.md",
				Unit:        "s", Colors: dashboard.Expiry,
				Query: `min(max by ($probe) (probe_ssl_earliest_cert_expiry{$chosen}) and on ($probe) max by ($probe) (probe_sstp_outcome{$chosen})) - time()`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "Can it be called?",
				Description: "Green: the server acknowledged the call, up to where a client would log on.",
				Page:        "sstp.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_sstp_outcome{$chosen, outcome="connected"})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "What became of the last call?",
				Description: "The outcome of the last probe of each target, in one word.",
				Page:        "sstp.md",
				Query:       `max by ($probe, outcome) (probe_sstp_outcome{$chosen}) == 1`,
			},
			{
				Kind: dashboard.Table, Title: "Which hashes are offered?",
				Description: "For the proof that client and server see the same certificate. SHA-1 alone is old.",
				Page:        "findings/sstp_hash_old.md",
				Query:       `max by ($probe, hash) (probe_sstp_hash_offered{$chosen}) == 1`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_sstp_outcome{$chosen})`),
		}},
	},
}
