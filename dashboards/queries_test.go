package dashboards_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/queries.txt anew")

// TestQueries keeps what every panel asks on one page, so that a change of what a dashboard says shows for itself,
// and not among the lines that Grafana needs to draw it.
func TestQueries(t *testing.T) {
	names, err := filepath.Glob("*.json")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, name := range names {
		d := load(t, name)
		fmt.Fprintf(&got, "# %s (%s)\n\n", d.Title, d.UID)
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				fmt.Fprintf(&got, "%s: %s\n", v.Name, v.Definition)
			}
		}
		for _, p := range d.Panels {
			fmt.Fprintf(&got, "\n%s [%s, %s]\n", p.Title, p.Type, p.FieldConfig.Defaults.Unit)
			for _, target := range p.Targets {
				fmt.Fprintf(&got, "  %s: %s\n", target.LegendFormat, target.Expr)
			}
		}
		got.WriteString("\n\n")
	}
	const golden = "testdata/queries.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the panels ask other things than %s says; run: go test ./dashboards -run TestQueries -update, and read what changed", golden)
	}
}
