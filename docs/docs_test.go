package docs_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

var update = flag.Bool("update", false, "write the table of docs/cost.md anew")

// replaceSection puts a table between the markers that bear its name.
func replaceSection(t *testing.T, page, name, table string) string {
	t.Helper()
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
	before, rest, ok := strings.Cut(page, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("there is no section %q", name)
	}
	return before + begin + table + end + after
}

// TestEveryFindingHasAPage and every page a finding: a code in an alert must lead to a fix.
func TestEveryFindingHasAPage(t *testing.T) {
	makers := map[string][]string{}
	for _, d := range probes.All() {
		for _, f := range d.Findings {
			makers[f.Code] = append(makers[f.Code], d.Name)
		}
	}
	for _, d := range probes.All() {
		for _, f := range d.Findings {
			page, err := os.ReadFile(filepath.Join("findings", f.Code+".md"))
			if err != nil {
				t.Errorf("finding %s has no page", f.Code)
				continue
			}
			needs := []string{"## What it means", "## How sure is it", "## The fix", "## Verify", "**Owner:**", "**Scope", "**Prober:** ", "**Severity:** " + string(f.Severity)}
			if len(makers[f.Code]) == 1 {
				needs = append(needs, "**Prober:** `"+d.Name+"`")
			}
			for _, section := range needs {
				if !strings.Contains(string(page), section) {
					t.Errorf("findings/%s.md does not say %q", f.Code, section)
				}
			}
		}
	}
	pages, _ := filepath.Glob("findings/*.md")
	for _, page := range pages {
		if name := strings.TrimSuffix(filepath.Base(page), ".md"); makers[name] == nil {
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
