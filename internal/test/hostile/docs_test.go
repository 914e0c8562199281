package hostile

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// page is written from the table.
const page = "../../../docs/reliability.md"

// TestDocumentation holds the page's tables against the table.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin faults -->\n", "<!-- end faults -->"
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the tables", page)
	}
	want := before + begin + tables() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s does not show the table; run: make generate:\n%s", page, diff)
	}
}

// tables are all groups in Markdown.
func tables() string {
	var b strings.Builder
	rows := 0
	for _, g := range groups() {
		rows += len(g.faults)
	}
	fmt.Fprintf(&b, "%d behaviours, in %d groups.\n", rows, len(groups()))
	for _, g := range groups() {
		probers := slices.DeleteFunc(slices.Clone(columns), func(prober string) bool { return !g.meets(prober) })
		fmt.Fprintf(&b, "\n### %s\n\nMet by `%s`.\n\n| %s … | a probe reports |\n|---|---|\n", g.title, strings.Join(probers, "`, `"), g.who)
		for _, f := range g.faults {
			b.WriteString("| " + f.does)
			if f.floods {
				b.WriteString(" ∞")
			}
			b.WriteString(" | " + f.cell(probers) + " |\n")
		}
	}
	return b.String()
}

// cell is what probers report: what most of them do stands first and without a name.
func (f fault) cell(probers []string) string {
	count := map[string]int{}
	usual := ""
	for _, prober := range probers {
		v := f.reports[prober]
		if count[v]++; v != "" && count[v] > count[usual] && (len(probers) == 1 || count[v] > 1 && 2*count[v] >= len(probers)) {
			usual = v
		}
	}
	var parts []string
	if usual != "" {
		parts = append(parts, shown(usual))
	}
	for _, prober := range probers {
		if v := f.reports[prober]; v != "" && v != usual {
			parts = append(parts, "`"+prober+"`: "+shown(v))
		}
	}
	return strings.Join(parts, " · ")
}

// meets tells whether a prober can meet one of the faults.
func (g group) meets(prober string) bool {
	return slices.ContainsFunc(g.faults, func(f fault) bool { return f.reports[prober] != "" })
}

// shown is a verdict in Markdown, its findings leading to their pages.
func shown(verdict string) string {
	said, codes, _ := strings.Cut(verdict, ", ")
	if said != "success" {
		said = "`" + said + "`"
	}
	for code := range strings.SplitSeq(codes, ", ") {
		if code != "" {
			said += fmt.Sprintf(", [`%s`](findings/%[1]s.md)", code)
		}
	}
	return said
}

// TestTable holds that the table is what it says: long, without doubles, and in the words that probers declare.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range groups() {
		for _, f := range g.faults {
			name := g.title + ": " + f.does
			if seen[name] || len(f.reports) == 0 {
				t.Errorf("%s is there twice, or met by nobody", name)
			}
			seen[name] = true
			for prober, verdict := range f.reports {
				if err := declared(prober, verdict); err != nil {
					t.Errorf("%s, %s: %v", name, prober, err)
				}
			}
		}
	}
	if len(seen) < 60 {
		t.Errorf("%d rows", len(seen))
	}
}

// declared tells whether a prober's definition has the reason and the findings of a verdict.
func declared(name, verdict string) error {
	all := probes.All()
	i := slices.IndexFunc(all, func(d prober.Definition) bool { return d.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no such prober")
	}
	said, codes, _ := strings.Cut(verdict, ", ")
	known := said == "success"
	for _, r := range slices.Concat(runner.CommonReasons(), all[i].Reasons) {
		known = known || said == string(r.Stage)+"/"+r.Reason
	}
	if !known {
		return fmt.Errorf("the reason %s is not declared", said)
	}
	for code := range strings.SplitSeq(codes, ", ") {
		if code != "" && !slices.ContainsFunc(all[i].Findings, func(f prober.Finding) bool { return f.Code == code }) {
			return fmt.Errorf("the finding %s is not declared", code)
		}
	}
	return nil
}
