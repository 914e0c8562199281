package origin

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table of rules into docs/who-answered.md")

// TestDocumentation holds the page's table against the rules.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "docs", "who-answered.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "-update` -->\n", "<!-- end of rules -->"
	before, rest, ok := strings.Cut(string(text), begin)
	if !ok {
		t.Fatalf("%s has no place for the rules", path)
	}
	got, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatalf("%s does not say where the rules end", path)
	}
	want := ruleTable() + "\nIn SMTP, from top to bottom:\n\n" + mailRuleTable()
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil { //nolint:gosec // a page for everybody
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s does not show the rules; run: make generate:\n%s", path, diff)
	}
}

func ruleTable() string {
	var b strings.Builder
	b.WriteString("| rule | origin | product | what is looked at | source |\n|---|---|---|---|---|\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.name, r.kind, r.product, r.looks, r.source)
	}
	return b.String()
}

func mailRuleTable() string {
	var b strings.Builder
	b.WriteString("| rule | origin | product | what is looked at | source |\n|---|---|---|---|---|\n")
	for _, r := range mailRules {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.name, r.kind, r.product, r.looks, r.source)
	}
	return b.String()
}
