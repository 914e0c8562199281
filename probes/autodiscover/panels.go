package autodiscover

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "autodiscover", Title: "Autodiscover",
	Description: "How often look-ups are answered, by which way, with which URLs, and which server disagrees.",
	Series:      `probe_autodiscover_attempts`,
	Glance: &dashboard.Panel{
		Kind: dashboard.Stat, Title: "Autodiscover look-ups that go unanswered now",
		Description: "Complete look-ups of the last probes that no way answered.",
		Page:        "autodiscover.md",
		Colors:      dashboard.AnyRed,
		Query:       `sum(max by ($probe, method) (probe_autodiscover_attempts{$chosen}) - max by ($probe, method) (probe_autodiscover_successes{$chosen})) or vector(0)`,
	},
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Look-ups answered in this time range",
				Description: "An attempt is one complete look-up by one method, by all its ways until one answers.",
				Page:        "autodiscover.md",
				Unit:        "percentunit", Decimals: 2, Colors: []dashboard.Step{{Color: "red"}, {Color: "orange", From: 0.99}, {Color: "green", From: 1}},
				Query: `sum(sum_over_time(probe_autodiscover_successes{$chosen}[$__range])) / sum(sum_over_time(probe_autodiscover_attempts{$chosen}[$__range]))`,
			},
			{
				Kind: dashboard.Stat, Title: "Targets where a look-up goes unanswered now",
				Description: "By one method at least; a second try that works does not hide the first that did not.",
				Page:        "findings/autodiscover_intermittent.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(group by ($probe) (max by ($probe, method) (probe_autodiscover_successes{$chosen}) < max by ($probe, method) (probe_autodiscover_attempts{$chosen}))) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Expected URLs that are not returned now",
				Description: "An answer has another URL than the module expects, or lacks it.",
				Page:        "findings/autodiscover_wrong_url.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(min by ($probe, protocol) (probe_autodiscover_url_expected{$chosen}) == 0) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Methods whose answers differ now",
				Description: "Several look-ups by one method within one probe got different settings: the servers disagree.",
				Page:        "findings/autodiscover_answers_differ.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe, method) (probe_autodiscover_answers{$chosen}) > 1) or vector(0)`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "When were all look-ups answered, by each method?",
				Description: "Green: every attempt of the probe. Red: at least one was not.",
				Page:        "findings/autodiscover_intermittent.md",
				States:      [2]string{"not all", "all"},
				Legend:      "{{service}} {{via}} {{instance}} {{method}}",
				Query:       `max by ($probe, method) (probe_autodiscover_successes{$chosen}) >= bool max by ($probe, method) (probe_autodiscover_attempts{$chosen})`,
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "What share of look-ups is answered?",
				Description: "Over the hour before, by method. One sick server of three shows as two thirds.",
				Page:        "autodiscover.md",
				Unit:        "percentunit", Top: 1,
				Legend: "{{service}} {{via}} {{instance}} {{method}}",
				Query:  `sum by ($probe, method) (sum_over_time(probe_autodiscover_successes{$chosen}[1h])) / sum by ($probe, method) (sum_over_time(probe_autodiscover_attempts{$chosen}[1h]))`,
			},
			{
				Kind: dashboard.Lines, Title: "How many different answers are there?",
				Description: "1 on a healthy site, 0 without any answer; more when servers disagree.",
				Page:        "findings/autodiscover_answers_differ.md",
				Legend:      "{{service}} {{via}} {{instance}} {{method}}",
				Query:       `max by ($probe, method) (probe_autodiscover_answers{$chosen})`,
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "Which ways answer?",
				Description: "The ways that clients go, in their order until one answers. A way that fails before another answers is no fault.",
				Page:        "autodiscover.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{instance}} {{method}} {{way}}",
				Query:       `max by ($probe, method, way) (probe_autodiscover_way_success{$chosen})`,
			},
			{
				Kind: dashboard.Timeline, Title: "Is every expected URL returned?",
				Description: "Green: every answer had the URL that the module expects. Red: one had another or none, or there was no answer.",
				Page:        "findings/autodiscover_wrong_url.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{instance}} {{protocol}}",
				Query:       `min by ($probe, protocol) (probe_autodiscover_url_expected{$chosen})`,
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Which URLs are returned?",
				Description: "Every distinct one of the last probe; more than one for a protocol means that servers disagree.",
				Page:        "findings/autodiscover_wrong_url.md",
				Query:       `max by ($probe, protocol, url) (probe_autodiscover_url_info{$chosen})`,
			},
			{
				Kind: dashboard.Table, Title: "Which server gives which answer?",
				Description: "The answer is a short digest of all that came back; attempts counts those that were answered so. A server that names itself nowhere is empty.",
				Page:        "findings/autodiscover_answers_differ.md",
				Legend:      "attempts",
				Query:       `max by ($probe, method, server, answer) (probe_autodiscover_server_answers{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "Who answered, and with what?",
				Description: "Responses per probe by status code and origin. A 400 from a box in front of the server is the one that no server logs.",
				Page:        "who-answered.md",
				Legend:      "{{code}} {{origin}}",
				Query:       `sum by (code, origin) (probe_http_responses{$chosen} and on ($probe) max by ($probe) (probe_autodiscover_attempts{$chosen}))`,
			},
			{
				Kind: dashboard.Lines, Title: "How long does a probe take?",
				Description: "All attempts by all methods together.",
				Page:        "autodiscover.md",
				Unit:        "s",
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_duration_seconds{$chosen}) and on ($probe) max by ($probe) (probe_autodiscover_attempts{$chosen})`,
			},
		}},
		{Height: 6, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Why does the probe fail?",
				Description: "The first failure of the last probe, and who answered.",
				Page:        "metrics.md",
				Query:       `max by ($probe, stage, reason, origin, product) (probe_failure_info{$chosen}) and on ($probe) max by ($probe) (probe_autodiscover_attempts{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_autodiscover_attempts{$chosen})`),
		}},
	},
}
