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
// The functions act… say who acts, and leave the step for the function first, which comes after it.

// act is about findings by their codes (a regular expression's alternatives), now or within a window.
func (f alertFacts) act(codes string, window ...string) (string, error) {
	keys := map[string]bool{}
	for _, code := range strings.Split(codes, "|") {
		led := f.leads(code)
		if len(led) == 0 {
			return "", fmt.Errorf("nothing leads from %q to an advice", code)
		}
		maps.Copy(keys, led)
	}
	return lookUp("advice=~'"+joined(keys)+"'", func(which string) string {
		return within("probe_fault_info{"+which+",$probe}", window...)
	}), nil
}

// actOnFailing is about the checks that fail at the target for no other alert's reason; an operand may narrow them down.
func (f alertFacts) actOnFailing(operand ...string) string {
	failing := strings.Join(append([]string{"ews:check_failing:unexplained{$target}"}, operand...), " ")
	return lookUp("advice!~'"+f.warned()+"'", func(which string) string {
		return "probe_fault_info{" + which + ",$target} and on (site, service, via, instance, module) (" + failing + ")"
	})
}

// actOnFailed is about the probe's failures within a window.
func (f alertFacts) actOnFailed(window string) string {
	return lookUp("advice!~'"+f.warned()+"'", func(which string) string {
		return within("probe_fault_info{"+which+",$probe}", window)
	})
}

