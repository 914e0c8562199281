package expectcontinue

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "expect_continue", Title: "100-continue",
	Description: "What happens between a request's head and its body.",
	Series:      `probe_expect_continue_outcome`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Targets that reject late bodies",
				Description: "Targets whose outcome is now ignored_then_error: the 501 case.",
				Page:        "findings/late_body_rejected.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_expect_continue_outcome{$chosen, outcome="ignored_then_error"}) == 1) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Targets where clients wait in vain",
				Description: "Targets whose outcome is now ignored or late.",
				Page:        "findings/expect_continue_ignored.md",
				Colors:      dashboard.AnyYellow,
				Query:       `count(max by ($probe) (probe_expect_continue_outcome{$chosen, outcome=~"ignored|late"}) == 1) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Targets where the body was not tested",
				Description: "Targets that asked for a logon before the body: set an auth to test it.",
				Page:        "findings/expect_continue_not_tested.md",
				Colors:      dashboard.AnyYellow,
				Query:       `count(max by ($probe) (probe_expect_continue_body_tested{$chosen}) == 0) or vector(0)`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "Does the dialogue go as it should?",
				Description: "Green: a 100 Continue came in time, the body was sent, and an answer came.",
				Page:        "expect-continue.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_expect_continue_outcome{$chosen, outcome="continue"})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "How did it go, at each target?",
				Description: "The outcome of the last probe of each target, in one word.",
				Page:        "expect-continue.md",
				Query:       `max by ($probe, outcome) (probe_expect_continue_outcome{$chosen}) == 1`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "How long is the wait before the body?",
				Description: "From the last byte of the head to the 100, to the final status that came instead, or the silence kept.",
				Page:        "findings/expect_continue_ignored.md",
				Unit:        "s",
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_expect_continue_wait_seconds{$chosen})`,
			},
			{
				Kind: dashboard.Lines, Title: "Which status does each variant get?",
				Description: "The final status with the wait, without Expect, and with the body sent at once; 0 without one.",
				Page:        "expect-continue.md",
				Legend:      "{{instance}} {{variant}}",
				Query:       `max by ($probe, variant) (probe_expect_continue_status_code{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen, code=~"late_body_rejected|expect_continue_.+|extra_interim_response|bytes_after_response|answered_by_middlebox"})`),
		}},
	},
}
