package probes_test

import (
	"regexp"
	"slices"
	"strings"
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
			past, ok := all.Get(a.Direct)
			if !ok || past.Direct != "" || slices.Contains(past.Owners, advice.Middlebox) {
				problem("the advice for a server asked directly is not there, leads on, or blames a box: " + a.Direct)
			}
			if len(past.For) > 0 || past.Certainty == advice.Sure {
				problem("that a server was asked directly proves no more than " + a.Key + " says, and its advice is of other evidence, or sure: " + a.Direct)
			}
		}
	}
}

// glued are marks of a first step that is a command with something more stuck to it, or of a text that says nothing.
var (
	glued     = regexp.MustCompile(`^[A-Z][a-z]+-[A-Z]\w+ .*(, and |: |; then |…| on (that|a|the) server)|^ews_exporter .*(: |, )|--direct SERVERS? [^-]`)
	sentence  = regexp.MustCompile(`^[A-Z][a-z]+ `) // which a text for alerts tells from a command by its full stop
	saysNone  = regexp.MustCompile(`(?i)^(what|mend) (these|this|it|the log) says?\.$|nothing to set|a present version`)
	undone    = regexp.MustCompile(`(?i)\b(undo|undone|undoing|note|noted|noting)\b|put (it|the server) back`)
	condition = regexp.MustCompile(`(?:^|[.;] )If [^:]+: `)
)

// ofCmd is a variable of the command prompt: PowerShell, which all who administer Exchange type in, leaves it as it stands.
var ofCmd = regexp.MustCompile(`%[A-Za-z]+%`)

// TestTexts: somebody who was woken can paste the first step, and is told what each outcome means, and what to note so that the change can be undone.
func TestTexts(t *testing.T) {
	t.Parallel()
	for _, a := range runner.AllAdvice(probes.All()) {
		problem := func(what, text string) { t.Errorf("advice %s: %s: %q", a.Key, what, text) }
		if glued.MatchString(a.First) {
			problem("the first step is a command and something more", a.First)
		}
		if sentence.MatchString(a.First) && !strings.HasSuffix(a.First, ".") {
			problem("the first step is a sentence without its end", a.First)
		}
		if a.Separates != "" && !condition.MatchString(a.Separates) {
			problem("what tells owners apart has no condition", a.Separates)
		}
		if len(a.Owners) > 1 && len(condition.FindAllString(a.Separates, -1)) < 2 {
			problem("several owners, and fewer than two outcomes", a.Separates)
		}
		for _, text := range []string{a.On, a.First, a.Separates, a.Then} {
			if ofCmd.MatchString(text) {
				problem("PowerShell knows no such variable", text)
			}
		}
		if a.Then == "" || saysNone.MatchString(a.Then) {
			problem("it does not say what to do then", a.Then)
		}
		if a.Risk != advice.Look && !undone.MatchString(a.Then) {
			problem("it says neither what to note nor how the change is undone", a.Then)
		}
		for _, place := range a.Places {
			if saysNone.MatchString(place.Setting) {
				problem("a place says nothing to set", place.Setting)
			}
		}
	}
}
