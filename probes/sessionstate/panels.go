package sessionstate

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "session_state", Title: "ASP.NET session state",
	Description: "Does the state service answer where a web farm needs it, and nowhere else?",
	Series:      "probe_session_state_outcome",
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Hosts that are not as expected",
				Description: "Targets whose last probe failed: the state service answers where it must not, or does not where it must.",
				Page:        "session-state.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_success{$chosen}) == 0 and on ($probe) max by ($probe) (probe_session_state_outcome{$chosen})) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Hosts whose sessions lie open",
				Description: "The state service answers where nobody should reach it.",
				Page:        "findings/session_state_exposed.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_finding{$chosen, code="session_state_exposed"})) or vector(0)`,
			},
		}},
		{Height: 10, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "Does the state service answer?",
				Description: "Green: it answered. Red: something else did, or nobody. Whether that is as it should be, expect of the module says.",
				Page:        "session-state.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_session_state_outcome{$chosen, outcome="alive"})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "What is at the port?",
				Description: "What each probe came to.",
				Page:        "session-state.md",
				Query:       `max by ($probe, outcome) (probe_session_state_outcome{$chosen}) == 1`,
			},
			{
				Kind: dashboard.Lines, Title: "How long does an answer take?",
				Description: "From the request to the end of the answer's head.",
				Page:        "session-state.md",
				Unit:        "s",
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_session_state_answer_seconds{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_session_state_outcome{$chosen})`),
		}},
	},
}
