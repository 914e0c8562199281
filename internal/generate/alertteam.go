package main

import (
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
)

// The label team of an alert is looked up as its texts are: who acts on the fault at its target, and what an exporter's
// configuration calls that team. It is "unassigned" where that is undecided, and where no exporter names teams: of a label
// without a value Prometheus would keep the template in ALERTS. Of the last five minutes the owner that most probes named counts,
// else of the last hour: a label that changes makes another alert, with another `for`.

// teamWindows are those windows.
var teamWindows = []string{"5m", "1h"}

// advisedBy are the placeholders of a rule's text that say what it is about.
var advisedBy = regexp.MustCompile(`\[\[-? ?(act|actOnFailing|actOnFailed|actOnFinding|advised)\b(?: "([^"]*)")?`)

// severityLine is the label of that name, which every alert has.
var severityLine = regexp.MustCompile(`(?m)^ +severity: \w+\n`)

// withTeams adds the label to each alert of a group that is about a fault with an owner.
func (f alertFacts) withTeams(rules string) string {
	alerts := strings.Split(rules, "      - alert: ")
	for i, rule := range alerts[1:] {
		about := advisedBy.FindStringSubmatch(rule)
		if about == nil {
			continue
		}
		if team := f.team(about[1], about[2]); team != "" {
			rule = severityLine.ReplaceAllStringFunc(rule, func(line string) string { return line + "          team: >-\n            " + team + "\n" })
		}
		alerts[i+1] = rule
	}
	return strings.Join(alerts, "      - alert: ")
}

// team is the value of the label, for a rule that says by this placeholder what it is about; empty for none.
func (f alertFacts) team(placeholder, about string) string {
	switch placeholder {
	case "advised":
		a, ok := f.book.Find(advice.Case{About: about}, false)
		if !ok || a.Certainty == advice.Undecided || len(a.Owners) != 1 {
			return ""
		}
		return fmt.Sprintf(`{{ $team := "unassigned" }}{{ $owner := "%s" }}`, a.Owners[0]) + teamOfOwner + `{{ $team }}`
	case "actOnFinding":
		return teamOf(f.keysOfFinding(), "$keys,$probe")
	case "actOnFailed":
		return teamOf("", "advice!~'"+f.warned()+"',$probe")
	case "actOnFailing":
		return teamOf("", "advice!~'"+f.warned()+"',$target")
	}
	keys := map[string]bool{}
	for _, code := range strings.Split(about, "|") {
		maps.Copy(keys, f.leads(code))
	}
	return teamOf("", "advice=~'"+joined(keys)+"',$probe")
}

// teamOf looks up the owner of the faults that a selector names, after what it needs, and then the team; nothing where there are
// no teams.
func teamOf(before, which string) string {
	text := `{{ $team := "unassigned" }}` + ask("count(ews_exporter_owner_info{team!=''})") + before + `{{ $owner := "" }}`
	for _, window := range teamWindows {
		text += `{{ if not $owner }}` + ask("topk(1, sum by (owner) (count_over_time(probe_fault_info{certainty!='undecided',"+which+"}["+window+"])))") +
			`{{ $owner = . | first | label "owner" }}{{ end }}{{ end }}`
	}
	return text + teamOfOwner + `{{ end }}{{ $team }}`
}

// teamOfOwner is what exporters call the team of $owner; of several it is always the same one's.
var teamOfOwner = told("team", "ews_exporter_owner_info{team!='',owner=%q}", "$owner") + `{{ $team = . }}{{ end }}{{ end }}`
