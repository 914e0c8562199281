package docs_test

import (
	"flag"
	"strings"
	"testing"
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
