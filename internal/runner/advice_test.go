package runner_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

var (
	// glued are marks of a command with a comment, a second step or a gap in it.
	glued = regexp.MustCompile(`…|: |, then |; then `)
	// empty are phrases that leave whoever reads them where they were.
	empty = regexp.MustCompile(`(?i)what (these|that|it) says?\.|former value|nothing to set`)
	// back is how a change is undone, or what to write down before it.
	back = regexp.MustCompile(`(?i)\bundo|\bundone|\bnote\b|\bkeep\b`)
)

// TestSharedAdviceCanBeFollowed: the first step is one command to paste, with the place where it is done, or one sentence; what
// its outcome tells is said in conditions; and a change says how to get back.
func TestSharedAdviceCanBeFollowed(t *testing.T) {
	t.Parallel()
	for _, a := range runner.CommonAdvice() {
		command := a.On != ""
		switch {
		case command == strings.HasSuffix(a.First, "."):
			t.Errorf("%s: first step is neither a command with its place nor a sentence: %q, %q", a.Key, a.On, a.First)
		case command && glued.MatchString(a.First):
			t.Errorf("%s: the command cannot be pasted as it stands: %s", a.Key, a.First)
		}
		if a.Separates != "" && !strings.HasPrefix(a.Separates, "If ") {
			t.Errorf("%s: what the outcome tells is no condition: %s", a.Key, a.Separates)
		}
		if a.Then == "" || empty.MatchString(a.Then) {
			t.Errorf("%s: what to do then is empty: %q", a.Key, a.Then)
		}
		if a.Risk != advice.Look && !back.MatchString(a.Then) {
			t.Errorf("%s: the change does not say how to get back: %s", a.Key, a.Then)
		}
		for _, place := range a.Places {
			if empty.MatchString(place.Setting) {
				t.Errorf("%s: nothing is set at %s: %s", a.Key, place.Product, place.Setting)
			}
		}
	}
}