// actOnFinding is about the finding that the alert has as a label: a warning without an alert of its own.
func (f alertFacts) actOnFinding() string {
	return f.keysOfFinding() + lookUp("$keys", func(which string) string { return "probe_fault_info{" + which + ",$probe}" })
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

// actOnUndecided is about probes of a module and a service that prove nothing.
func (f alertFacts) actOnUndecided() string {
	keys := map[string]bool{}
	for _, u := range result.Undecidednesses {
		maps.Copy(keys, f.leads("undecided/"+string(u.Reason)))
	}
	return whoActs("advice=~'"+joined(keys)+"'", `{{ $noBox := false }}`, func(which string) string { return "probe_fault_info{" + which + ",$service,$module}" }) + stepAnywhere
}

// advised is about what no fault of a probe tells of; it goes by what leads to the advice, and says nothing of who acts.
func (f alertFacts) advised(about string) (string, error) {
	a, ok := f.book.Find(advice.Case{About: about}, false)
	if !ok {
		return "", fmt.Errorf("nothing leads from %q to an advice", about)
	}
	return `{{ $module := "" }}{{ $first := "" }}{{ $told := "` + a.Key + `" }}` + stepAnywhere, nil
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

func joined(keys map[string]bool) string { return strings.Join(slices.Sorted(maps.Keys(keys)), "|") }

// within is a selector over a window, where there is one.
func within(selector string, window ...string) string {
	if len(window) == 0 {
		return selector
	}
	return "max_over_time(" + selector + "[" + window[0] + "])"
}

// lookUp says who acts on faults of which advice at the alert's target, and keeps the step.
func lookUp(which string, faults func(which string) string) string {
	return whoActs(which, noBoxAtTarget, faults) + stepOf
}

// whoActs finds the advice that most modules agree on among faults of which advice, says what it is about and who acts on it,
// and keeps it, what is told in its place at a server, and the module. noBox sets $noBox.
func whoActs(which, noBox string, faults func(which string) string) string {
	return `{{ $module := "" }}{{ $first := "" }}{{ $advice := "" }}` +
		ask("topk(1, count by (advice) (max by (module, advice) ("+faults(which)+")))") + `{{ $advice = . | first | label "advice" }}{{ end }}` +
		noBox + `{{ $told := $advice }}{{ if $noBox }}` + told("direct", "ews_exporter_advice_direct_info{advice=%q}", "$advice") + `{{ $told = . }}{{ end }}{{ end }}{{ end }}` +
		told("means", "ews_exporter_advice_meaning_info{advice=%q}", "$told") + `{{ "\n" }}{{ . }}{{ end }}{{ end }}` +
		ask("max by (module, owner, certainty) ("+faults("$advice")+")") + `{{ $module = . | first | label "module" }}{{ $or := "" }}{{ "\n" }}Act:` +
		`{{ range sortByLabel "owner" . }}{{ if and (eq .Labels.module $module) (not (and $noBox (eq .Labels.owner "middlebox") (eq .Labels.certainty "undecided"))) }}` +
		`{{ $or }} ` + ownerTitle + `{{ $or = " or" }}{{ end }}{{ end }} ({{ . | first | label "certainty" }}).{{ end }}` +
		told("urgency", "ews_exporter_advice_meaning_info{advice=%q}", "$told") + `{{ if . }} Urgency: {{ . }}.{{ end }}{{ end }}{{ end }}`
}

// noBoxAtTarget tells in $noBox of a server that is asked directly, where no box has shown itself within an hour: nobody is told then
// to look at what stands in front of it.
var noBoxAtTarget = `{{ $noBox := eq (or $labels.via "") "direct" }}` +
	ask("max_over_time(probe_failure_info{origin='middlebox',$target}[1h]) or max_over_time(probe_finding{origin='middlebox',$target}[1h])") + `{{ $noBox = false }}{{ end }}`

// ownerTitle is who the owner of a series is, in words where an exporter has them.
var ownerTitle = `{{ $owner := .Labels.owner }}` + told("title", "ews_exporter_owner_info{owner=%q}", "$owner") + `{{ $owner = . }}{{ end }}{{ end }}{{ reReplaceAll "_" " " $owner }}`

// told begins a part about a label of what the exporters say of themselves, for one advice or owner; of several versions of them
// it is always the same one's. Where none says anything, the part is left out.
func told(label, series, of string) string {
	return fmt.Sprintf(`{{ with printf "max by (%s) (%s)" %s | query }}{{ with . | sortByLabel "%s" | first | label "%s" }}`, label, series, of, label, label)
}

// stepOf keeps the first step of an advice in $first. Past the balancer nobody is told to ask past it, and the server is known.
var stepOf = `{{ $front := "" }}{{ $back := "" }}` + atServers + stepAt

// atServers keeps the servers that showed themselves at the alert's target.
var atServers = ask("topk(1, max by (frontend, backend) (probe_server_info{frontend!='',$target}))") +
	`{{ $front = . | first | label "frontend" }}{{ $back = reReplaceAll "\\..*" "" (. | first | label "backend") }}{{ end }}`

// stepAnywhere keeps the first step where the alert is about no single target.
var stepAnywhere = `{{ $front := "" }}{{ $back := "" }}` + stepAt

// stepAt does so with the servers, where there are any, in $front and $back.
var stepAt = told("first", "ews_exporter_advice_info{advice=%q}", "$told") + `{{ $first = . }}{{ end }}{{ end }}{{ $tells := "" }}` +
	told("tells", "ews_exporter_advice_outcome_info{advice=%q}", "$told") + `{{ $tells = . }}{{ end }}{{ end }}` +
	`{{ $server := or $front "SERVER" }}{{ if eq (or $labels.via "") "direct" }}{{ $server = ` + hostOf("SERVER") + ` }}` +
	`{{ if match "--direct" $first }}{{ $first = "" }}{{ end }}{{ end }}`

// hostOf is the host of the alert's instance, word without one.
func hostOf(word string) string {
	return `(reReplaceAll "^(\\w+://)?(\\[.*\\]|[^:/]*).*" "$2" (or $labels.instance "` + word + `"))`
}

// first ends a text with the step that was looked up, with what is known in the places that advice keeps for it; where there is
// none, own words, and others for a server that is asked directly. No full stop follows: the step may be a command.
func first(words string, direct ...string) string {
	filled := ` | reReplaceAll "^((?:on|in) [^:]*): " "${1}:\n    " | reReplaceAll "\\bauth AUTH\\b" "the module's auth"`
	for _, known := range []struct{ word, value string }{
		{"TARGET", `(or $labels.instance "TARGET")`}, {"HOST", hostOf("HOST")}, {"PORT", portOf("PORT")},
		{"SERVICE", `(or $labels.service "SERVICE")`}, {"MODULE", `(or $module "MODULE")`}, {"SERVER", "$server"}, {"BACKEND", `(or $back $server)`},
	} {
		filled += fmt.Sprintf(` | reReplaceAll "\\b%s\\b" %s`, known.word, known.value)
	}
	text := `{{ if $first }}{{ $first = $first` + filled + ` }}{{ $tells = $tells | reReplaceAll "([.)]) If " "${1}\nIf "` + filled + ` }}{{ "\n" }}First: {{ $first }}{{ if $tells }}{{ "\n" }}{{ $tells }}{{ end }}` + legend()
	for _, d := range direct {
		text += `{{ else if eq $labels.via "direct" }} First: ` + d
	}
	return text + `{{ else }} First: ` + words + `{{ end }}`
}

// portOf is the port of the alert's instance, word without one.
func portOf(word string) string {
	return `(or (reReplaceAll "^.*?(?::(\\d+))?$" "$1" (or $labels.instance "")) "` + word + `")`
}

// legend says what the words mean that are still there, and where the report is.
func legend() string {
	text := `{{ $all := printf "%s %s" $first $tells }}`
	for _, w := range advice.Words {
		text += fmt.Sprintf(`{{ if match "\\b%s\\b" $all }}{{ "\n" }}%[1]s %s.{{ end }}`, w.Name, w.Means)
	}
	return text + `{{ if or $labels.instance "" }}{{ "\n" }}The whole report, with the proof, on the exporter's machine: ews_exporter probe {{ or $module "MODULE" | reReplaceAll "^(.* .*)$" "'$1'" }} {{ or $labels.instance "" }}{{ if and (or $labels.service "") (eq (or $labels.via "") "direct") }} --hostname {{ or $labels.service "" }}{{ end }} --config.file CONFIG{{ end }}`
}
