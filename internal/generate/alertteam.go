package main

import (
	"fmt"
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

// advisedBy are the placeholders of a rule's text that say what it is about: faults, or what leads to one advice.
var (
	advisedBy = regexp.MustCompile(`\[\[-? ?(?:act|explain) (\(.+?\)) ?\]\]`)
	advisedOn = regexp.MustCompile(`\[\[-? ?(?:advised|owned) "([^"]*)"`)
)

// severityLine is the label of that name, which every alert has.
var severityLine = regexp.MustCompile(`(?m)^ +severity: (\w+)\n`)

// withLabels adds the labels that are looked up to each alert of a group that is about a fault with an owner.
func (f alertFacts) withLabels(rules string) string {
	const key = "          %s: >-\n            %s\n"
	alerts := strings.Split(rules, "      - alert: ")
	for i, rule := range alerts[1:] {
		line := severityLine.FindStringSubmatch(rule)
		if on := advisedOn.FindStringSubmatch(rule); on != nil {
			if team := f.teamAdvised(on[1]); team != "" {
				rule = strings.Replace(rule, line[0], line[0]+fmt.Sprintf(key, "team", team), 1)
			}
		}
		if by := advisedBy.FindStringSubmatch(rule); by != nil {
			label := line[0]
			switch {
			case line[1] != "critical":
				rule = strings.Replace(rule, by[1], "(calm "+by[1]+")", 1)
			case !strings.Contains(by[1], "paced"):
				label = fmt.Sprintf(key, "severity", "[[severity "+by[1]+"]]")
			}
			if !strings.Contains(by[1], "ofUndecided") {
				label += fmt.Sprintf(key, "team", "[[team "+by[1]+"]]")
			}
			rule = strings.Replace(rule, line[0], label, 1)
		}
		alerts[i+1] = rule
	}
	return strings.Join(alerts, "      - alert: ")
}

// teamAdvised is the value of the label where one advice always leads to the same owner; empty for none.
func (f alertFacts) teamAdvised(about string) string {
	a, ok := f.book.Find(advice.Case{About: about}, false)
	if !ok || a.Certainty == advice.Undecided || len(a.Owners) != 1 {
		return ""
	}
	return fmt.Sprintf(`{{ $team := "unassigned" }}{{ $owner := "%s" }}`, a.Owners[0]) + teamOfOwner + `{{ $team }}`
}

// team looks up the owner of the faults, and then the team; nothing where there are no teams.
func team(q faults) string {
	text := `{{ $team := "unassigned" }}` + ask("count(ews_exporter_owner_info{team!=''})") + q.keys + `{{ $owner := "" }}`
	for _, window := range teamWindows {
		text += `{{ if not $owner }}` + ask(most("sum by (owner) (count_over_time(probe_fault_info{certainty!='undecided',"+q.selector+","+q.scope+"}["+window+"]))")) +
			`{{ $owner = ` + sorted("owner") + ` | first | label "owner" }}{{ end }}{{ end }}`
	}
	return text + teamOfOwner + `{{ end }}{{ $team }}`
}

// teamOfOwner is what exporters call the team of $owner; of several it is always the same one's.
var teamOfOwner = told("team", "ews_exporter_owner_info{team!='',owner=%q}", "$owner") + `{{ $team = . }}{{ end }}{{ end }}`
