package dashboards

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// overview is of all probes, with what the dashboards of probers tell at a glance.
func overview(of []*dashboard.Dashboard) *dashboard.Dashboard {
	return &dashboard.Dashboard{
		Name: "overview", Title: "Overview",
		Description: "Who is broken now, since when, and who answered.",
		Rows: []dashboard.Row{
			{Height: 4, Panels: []dashboard.Panel{
				{
					Kind: dashboard.Stat, Title: "Targets that fail now",
					Description: "Targets and modules whose last probe failed, for every exporter that asks.",
					Page:        "alerts.md",
					Colors:      dashboard.AnyRed,
					Query:       `count(max by ($probe) (probe_success{$chosen}) == 0) or vector(0)`,
				},
				{
					Kind: dashboard.Stat, Title: "501 answered in this time range",
					Description: "Responses 501 in the range shown. Exchange does not answer 501 to these probes; a box in front does.",
					Page:        "findings/late_body_rejected.md",
					Colors:      dashboard.AnyRed,
					Query:       `sum(sum_over_time(probe_http_responses{$chosen, code="501"}[$__range])) or vector(0)`,
				},
				{
					Kind: dashboard.Stat, Title: "401 answered in this time range",
					Description: "Responses 401 in the range shown. Some are part of every logon.",
					Page:        "findings/auth_per_request.md",
					Query:       `sum(sum_over_time(probe_http_responses{$chosen, code="401"}[$__range])) or vector(0)`,
				},
				{
					Kind: dashboard.Stat, Title: "The first certificate to expire has left",
					Description: "The earliest expiry among all certificates seen, issuers included.",
					Page:        "findings/certificate_expiring.md",
					Unit:        "s", Colors: dashboard.Expiry,
					Query: `min(probe_ssl_earliest_cert_expiry{$chosen}) - time()`,
				},
			}},
			{Height: 4, Panels: dashboard.Glances(of)},
			{Height: 7, Panels: []dashboard.Panel{
				{
					Kind: dashboard.Table, Title: "Who is broken now, and where it broke",
					Description: "One line per failing probe: the stage it came to, the reason, and who answered.",
					Page:        "metrics.md",
					Query:       `max by ($probe, stage, reason, origin, product) (probe_failure_info{$chosen})`,
				},
			}},
			{Height: 10, Panels: []dashboard.Panel{
				{
					Kind: dashboard.Timeline, Title: "When did each target work?",
					Description: "Each target and module over time: green works, red fails.",
					Page:        "alerts.md",
					States:      [2]string{"fails", "works"},
					Legend:      "{{service}} {{via}} {{instance}} {{module}}",
					Query:       `max by ($probe) (probe_success{$chosen})`,
				},
			}},
			{Height: 7, Panels: []dashboard.Panel{
				dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen, code=~".+"})`),
			}},
			{Height: 8, Panels: []dashboard.Panel{
				{
					Kind: dashboard.Lines, Title: "Who answered, and with what?",
					Description: "Final responses per probe by status code and by who made them.",
					Page:        "who-answered.md",
					Legend:      "{{code}} {{origin}}",
					Query:       `sum by (code, origin) (probe_http_responses{$chosen})`,
				},
				{
					Kind: dashboard.Lines, Title: "How long do probes take?",
					Description: "The duration of each probe.",
					Page:        "alerts.md",
					Unit:        "s",
					Legend:      "{{service}} {{via}} {{instance}} {{module}}",
					Query:       `max by ($probe) (probe_duration_seconds{$chosen})`,
				},
			}},
		},
	}
}
