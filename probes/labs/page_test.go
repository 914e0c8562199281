package labs_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/actionable"
	"github.com/ews-exporter/ews_exporter/probes"
)

var update = flag.Bool("update", false, "write the table of docs/diagnosis.md anew")

const page = "../../docs/diagnosis.md"

// table is what people are told at each simulated site.
type table struct {
	mu   sync.Mutex
	rows map[string][]string // by scenario
}

// add notes what a result asks of whom, nothing where it asks nothing.
func (all *table) add(t *testing.T, s lab.Scenario, r *result.Result) {
	t.Helper()
	if problem := actionable.Problem(r); problem != "" {
		t.Errorf("%s, %s: %s", s.Name, r.Module, problem)
	}
	if r.Verdict == nil {
		return
	}
	a, _ := runner.AllAdvice(probes.All()).Get(r.Verdict.Advice)
	var owners []string
	for _, o := range a.Owners {
		owners = append(owners, string(o))
	}
	row := fmt.Sprintf("| `%s` | `%s` | %s | %s | %s | %s |\n", s.Name, r.Module, strings.Join(owners, ", "), r.Verdict.Certainty, a.When, strings.ReplaceAll(a.Step(), "|", `\|`))
	all.mu.Lock()
	defer all.mu.Unlock()
	if !slices.Contains(all.rows[s.Name], row) {
		all.rows[s.Name] = append(all.rows[s.Name], row)
	}
}

// page holds the table against the page, or writes it.
func (all *table) page(t *testing.T, scenarios []lab.Scenario) {
	t.Helper()
	var b strings.Builder
	b.WriteString("| site | asked by | who acts | how sure | when | first |\n|---|---|---|---|---|---|\n")
	for _, s := range scenarios {
		slices.Sort(all.rows[s.Name])
		b.WriteString(strings.Join(all.rows[s.Name], ""))
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin sites -->\n", "<!-- end sites -->"
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", page)
	}
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s does not tell what the simulated sites report; run: go test ./probes/labs -run TestDocumentation -update\n%s", page, diff)
	}
}
