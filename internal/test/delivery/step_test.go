package delivery_test

import (
	"cmp"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// beside are what an alert, unlike a report, has no proof and no module for: the words of a quoted step, those in an alert, and, where
// something is filled in, what may stand there.
var beside = [][3]string{
	{"auth AUTH", "the module's auth", "(?:auth [^ ]+|the module's auth)"}, {"the module's auth", "the module's auth", "(?:auth [^ ]+|the module's auth)"},
	{"the proof's time", "the time of the proof", "(?:[0-9-]+ [0-9:]+ UTC|the time of the proof)"}, {"the proof's", "the report's", ""},
	{"the message", "the report's message", ""}, {"this report", "the report", ""}, {"This report", "the report", ""}, {"in the proof", "in the report's proof", ""},
}

// inAlert writes a step as an alert does, or as a pattern of it.
func inAlert(step string, pattern bool) string {
	var pairs []string
	for _, b := range beside {
		if pattern {
			pairs = append(pairs, regexp.QuoteMeta(b[0]), cmp.Or(b[2], b[1]))
		} else {
			pairs = append(pairs, b[0], b[1])
		}
	}
	return strings.NewReplacer(pairs...).Replace(step)
}

// word is a word in capitals that is filled in where it is known.
var word = func() *regexp.Regexp {
	var names []string
	for _, w := range advice.Words {
		names = append(names, w.Name)
	}
	return regexp.MustCompile(`\b(?:` + strings.Join(names, "|") + `)\b`)
}()

// known is what an alert with these labels knows of the words in a step.
func known(labels map[string]string) func(string) string {
	host, port, err := net.SplitHostPort(labels["instance"])
	if err != nil {
		host = labels["instance"]
	}
	values := map[string]string{"TARGET": labels["instance"], "HOST": host, "PORT": port, "SERVICE": labels["service"]}
	return func(word string) string { return values[word] }
}

// pattern is the step of an advice in an alert with these labels and what its outcome tells, because many causes share a step; with
// anything in the places that the labels do not fill.
func pattern(labels map[string]string, a advice.Advice) string {
	s := strings.ReplaceAll(a.Step()+" "+a.Separates, "probe MODULE HOST", "probe MODULE TARGET")
	if labels["via"] == "direct" {
		s = strings.ReplaceAll(s, "probe MODULE SERVER ", "probe MODULE TARGET ")
	}
	s = regexp.QuoteMeta(oneLine(advice.Fill(s, known(labels))))
	return word.ReplaceAllString(inAlert(s, true), `(?:'[^']*'|[^\s']+)`)
}

// afterStep is what may follow then: the change, where the report is, and what words mean that are left.
const afterStep = `(?:$| Then: | What to change| The whole report| [A-Z]+ (?:is|are) )`

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// wrongStep says how the description of an alert with these labels does not have the first step of an advice; empty where it has.
func wrongStep(description string, labels map[string]string, a advice.Advice) string {
	return wrong(description, regexp.MustCompile("^"+pattern(labels, a)+afterStep), a.Step())
}

// wrongComparison is wrongStep where the servers are compared first, and the advice's own step is for what that tells.
func wrongComparison(description string, labels map[string]string, a advice.Advice) string {
	compare := pattern(labels, advice.Advice{On: advice.OnExporter, First: advice.AskServers})
	return wrong(description, regexp.MustCompile("^"+compare+`.*If one does(?:, |: )`+pattern(labels, a)+afterStep), "compare, then "+a.Step())
}

func wrong(description string, pattern *regexp.Regexp, step string) string {
	_, told, ok := strings.Cut(oneLine(description), "First: ")
	switch {
	case !ok:
		return "it has no first step"
	case !pattern.MatchString(told):
		return fmt.Sprintf("its first step is not %q, with what that tells, but\n%s", step, told)
	}
	return ""
}

// described is a description with the step, as an alert with these labels has it.
func described(labels map[string]string, a advice.Advice) string {
	step := strings.ReplaceAll(a.Step()+"\n"+a.Separates, "probe MODULE HOST", "probe MODULE TARGET")
	return "What happened.\nFirst: " + inAlert(advice.Fill(step, known(labels)), false) + "\nThe whole report."
}

// TestAnotherCausesStepIsWrong: of all advice each step is right for its own, filled in or not, and for no other that tells anything else.
func TestAnotherCausesStepIsWrong(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"service": "mail.contoso.test", "instance": "box.contoso.test"}
	book := runner.AllAdvice(probes.All())
	plain := make([]string, len(book))
	for i, a := range book {
		plain[i] = word.ReplaceAllString(described(labels, a), "X")
	}
	for i, a := range book {
		right := regexp.MustCompile("^" + pattern(labels, a) + afterStep)
		for j, b := range book {
			if same := plain[i] == plain[j]; same != (wrong(plain[j], right, a.Step()) == "") {
				t.Errorf("%s (%s) with the step of %s (%s): the same is %v", a.Key, a.Step(), b.Key, b.Step(), same)
			}
		}
	}
	a, b := book[0], book[1]
	compared := func(a advice.Advice) string {
		first, _ := strings.CutPrefix(described(labels, a), "What happened.\nFirst: ")
		return "First: " + advice.OnExporter + ":\n    " + advice.Fill(advice.AskServers, known(labels)) + "\nIf none of them gives it: this way. If one does, " + first
	}
	if problem := wrongComparison(compared(a), labels, a); problem != "" {
		t.Error(problem)
	}
	for name, right := range map[string]bool{
		"no step at all":                        wrongStep("What happened.", labels, a) == "",
		"no comparison":                         wrongComparison(described(labels, a), labels, a) == "",
		"a comparison that leads to another":    wrongComparison(compared(b), labels, a) == "",
		"a comparison where the step was first": wrongStep(compared(a), labels, a) == "",
	} {
		if right {
			t.Errorf("%s is taken for the right step", name)
		}
	}
}
