package probes_test

import (
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
	"github.com/ews-exporter/ews_exporter/internal/test/conformance"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

const page = "../docs/diagnosis.md"

// TestDocumentation: docs/diagnosis.md tells what people are told at each simulated site.
func TestDocumentation(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the 14 s that silent sites are given")
	}
	t.Parallel()
	rows := map[string][]string{} // by scenario
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, d := range probes.All() {
		x := conformance.New(subject(t, d))
		all.Go(func() {
			x.Visit(t.Context())
			mu.Lock()
			defer mu.Unlock()
			for _, o := range x.Seen {
				if row := told(o.Scenario, o.Result); !slices.Contains(rows[o.Scenario], row) {
					rows[o.Scenario] = append(rows[o.Scenario], row)
				}
			}
		})
	}
	all.Wait()
	var b strings.Builder
	b.WriteString("| site | asked by | who acts | how sure | when | first |\n|---|---|---|---|---|---|\n")
	for _, s := range lab.Scenarios(labs.All()) {
		if len(s.Verdicts) == 0 {
			t.Errorf("%s: no part says what its modules report", s.Name)
		}
		slices.Sort(rows[s.Name])
		b.WriteString(strings.Join(rows[s.Name], ""))
	}
	holdPage(t, b.String())
}

// told is the row of what a result asks of whom; empty where it asks nothing.
func told(scenario string, r *result.Result) string {
	if r.Verdict == nil {
		return ""
	}
	a, _ := runner.AllAdvice(probes.All()).Get(r.Verdict.Advice)
	for _, d := range probes.All() {
		if d.Name == r.Prober {
			a, _ = runner.Book(d).Get(r.Verdict.Advice)
		}
	}
	var owners []string
	for _, o := range a.Owners {
		owners = append(owners, string(o))
	}
	return fmt.Sprintf("| `%s` | `%s` | %s | %s | %s | %s |\n", scenario, r.Module, strings.Join(owners, ", "), r.Verdict.Certainty, a.When, strings.ReplaceAll(a.Step(), "|", `\|`))
}

// holdPage holds the table against the page, or writes it.
func holdPage(t *testing.T, table string) {
	t.Helper()
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
	want := before + begin + table + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("%s does not tell what the simulated sites report; run: go test ./probes -run TestDocumentation -update\n%s", page, diff)
	}
}
