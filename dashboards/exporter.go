package dashboards

import "github.com/ews-exporter/ews_exporter/internal/dashboard"

// exporter tells whether the exporter itself is well.
var exporter = &dashboard.Dashboard{
	Name: "exporter", Title: "Exporter",
	Description: "Is the exporter itself well?",
	Series:      `up{job="ews_exporter"}`,
	Choices:     []dashboard.Choice{{Label: "site", Title: "Site"}, {Label: "instance", Title: "Exporter", Within: []string{"site"}}},
	Rows: []dashboard.Row{
		{Height: 4, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Stat, Title: "Exporters that answer",
				Description: "Exporters that Prometheus reaches now.",
				Page:        "alerts.md#ewsexporterdown",
				Colors:      []dashboard.Step{{Color: "red"}, {Color: "green", From: 1}},
				Query:       `sum(up{job="ews_exporter", $chosen})`,
			},
			{
				Kind: dashboard.Stat, Title: "Was the configuration loaded?",
				Description: "Whether the last reload succeeded everywhere; if not, the old configuration is in force.",
				Page:        "alerts.md#ewsexporterreloadfailed",
				States:      [2]string{"no", "yes"},
				Query:       `min(ews_exporter_config_last_reload_successful{$chosen})`,
			},
			{
				Kind: dashboard.Stat, Title: "Secrets suspended",
				Description: "Auths whose secret was refused, so that probes with it do not run.",
				Page:        "alerts.md#ewsauthsuspended",
				Colors:      dashboard.AnyRed,
				Query:       `sum(max by (site, auth) (ews_exporter_auth_suspended{$chosen}))`,
			},
			{
				Kind: dashboard.Stat, Title: "Panics in this time range",
				Description: "Probes that ended in a panic: each is a bug.",
				Page:        "alerts.md#ewsexporterpanicked",
				Colors:      dashboard.AnyRed,
				Query:       `sum(increase(ews_exporter_probe_panics_total{$chosen}[$__range]))`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "How many probes run, and how do they end?",
				Description: "Probes per second, by module and result.",
				Page:        "alerts.md",
				Unit:        "ops",
				Legend:      "{{module}} {{result}}",
				Query:       `sum by (module, result) (rate(ews_exporter_probes_total{$chosen}[$__rate_interval]))`,
			},
			{
				Kind: dashboard.Lines, Title: "How many probes run at once?",
				Description: "Probes in flight; --limit.probes bounds them.",
				Page:        "alerts.md",
				Legend:      "{{instance}}",
				Query:       `max by (site, instance) (ews_exporter_probes_in_flight{$chosen})`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "How long do 95 of 100 probes take?",
				Description: "The 95th percentile of probe durations, by module.",
				Page:        "alerts.md",
				Unit:        "s",
				Legend:      "{{module}}",
				Query:       `histogram_quantile(0.95, sum by (module, le) (rate(ews_exporter_probe_duration_seconds_bucket{$chosen}[$__rate_interval])))`,
			},
			{
				Kind: dashboard.Lines, Title: "Which requests are refused?",
				Description: "Requests for a probe that were refused, per second, by reason.",
				Page:        "alerts.md#ewsproberefused",
				Unit:        "reqps",
				Legend:      "{{reason}}",
				Query:       `sum by (reason) (rate(ews_exporter_probes_refused_total{$chosen}[$__rate_interval]))`,
			},
		}},
		{Height: 8, Panels: []dashboard.Panel{
			{
				Kind: dashboard.Lines, Title: "What do targets answer, over all?",
				Description: "Final responses per second, by status code and by who made them.",
				Page:        "who-answered.md",
				Unit:        "reqps",
				Legend:      "{{code}} {{origin}}",
				Query:       `sum by (code, origin) (rate(ews_exporter_probe_responses_total{$chosen}[$__rate_interval]))`,
			},
			{
				Kind: dashboard.Table, Title: "Which versions run?",
				Description: "The version of each exporter.",
				Page:        "alerts.md",
				Query:       `max by (instance, version, revision, goversion) (ews_exporter_build_info{$chosen})`,
			},
		}},
	},
}
