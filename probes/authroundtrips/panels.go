package authroundtrips

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "authentication", Title: "Authentication",
	Description: "What a logon costs, and which schemes are offered.",
	Series:      `probe_auth_objects`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Targets that authenticate every request",
				Description: "Targets whose connections do not stay authenticated. With Kerberos that is IIS's default.",
				Page:        "findings/auth_per_request.md",
				Colors:      dashboard.AnyYellow,
				Query:       `count(max by ($probe) (probe_auth_persistent{$chosen}) == 0) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Requests for each object",
				Description: "Requests sent for each object fetched, handshakes included, over the chosen targets.",
				Page:        "findings/auth_per_request.md",
				Query:       `sum(probe_auth_requests{$chosen}) / (sum(probe_auth_objects{$chosen}) > 0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Probes that fetched every object",
				Description: "The share of probes that fetched every object.",
				Page:        "alerts.md",
				Unit:        "percentunit", Colors: []dashboard.Step{{Color: "red"}, {Color: "green", From: 0.99}},
				Query: `avg(max by ($probe) (probe_success{$chosen}) and max by ($probe) (probe_auth_requests{$chosen}))`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "How many round trips?",
				Description: "Requests, and the 401 among them, per probe.",
				Page:        "findings/auth_per_request.md",
				Legend:      "requests {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_auth_requests{$chosen})`,
				More: []dashboard.Query{
					{Legend: "401 {{instance}} {{module}}", Expr: `max by ($probe) (probe_auth_unauthorized_responses{$chosen})`},
				},
			},
			{
				Kind: dashboard.Lines, Title: "How many bytes?",
				Description: "Bytes of HTTP per probe, as IIS logs them.",
				Page:        "findings/auth_per_request.md",
				Unit:        "bytes",
				Legend:      "{{direction}} {{instance}} {{module}}",
				Query:       `max by ($probe, direction) (probe_auth_http_bytes{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "How long does each object take?",
				Description: "Time for each object, handshake included; the first carries the logon.",
				Page:        "alerts.md",
				Unit:        "s",
				Legend:      "{{instance}} object {{object}}",
				Query:       `max by (instance, module, object) (probe_auth_object_duration_seconds{$chosen})`,
			},
			{
				Kind: dashboard.Timeline, Title: "Does the connection stay authenticated?",
				Description: "Green: it does; red: every request pays again.",
				Page:        "findings/auth_per_request.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `min by ($probe) (probe_auth_persistent{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Which schemes are offered, in which order?",
				Description: "What the first answer without credentials offers.",
				Page:        "findings/auth_scheme_missing.md",
				Query:       `max by ($probe, schemes) (probe_auth_offer_info{$chosen})`,
			},
			{
				Kind: dashboard.Table, Title: "What does the server do with channel bindings?",
				Description: "Extended Protection: off, allow or require, where it was checked.",
				Page:        "findings/extended_protection_mismatch.md",
				Query:       `max by ($probe, mode) (probe_auth_extended_protection_info{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "How far does Kerberos get?",
				Description: "1 for each fact that holds: a ticket-granting ticket, a service ticket, its acceptance. What is not known is not there.",
				Page:        "findings/spn_missing.md",
				Query:       `max by ($probe, fact) (probe_auth_kerberos_success{$chosen})`,
			},
			{
				Kind: dashboard.Table, Title: "What does an empty Bearer come to?",
				Description: "Whether clients are sent to sign in elsewhere, where modules ask with modern_auth.",
				Page:        "findings/modern_auth_not_offered.md",
				Query:       `max by ($probe, answer) (probe_auth_modern_answer{$chosen}) == 1`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen, code=~"(modern_)?auth_.+|extended_protection_mismatch|spn_.+|negotiate_fell_back"})`),
		}},
	},
}
