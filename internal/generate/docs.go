package main

import (
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// metricsPage puts what the code declares into docs/metrics.md.
func metricsPage(root string) ([]file, error) {
	return sections(root, "docs/metrics.md", tables())
}

// findingPages copies the pages of findings to where runbook links lead, and the exporter serves them from.
func findingPages(root string) ([]file, error) {
	folders := []string{common}
	for _, d := range probes.All() {
		folders = append(folders, folder(d))
	}
	return copies(root, "findings/*.md", "docs/findings", folders...)
}

// tables renders what the code declares, by section.
func tables() map[string]string {
	all := map[string]string{"common metrics": metricTable(collector.Metrics())}
	var own strings.Builder
	for _, m := range collector.SelfMetrics() {
		fmt.Fprintf(&own, "| `%s` | %s | %s |\n", m.Name, code(m.Labels), m.Help)
	}
	all["own metrics"] = "| metric | labels | meaning |\n|---|---|---|\n" + own.String()
	all["common reasons"] = reasonTable(runner.CommonReasons())
	for _, d := range probes.All() {
		all[d.Name+" metrics"] = metricTable(d.Metrics)
		all[d.Name+" reasons"] = reasonTable(d.Reasons)
		all[d.Name+" steps"] = stepTable(d.Steps)
		all[d.Name+" findings"] = findingTable(d.Findings)
	}
	return all
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
