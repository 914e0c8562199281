package rpchttp

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "rpc_http", Title: "RPC over HTTP",
	Description: "Do the verbs of Outlook Anywhere and RD Gateway get through?",
	Series:      `probe_rpc_http_outcome`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Channels that do not get through",
				Description: "Channels whose last probe came to anything but echo or logon_asked, over all targets.",
				Page:        "rpc-http.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe, channel) (probe_rpc_http_outcome{$chosen, outcome!~"echo|logon_asked"}) == 1) or vector(0)`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "When did each channel's echo come?",
				Description: "Green: the RPC proxy answered after a logon.",
				Page:        "rpc-http.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{channel}}",
				Query:       `max by ($probe, channel) (probe_rpc_http_outcome{$chosen, outcome="echo"})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "How does it stand, at each target?",
				Description: "The outcome of each channel's last probe, in one word.",
				Page:        "rpc-http.md",
				Query:       `max by ($probe, channel, outcome) (probe_rpc_http_outcome{$chosen}) == 1`,
			},
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_rpc_http_outcome{$chosen})`),
		}},
	},
}
