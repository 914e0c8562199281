package probes_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// destructive are what nobody should be told to do before having looked.
var destructive = regexp.MustCompile(`(?i)\biisreset\b|\brestart\b|reset-|set-aduser|new password|extendedprotection.*(none|off)`)

// TestAdvice: each piece of advice can be followed as it stands.
func TestAdvice(t *testing.T) {
	t.Parallel()
	all := runner.AllAdvice(probes.All())
	seen := map[string]bool{}
	for _, a := range all {
		problem := func(what string) { t.Errorf("advice %s: %s", a.Key, what) }
		if seen[a.Key] {
			problem("the key is there twice")
		}
		seen[a.Key] = true
		if n := len(a.Step()); n == 0 || n > 160 {
			t.Errorf("advice %s: first has %d bytes, want 1 to 160", a.Key, n)
		}
		if a.Means == "" || a.Suffers == "" || a.When == "" || a.Risk == "" || len(a.Owners) == 0 {
			problem("it lacks what it means, who suffers, when, the risk, or an owner")
		}
		if several := len(a.Owners) > 1; several && a.Separates == "" || several == (a.Certainty != "") {
			problem("one owner has a certainty, several have a test that tells them apart")
		}
		for _, o := range a.Owners {
			if o.Title() == string(o) {
				problem("it has an owner that is none: " + string(o))
			}
		}
		if destructive.MatchString(a.First) {
			problem("its first step changes something that cannot be undone: " + a.First)
		}
		if a.Direct != "" {
			if past, ok := all.Get(a.Direct); !ok || past.Direct != "" || slices.Contains(past.Owners, advice.Middlebox) {
				problem("the advice for a server asked directly is not there, leads on, or blames a box: " + a.Direct)
			}
		}
	}
}
