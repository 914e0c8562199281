package docs_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

var update = flag.Bool("update", false, "rewrite the tables of docs/metrics.md from the code")

// TestMetricsPage holds the tables of metrics.md against what the code declares.
func TestMetricsPage(t *testing.T) {
	page, err := os.ReadFile("metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	got := string(page)
	for name, table := range tables() {
		got = replaceSection(t, got, name, table)
	}
	if *update {
		if err := os.WriteFile("metrics.md", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(page) {
		t.Error("docs/metrics.md is not what the code declares; run: go test ./docs -update")
	}
}

// replaceSection puts a table between the markers that bear its name.
func replaceSection(t *testing.T, page, name, table string) string {
	t.Helper()
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("docs/metrics.md has no section %q", name)
	}
	return before + begin + table + end + after
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

// TestEveryFindingHasAPage and every page a finding: a code in an alert must lead to a fix.
func TestEveryFindingHasAPage(t *testing.T) {
	declared := map[string]bool{}
	for _, d := range probes.All() {
		for _, f := range d.Findings {
			declared[f.Code] = true
			page, err := os.ReadFile(filepath.Join("findings", f.Code+".md"))
			if err != nil {
				t.Errorf("finding %s has no page", f.Code)
				continue
			}
			for _, section := range []string{"## What it means", "## How sure is it", "## The fix", "## Verify", "**Owner:**", "**Scope", "**Severity:** " + string(f.Severity)} {
				if !strings.Contains(string(page), section) {
					t.Errorf("findings/%s.md does not say %q", f.Code, section)
				}
			}
		}
	}
	pages, _ := filepath.Glob("findings/*.md")
	for _, page := range pages {
		if name := strings.TrimSuffix(filepath.Base(page), ".md"); !declared[name] {
			t.Errorf("%s is the page of no finding", page)
		}
	}
}

// TestReasonsAreDeclaredOnce keeps stage and reason together unique.
func TestReasonsAreDeclaredOnce(t *testing.T) {
	for _, d := range probes.All() {
		seen := map[string]bool{}
		for _, r := range append(runner.CommonReasons(), d.Reasons...) {
			name := string(r.Stage) + "/" + r.Reason
			if seen[name] {
				t.Errorf("%s declares %s twice", d.Name, name)
			}
			seen[name] = true
		}
	}
}
