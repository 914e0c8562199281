package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/markdown"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// metricsPage puts what the code declares into docs/metrics.md.
func metricsPage(root string) ([]file, error) {
	var own, all strings.Builder
	own.WriteString("| metric | labels | meaning |\n|---|---|---|\n")
	for _, m := range collector.SelfMetrics() {
		fmt.Fprintf(&own, "| `%s` | %s | %s |\n", m.Name, code(m.Labels), m.Help)
	}
	for _, d := range probes.All() {
		all.WriteString(declared(d))
	}
	return sections(root, "docs/metrics.md", map[string]string{
		"common metrics": metricTable(collector.Metrics()), "common reasons": reasonTable(runner.CommonReasons()), "proxy steps": stepTable(prober.ProxySteps),
		"probers": all.String(), "own metrics": own.String(),
	})
}

// declared is what a prober declares of itself.
func declared(d prober.Definition) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s [How it asks, and how to read it](%s); [settings](configuration.md#%[1]s).", d.Name, d.Summary, path.Base(page(d)))
	if d.Decides != result.ByHTTP {
		b.WriteString(" There are no `probe_http_*`: no exchange of HTTP decides.")
	}
	fmt.Fprintf(&b, "\n\n%s\n### Failures of its own\n\n%s\n### Findings\n\n%s\n### Steps\n\n%s\n",
		metricTable(d.Metrics), reasonTable(d.Reasons), findingTable(d.Findings), stepTable(d.Steps))
	return b.String()
}

// configurationPage puts the settings of each prober, as its own page has them, into docs/configuration.md.
func configurationPage(root string) ([]file, error) {
	const to = "docs/configuration.md"
	published, err := places(root)
	if err != nil {
		return nil, err
	}
	var all strings.Builder
	for _, d := range probes.All() {
		text, err := read(root, readme(d))
		if err != nil {
			return nil, err
		}
		settings := markdown.Section(text, "Settings")
		if settings == "" {
			return nil, fmt.Errorf("%s has no section Settings", readme(d))
		}
		fmt.Fprintf(&all, "### %s\n\n%s See [%s](%s).\n\n%s\n\n", d.Name, d.Summary, d.Name, path.Base(page(d)), moved(settings, readme(d), to, published))
	}
	return sections(root, to, map[string]string{"probers": all.String()})
}

// frontPage lists the probers in README.md.
func frontPage(root string) ([]file, error) {
	var b strings.Builder
	b.WriteString("| prober | it asks |\n|---|---|\n")
	for _, d := range probes.All() {
		fmt.Fprintf(&b, "| [`%s`](%s) | %s |\n", d.Name, page(d), d.Summary)
	}
	return sections(root, "README.md", map[string]string{"probers": b.String()})
}

func metricTable(metrics []*result.Metric) string {
	var b strings.Builder
	b.WriteString("| metric | labels | meaning | there when |\n|---|---|---|---|\n")
	for _, m := range metrics {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.Name, code(m.Labels), m.Help, m.Presence)
	}
	return b.String()
}

func reasonTable(reasons []failure.Reason) string {
	var b strings.Builder
	b.WriteString("| stage | reason | meaning |\n|---|---|---|\n")
	for _, r := range reasons {
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", r.Stage, r.Reason, r.Help)
	}
	return b.String()
}

func stepTable(steps []prober.StepHelp) string {
	var b strings.Builder
	b.WriteString("| step | what it does |\n|---|---|\n")
	for _, s := range steps {
		fmt.Fprintf(&b, "| `%s` | %s |\n", s.Name, s.Help)
	}
	return b.String()
}

func findingTable(findings []prober.Finding) string {
	var b strings.Builder
	b.WriteString("| finding | severity | meaning |\n|---|---|---|\n")
	for _, f := range findings {
		fmt.Fprintf(&b, "| [`%s`](findings/%s.md) | %s | %s |\n", f.Code, f.Code, f.Severity, f.Summary)
	}
	return b.String()
}

func code(labels []string) string {
	quoted := make([]string, len(labels))
	for i, l := range labels {
		quoted[i] = "`" + l + "`"
	}
	return strings.Join(quoted, ", ")
}
