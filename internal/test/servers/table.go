package servers

import (
	"os"
	"strings"
	"testing"
)

// HoldTable holds a table of a page, which begins with this head and ends with an empty line, against the rows that a test has
// measured, or writes them. Each row is a line.
func HoldTable(t testing.TB, page, head string, rows []string, update bool) {
	t.Helper()
	text, err := os.ReadFile(page) // #nosec G304 -- the test's own page
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), head)
	_, after, _ := strings.Cut(rest, "\n\n")
	if strings.HasPrefix(rest, "\n") {
		after = rest[1:]
	}
	want := before + head + strings.Join(rows, "") + "\n" + after
	switch {
	case !found:
		t.Errorf("%s has lost the table %q", page, head)
	case update:
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil { // #nosec G703 -- as above
			t.Fatal(err)
		}
	case want != string(text):
		t.Errorf("a table of %s is not what was measured; write it by -update:\n%s", page, strings.Join(rows, ""))
	}
}
