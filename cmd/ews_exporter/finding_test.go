package main

import (
	"strings"
	"testing"
)

// TestFindingPrintsThePage: it begins with the code, and not with what the file says of how it was made.
func TestFindingPrintsThePage(t *testing.T) {
	t.Parallel()
	for code := range strings.Lines(execute(t, "", "finding").out) {
		code = strings.TrimSpace(code)
		if got := execute(t, "", "finding", code); got.code != exitOK || !strings.HasPrefix(got.out, "# "+code+"\n") {
			t.Errorf("exit code %d, %.80q", got.code, got.out)
		}
	}
}
