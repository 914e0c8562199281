package mrsproxy

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "mrs_proxy", Title: "Mailbox moves",
	Description: "Do the servers take mailbox moves?",
	Series:      `probe_mrs_proxy_outcome`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Targets that take no moves",
				Description: "Targets whose last probe came to anything but enabled or reachable.",
				Page:        "mrs-proxy.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_mrs_proxy_outcome{$chosen, outcome!~"enabled|reachable"}) == 1) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Targets where it is switched off",
				Description: "MRSProxyEnabled is False on the server that answered.",
				Page:        "findings/mrs_proxy_disabled.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_mrs_proxy_outcome{$chosen, outcome="disabled"}) == 1) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Targets where that does not show",
				Description: "Targets that ask for a logon, by modules without an auth.",
				Page:        "mrs-proxy.md",
				Colors:      dashboard.AnyYellow,
				Query:       `count(max by ($probe) (probe_mrs_proxy_outcome{$chosen, outcome="reachable"}) == 1) or vector(0)`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "Can mailboxes be moved?",
				Description: "Green: after the logon Exchange's MRSProxy answers.",
				Page:        "mrs-proxy.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_mrs_proxy_outcome{$chosen, outcome="enabled"})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "How does it stand, at each target?",
				Description: "The outcome of the last probe of each target, in one word.",
				Page:        "mrs-proxy.md",
				Query:       `max by ($probe, outcome) (probe_mrs_proxy_outcome{$chosen}) == 1`,
			},
			{
				Kind: dashboard.Table, Title: "Which schemes are offered there?",
				Description: "By the answer without credentials. Moves log on by Negotiate.",
				Page:        "findings/mrs_proxy_scheme_mismatch.md",
				Query:       `max by ($probe, scheme) (probe_auth_scheme_offered{$chosen}) == 1 and on ($probe) max by ($probe) (probe_mrs_proxy_outcome{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_mrs_proxy_outcome{$chosen})`),
		}},
	},
}
