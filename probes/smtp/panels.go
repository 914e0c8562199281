package smtp

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard. A server that was not reached has no metric of its own, so a probe is told by its step.
var panels = &dashboard.Dashboard{
	Name: "smtp", Title: "SMTP",
	Description: "Do mail servers greet, offer what they should, and start TLS?",
	Series:      `probe_step_success{step="smtp"}`,
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Mail servers that fail now",
				Description: "Targets whose last dialogue failed.",
				Page:        "smtp.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_success{$chosen}) == 0 and on ($probe) max by ($probe) (probe_step_success{$chosen, step="smtp"})) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Mail servers without STARTTLS, or whose words are rewritten",
				Description: "Mail to them goes in the clear, or not at all from a sender that insists on TLS. Whose doing it is: see the findings.",
				Page:        "findings/smtp_inspected.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_finding{$chosen, code=~"smtp_inspected|smtp_starttls_missing"})) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "The first certificate to expire has left",
				Description: "The earliest expiry among the certificates that mail servers show, issuers included.",
				Page:        "findings/certificate_expiring.md",
				Unit:        "s", Colors: dashboard.Expiry,
				Query: `min(max by ($probe) (probe_ssl_earliest_cert_expiry{$chosen}) and on ($probe) max by ($probe) (probe_step_success{$chosen, step="smtp"})) - time()`,
			},
		}},
		{Height: 10, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "How far did each dialogue get?",
				Description: "The steps of each probe. Green: it succeeded. Red: it failed, or the probe did not get there.",
				Page:        "smtp.md",
				States:      [2]string{"no", "yes"},
				Legend:      "{{service}} {{via}} {{instance}} {{step}}",
				Query:       `max by ($probe, step) (probe_step_success{$chosen, step=~"smtp\\..+"})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "Which code does each command get?",
				Description: "The code of the greeting, and of the last reply to each command.",
				Page:        "smtp.md",
				Legend:      "{{service}} {{via}} {{instance}} {{command}}",
				Query:       `max by ($probe, command) (probe_smtp_status_code{$chosen})`,
			},
			{
				Kind: dashboard.Lines, Title: "How long is the wait for the greeting?",
				Description: "A server that delays it on purpose, or is short of resources, takes many seconds.",
				Page:        "findings/smtp_back_pressure.md",
				Unit:        "s",
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_smtp_greeting_seconds{$chosen})`,
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "What is offered?",
				Description: "The capabilities, before TLS or over it. A server asked directly that offers more than the balancer: something in between takes them away.",
				Page:        "findings/smtp_capability_missing.md",
				Query:       `max by ($probe, capability) (probe_smtp_capability{$chosen}) == 1`,
			},
			{
				Kind: dashboard.Table, Title: "Why does the probe fail?",
				Description: "The first failure of the last probe, and who answered.",
				Page:        "metrics.md",
				Query:       `max by ($probe, stage, reason, origin, product) (probe_failure_info{$chosen}) and on ($probe) max by ($probe) (probe_step_success{$chosen, step="smtp"})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_step_success{$chosen, step="smtp"})`),
		}},
	},
}
