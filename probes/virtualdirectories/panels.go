package virtualdirectories

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard: servers by directories, which of them are out of the pool.
var panels = &dashboard.Dashboard{
	Name: "virtual_directories", Title: "Virtual directories",
	Description: "Which protocol of which server is out of the balancer's pool?",
	Series:      `probe_virtual_directory_healthy`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Directories of servers that are not healthy now",
				Description: "A balancer that asks for their pages of health sends nobody there. Servers in maintenance count.",
				Page:        "findings/virtual_directory_unhealthy.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe, directory) (probe_virtual_directory_healthy{$chosen, via="direct"}) == 0) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Servers that seem to be in maintenance",
				Description: "They close every page of health. Their other alerts wait meanwhile.",
				Page:        "findings/exchange_server_maintenance.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_finding{$chosen, code="exchange_server_maintenance"})) or vector(0)`,
			},
		}},
		{Height: 12, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "Which protocol of which server is in the pool?",
				Description: "Green: the page of health says so. Red: a balancer that asks for it sends nobody there.",
				Page:        "virtual-directories.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{directory}}",
				Query:       `max by ($probe, directory) (probe_virtual_directory_healthy{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "Which status does each page get?",
				Description: "No line: the connection was closed, or nothing came.",
				Page:        "virtual-directories.md",
				Legend:      "{{service}} {{via}} {{instance}} {{directory}}",
				Query:       `max by ($probe, directory) (probe_virtual_directory_status_code{$chosen})`,
			},
			{
				Kind: dashboard.Lines, Title: "How long does each page take?",
				Description: "From the request to the last byte, or until it was given up. Exchange answers within milliseconds.",
				Page:        "virtual-directories.md",
				Unit:        "s",
				Legend:      "{{service}} {{via}} {{instance}} {{directory}}",
				Query:       `max by ($probe, directory) (probe_virtual_directory_duration_seconds{$chosen})`,
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Which server answers for which directory?",
				Description: "The name in the page. Through the balancer: members of the pool.",
				Page:        "virtual-directories.md",
				Query:       `max by ($probe, directory, server) (probe_virtual_directory_server_info{$chosen})`,
			},
			{
				Kind: dashboard.Table, Title: "Which builds of Exchange answer?",
				Description: "As an answer named them. Servers of one service are best of one build.",
				Page:        "findings/exchange_build_old.md",
				Query:       `max by ($probe, build, version) (probe_virtual_directory_build_info{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_virtual_directory_healthy{$chosen})`),
		}},
	},
}
