package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// What to do first is in the exporters' own metrics, so that an alert says what the report says. It is looked up when the text
// is made, in two steps: which advice probe_fault_info names at the alert's target, and what ews_exporter_advice_info has for
// that. An expression never joins these: with two exporters, or two versions of them, such a rule dies. Where nothing is found,
// because no exporter is scraped or it is an older one, the text has its own words.
//
// The functions faultsOf… say which faults an alert is about, and the functions act… tell who acts on them; the step is left for the
// function first, which comes after it.

// faults are those that an alert is about: the series of probe_fault_info that a selector names, over a window. The label severity, the
// owner, the urgency and the step all go by the same ones, so that they do not contradict each other.
type faults struct {
	keys     string // the template that keeps in $keys which advice they may have (a regular expression)
	selector string // $keys, or $butKeys for all advice but these
	scope    string // of the alert's labels, see scopes
	window   string
	narrowed string // what the probes have to be besides; empty for nothing
	calm     bool   // the alert wakes nobody
	paced    bool   // how often they come makes the alert urgent, whatever each of them is
	boxed    string // a query that gives something where a box has answered; empty where well is
	well     string // a query that gives something where the servers that are asked directly work; empty for none
}

// justNow is the window of alerts that say how things are now: as long as Prometheus remembers a scrape, so that what follows from the
// faults does not change with a single one.
const justNow = "5m"

// by counts in how many scrapes the faults were seen, by labels; more matchers may narrow them down.
func (q faults) by(labels string, more ...string) string {
	matchers := append([]string{q.selector, q.scope}, more...)
	if slices.Contains(more, "$advice") {
		matchers = matchers[1:]
	}
	return "max by (" + labels + ") (count_over_time(probe_fault_info{" + strings.Join(matchers, ",") + "}[" + q.window + "])" + q.narrowed + ")"
}

// anywhere tells of faults of no single target.
func (q faults) anywhere() bool { return q.scope == "$service,$module" }

// ofFinding are those of findings by their codes (a regular expression's alternatives), now or within a window.
func (f alertFacts) ofFinding(codes string, window ...string) (faults, error) {
	keys := map[string]bool{}
	for _, code := range strings.Split(codes, "|") {
		led := f.leads(code)
		if len(led) == 0 {
			return faults{}, fmt.Errorf("nothing leads from %q to an advice", code)
		}
		maps.Copy(keys, led)
	}
	return faults{keys: keep(joined(keys)), selector: "$keys", scope: "$probe", window: append(window, justNow)[0]}, nil
}

// ofFailing are those of the checks that fail at the target for no other alert's reason; an operand may narrow them down.
func (f alertFacts) ofFailing(operand ...string) faults {
	failing := strings.Join(append([]string{"ews:check_failing:unexplained{$target}"}, operand...), " ")
	return faults{
		keys: keep(f.warned()), selector: "$butKeys", scope: "$target", window: justNow,
		narrowed: " and on (site, service, via, instance, module) (" + failing + ")",
	}
}

// ofFailed are those of the probe's failures within a window.
func (f alertFacts) ofFailed(window string) faults {
	return faults{keys: keep(f.warned()), selector: "$butKeys", scope: "$probe", window: window}
}

// ofLabel are those of the finding that the alert has as a label: a warning without an alert of its own.
func (f alertFacts) ofLabel() faults {
	return faults{keys: f.keysOfFinding(), selector: "$keys", scope: "$probe", window: justNow}
}

// ofUndecided are those of probes of a module and a service that prove nothing.
func (f alertFacts) ofUndecided() faults {
	keys := map[string]bool{}
	for _, u := range result.Undecidednesses {
		maps.Copy(keys, f.leads("undecided/"+string(u.Reason)))
	}
	return faults{keys: keep(joined(keys)), selector: "$keys", scope: "$service,$module", window: justNow}
}

// calm says of faults that their alert wakes nobody.
func calm(q faults) faults {
	q.calm = true
	return q
}

// paced says of faults that their alert is urgent by how often they come.
func paced(q faults) faults {
	q.paced = true
	return q
}

// whereServersWork says of faults that the servers are no cause where two queries give something: that a box has answered, and that the
// servers that are asked directly work. Where they do, what is a mailbox's or an account's is in doubt, for it would meet them too.
func whereServersWork(boxed, well string, q faults) faults {
	q.boxed, q.well = boxed, well
	return q
}

// keysOfFinding keeps in $keys the keys of the advice to which that finding may lead.
func (f alertFacts) keysOfFinding() string {
	own, text, branch := f.own(string(result.Warning)), `{{ $keys := "" }}`, "if"
	for _, code := range slices.Sorted(maps.Keys(f.known)) {
		if led := f.leads(code); len(led) > 0 && f.known[code] != result.Info && !own[code] {
			text += fmt.Sprintf(`{{ %s eq $labels.code "%s" }}{{ $keys = "%s" }}`, branch, code, joined(led))
			branch = "else if"
		}
	}
	return text + "{{ end }}"
}

// advised is about what no fault of a probe tells of; it goes by what leads to the advice, and says nothing of who acts.
func (f alertFacts) advised(about string) (string, error) {
	a, ok := f.book.Find(advice.Case{About: about}, false)
	if !ok {
		return "", fmt.Errorf("nothing leads from %q to an advice", about)
	}
	module := ""
	if _, finding := f.known[about]; finding {
		module = ask("max by (module) (probe_finding{code='"+about+"',$target})") + `{{ $module = ` + sorted("module") + ` | first | label "module" }}{{ end }}`
	}
	return variables + module + `{{ $told = "` + a.Key + `" }}` + stepTold, nil
}

// owned is advised with who acts, how soon, and when one of the metrics was last seen that show it.
func (f alertFacts) owned(about string, when advice.When, metrics ...string) (string, error) {
	text, err := f.advised(about)
	if err != nil {
		return "", err
	}
	if when.Text() == "" {
		return "", fmt.Errorf("%q is no time to act", when)
	}
	a, _ := f.book.Find(advice.Case{About: about}, false)
	for i, m := range metrics {
		metrics[i] = "timestamp(" + m + "{$target})"
	}
	return text + fmt.Sprintf(`{{ "\n" }}Act: %s (%s). Urgency: %s.`, a.Owners[0].Title(), a.Certainty, when.Text()) +
		lastSeen("max(max_over_time(("+strings.Join(metrics, " or ")+")[2h:]))"), nil
}

// leads are the keys of all advice to which something may lead, at a server too.
func (f alertFacts) leads(about string) map[string]bool {
	keys := map[string]bool{}
	for _, a := range f.book {
		if slices.ContainsFunc(a.For, func(c advice.Case) bool { return c.About == about }) {
			keys[a.Key] = true
			if a.Direct != "" {
				keys[a.Direct] = true
			}
		}
	}
	return keys
}

// warned are the keys to which warnings and undecidedness lead, and neither a failure nor a finding that may be an error.
func (f alertFacts) warned() string {
	warned, failed := map[string]bool{}, map[string]bool{}
	for _, a := range f.book {
		for _, c := range a.For {
			into := failed
			if severity, finding := f.known[c.About]; finding && severity != result.Error || strings.HasPrefix(c.About, "undecided/") {
				into = warned
			}
			into[a.Key], into[a.Direct] = true, true
		}
	}
	maps.DeleteFunc(warned, func(key string, _ bool) bool { return key == "" || failed[key] })
	return joined(warned)
}

func keep(keys string) string { return `{{ $keys := "` + keys + `" }}` }

func joined(keys map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(keys)), "|") }
