package rdgateway

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "rd_gateway", Title: "Remote Desktop Gateway",
	Description: "Can Remote Desktop get through RD Gateway?",
	Series:      `probe_rd_gateway_outcome`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Transports that do not get through",
				Description: "Transports whose last probe came to anything but handshake or logon_asked, over all targets.",
				Page:        "rd-gateway.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe, transport) (probe_rd_gateway_outcome{$chosen, outcome!~"handshake|logon_asked"}) == 1) or vector(0)`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "When did each transport get as far as it was asked?",
				Description: "Green: the gateway answered the handshake after a logon or, where none is made, asked for one.",
				Page:        "rd-gateway.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{transport}}",
				Query:       `max by ($probe, transport) (probe_rd_gateway_outcome{$chosen, outcome=~"handshake|logon_asked"})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "How does it stand, at each target?",
				Description: "The outcome of each transport's last probe, in one word.",
				Page:        "rd-gateway.md",
				Query:       `max by ($probe, transport, outcome) (probe_rd_gateway_outcome{$chosen}) == 1`,
			},
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_rd_gateway_outcome{$chosen})`),
		}},
	},
}
