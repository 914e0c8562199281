package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// keeper is a test by its folder and name.
var keeper = regexp.MustCompile("^`([a-z0-9_/]+)\\.(Test\\w+)`$")

// TestPromisesAreKept: for every promise SECURITY.md names tests, and they are there.
func TestPromisesAreKept(t *testing.T) {
	page, err := os.ReadFile("../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	promises, inTable := 0, false
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "| promise | kept by |":
			inTable = true
		case !strings.HasPrefix(line, "|"):
			inTable = false
		case inTable && line != "|---|---|":
			promises++
			checkPromise(t, line)
		}
	}
	if promises < 30 {
		t.Errorf("only %d promises were found", promises)
	}
}

func checkPromise(t *testing.T, row string) {
	t.Helper()
	cells := strings.Split(strings.Trim(row, "| "), " | ")
	for _, name := range strings.Split(cells[len(cells)-1], ", ") {
		if k := keeper.FindStringSubmatch(name); k == nil || !tested(t, k[1], k[2]) {
			t.Errorf("%q is kept by %s, and there is no such test", cells[0], name)
		}
	}
}

// tested tells whether a folder's tests have one of this name.
func tested(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file) // #nosec G304 -- the tree's own
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+name+"(t *testing.T) {") {
			return true
		}
	}
	return false
}
