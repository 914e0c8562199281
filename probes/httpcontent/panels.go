package httpcontent

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "http_content", Title: "Files for everybody",
	Description: "Is what everybody may fetch there, of the right type, and uncached?",
	Series:      `probe_http_content_expected`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Targets whose file is not there",
				Description: "Targets that answered the file with anything but 200, or did not answer.",
				Page:        "findings/http_content_missing.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_http_content_expected{$chosen, what="status"}) == 0) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Targets whose file caches may keep",
				Description: "Targets that answered, and do not keep caches from the file.",
				Page:        "findings/http_content_cached.md",
				Colors:      dashboard.AnyYellow,
				Query:       `count(max by ($probe) (probe_http_content_expected{$chosen, what="cache"}) == 0 and on ($probe) max by ($probe) (probe_http_content_expected{$chosen, what="status"}) == 1) or vector(0)`,
			},
		}},
		{Height: 10, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "Which expectations hold?",
				Description: "Each of the module's expectations. What could not be seen counts as not held.",
				Page:        "http-content.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{module}} {{what}}",
				Query:       `max by ($probe, what) (probe_http_content_expected{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Why does the probe fail?",
				Description: "The first failure of the last probe, and who answered.",
				Page:        "metrics.md",
				Query:       `max by ($probe, stage, reason, origin, product) (probe_failure_info{$chosen}) and on ($probe) max by ($probe) (probe_http_content_expected{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen, code=~"http_content_.+"})`),
		}},
	},
}
