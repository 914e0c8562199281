package ewssync

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// panels is its dashboard.
var panels = &dashboard.Dashboard{
	Name: "ews", Title: "EWS",
	Description: "Which operation of Exchange Web Services works, how long it takes, and whether it is the balancer or a server.",
	Series:      `probe_ews_operation_success`,
	Glance: &dashboard.Panel{
		Kind: dashboard.Stat, Title: "EWS operations that fail now",
		Description: "Operations of EWS that failed in the last probe, over all targets.",
		Page:        "ews-sync.md",
		Colors:      dashboard.AnyRed,
		Query:       `count(max by ($probe, operation) (probe_ews_operation_success{$chosen}) == 0) or vector(0)`,
	},
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Operations that fail now",
				Description: "Operations that failed in the last probe, over all targets.",
				Page:        "ews-sync.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe, operation) (probe_ews_operation_success{$chosen}) == 0) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Operations that succeeded in this time range",
				Description: "As clients come, that is not past the balancer. The alerts on the budget allow for 99.5 % over 30 days.",
				Page:        "alerts.md",
				Unit:        "percentunit", Decimals: 2, Colors: []dashboard.Step{{Color: "red"}, {Color: "orange", From: 0.99}, {Color: "green", From: 0.995}},
				Query: `avg(avg_over_time(probe_ews_operation_success{$chosen, via!="direct"}[$__range]))`,
			},
			{
				Kind: dashboard.Stat, Title: "Targets where EWS asks to be left alone",
				Description: "The server throttles this account, and the exporter waits for as long as it was told to.",
				Page:        "findings/ews_throttled.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by ($probe) (probe_ews_backoff_seconds{$chosen})) or vector(0)`,
			},
			{
				Kind: dashboard.Stat, Title: "Operations that fail through the balancer, and work at a server",
				Description: "The same operation of the same module works when a server behind the balancer is asked directly.",
				Page:        "alerts.md",
				Colors:      dashboard.AnyRed,
				Query:       `count(max by (site, service, module, operation) (probe_ews_operation_success{$chosen, via="balancer"}) == 0 and max by (site, service, module, operation) (probe_ews_operation_success{$chosen, via="direct"}) == 1) or vector(0)`,
			},
		}},
		{Height: 10, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Timeline, Title: "When did each operation work, at each target?",
				Description: "Green: it succeeded by its content. Red: it failed, or the probe did not get there.",
				Page:        "ews-sync.md",
				States:      [2]string{"fails", "works"},
				Legend:      "{{service}} {{via}} {{instance}} {{operation}}",
				Query:       `max by ($probe, operation) (probe_ews_operation_success{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Is it the balancer or a server?",
				Description: "The same operation side by side: through the balancer, and at the servers behind it. It fails left and works right: the balancer. It works left and fails at one: a sick member of the pool.",
				Page:        "alerts.md",
				States:      [2]string{"fails", "works"},
				Columns:     []string{"site", "service", "module", "operation"},
				Legend:      "through the balancer",
				Query:       `max by (site, service, module, operation) (probe_ews_operation_success{$chosen, via="balancer"})`,
				More: []dashboard.Query{
					{Legend: "servers that work", Expr: `sum by (site, service, module, operation) (max by (site, service, instance, module, operation) (probe_ews_operation_success{$chosen, via="direct"}))`},
					{Legend: "servers asked", Expr: `count by (site, service, module, operation) (max by (site, service, instance, module, operation) (probe_ews_operation_success{$chosen, via="direct"}))`},
				},
			},
		}},
		{Height: 9, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "How long does each operation take, as clients come?",
				Description: "With all its requests; the connection and the first logon are steps of their own. Failures are in it: one may be fast.",
				Page:        "ews-sync.md",
				Unit:        "s",
				Legend:      "{{service}} {{instance}} {{operation}}",
				Query:       `max by ($probe, operation) (probe_ews_operation_duration_seconds{$chosen, via!="direct"})`,
			},
			{
				Kind: dashboard.Lines, Title: "How long does it take at the servers themselves?",
				Description: "The same operations past the balancer. What is slow here too is not the balancer's.",
				Page:        "ews-sync.md",
				Unit:        "s",
				Legend:      "{{instance}} {{operation}}",
				Query:       `max by ($probe, operation) (probe_ews_operation_duration_seconds{$chosen, via="direct"})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "What share of each operation succeeds?",
				Description: "Over the hour before, by service and way.",
				Page:        "alerts.md",
				Unit:        "percentunit", Top: 1,
				Legend: "{{service}} {{via}} {{operation}}",
				Query:  `avg by (site, service, via, operation) (avg_over_time(probe_ews_operation_success{$chosen}[1h]))`,
			},
			{
				Kind: dashboard.Lines, Title: "For how long is EWS still left alone?",
				Description: "What is left of the time that the server asked for; nothing is sent meanwhile. Empty where it does not throttle.",
				Page:        "findings/ews_throttled.md",
				Unit:        "s",
				Legend:      "{{service}} {{via}} {{instance}} {{module}}",
				Query:       `max by ($probe) (probe_ews_backoff_seconds{$chosen})`,
			},
			{
				Kind: dashboard.Lines, ID: 16, Title: "How soon does a stream tell of what happens?",
				Description: "From asking for a stream to its first document, and from an item's creation to its event (with write). Empty without the operation stream, and where nothing came: see the findings.",
				Page:        "findings/ews_stream_buffered.md",
				Unit:        "s",
				Legend:      "first {{service}} {{via}} {{instance}}",
				Query:       `max by ($probe) (probe_ews_stream_first_seconds{$chosen})`,
				More: []dashboard.Query{
					{Legend: "event {{service}} {{via}} {{instance}}", Expr: `max by ($probe) (probe_ews_stream_event_seconds{$chosen})`},
				},
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "What does EWS answer?",
				Description: "The ResponseCode of each operation: of the request that failed, else of the last.",
				Page:        "ews-sync.md",
				Query:       `max by ($probe, operation, response_code) (probe_ews_response_info{$chosen})`,
			},
			{
				Kind: dashboard.Table, Title: "Which step fails, of what the operations do?",
				Description: "Steps of the last probe that failed or were not reached. Subscriptions that are lost on the way fail at notify.get_events or notify.unsubscribe.",
				Page:        "findings/ews_affinity_broken.md",
				Query:       `max by ($probe, step) (probe_step_success{$chosen}) == 0 and on ($probe) max by ($probe) (probe_ews_operation_success{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Table, Title: "Which server answers?",
				Description: "What the response says that decided the probe: front end, back end, version. Empty where it says nothing.",
				Page:        "who-answered.md",
				Query:       `max by ($probe, frontend, backend, server, version) (probe_server_info{$chosen}) and on ($probe) max by ($probe) (probe_ews_operation_success{$chosen})`,
			},
			{
				Kind: dashboard.Table, Title: "Why does the probe fail?",
				Description: "The first failure of the last probe, and who answered.",
				Page:        "metrics.md",
				Query:       `max by ($probe, stage, reason, origin, product) (probe_failure_info{$chosen}) and on ($probe) max by ($probe) (probe_ews_operation_success{$chosen})`,
			},
		}},
		{Height: 7, Panels: []dashboard.Panel{
			dashboard.Findings(`max by ($probe, code, severity, origin, product) (probe_finding{$chosen}) and on ($probe) max by ($probe) (probe_ews_operation_success{$chosen})`),
		}},
	},
}
