package mapihttp

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "mapi_http", Title: "MAPI over HTTP",
	Description: "Does Outlook's way to mailbox and address book work?",
	Series:      `probe_mapi_http_endpoint_success`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Endpoints that fail now",
				Description: "Endpoints that showed no page in the last probe, or, without an auth, did not ask for a logon; over all targets.",
				Page:        "mapi-http.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe, endpoint) (probe_mapi_http_endpoint_success{$chosen}) == 0) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Targets that let strangers in",
				Description: "An endpoint showed its page to who had not logged on.",
				Page:        "findings/mapi_http_answers_without_logon.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_finding{$chosen, code="mapi_http_answers_without_logon"})) or vector(0)`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "When did each endpoint work, at each target?",
				Description: "Green: it showed its page, or, without an auth, asked for a logon.",
				Page:        "mapi-http.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{endpoint}}",
				Query:       `max by ($probe, endpoint) (probe_mapi_http_endpoint_success{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "How long do the requests take?",
				Description: "With _authenticated the service behind the front end answers, with _unauthenticated the front end alone.",
				Page:        "mapi-http.md",
				Unit:        "s",
				Legend:      "{{service}} {{via}} {{instance}} {{request}}",
				Query:       `max by ($probe, request) (probe_mapi_http_request_duration_seconds{$chosen})`,
			},
			{
				Kind: dashboard.Table, Title: "Which build of Exchange answers there?",
				Description: "As the endpoint's page names it.",
				Page:        "mapi-http.md",
				Query:       `max by ($probe, endpoint, version) (probe_mapi_http_exchange_info{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_mapi_http_endpoint_success{$chosen})`),
		}},
	},
}
