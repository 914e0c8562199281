package main

import (
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
)

// variables are what the parts of a text leave for those after them; a template of Prometheus knows none that was not declared.
const variables = `{{ $module := "" }}{{ $auth := "" }}{{ $advice := "" }}{{ $told := "" }}{{ $means := "" }}{{ $on := "" }}{{ $first := "" }}{{ $tells := "" }}{{ $then := "" }}` +
	`{{ $certainty := "" }}{{ $clear := false }}{{ $doubt := false }}{{ $noBox := false }}{{ $at := "" }}{{ $before := "" }}{{ $front := "" }}{{ $back := "" }}{{ $servers := "" }}{{ $path := "" }}`

// waiting are the pieces of advice that say that nobody need get up for them. Of an older exporter, which says nothing, none does; one that
// was not scraped just once makes nothing critical.
var waiting = "max by (advice) (last_over_time(ews_exporter_advice_meaning_info{urgency!~'|" + advice.Now.Text() + "'}[" + justNow + "]))"

// act says who acts on an alert's faults, and how soon, and keeps the first step. Where several pieces of advice lead there, it is of
// one that cannot wait, and of those of the one that most probes named.
func act(q faults) string { return variables + whoActs(q, "") }

// explain says what the advice is about besides; for alerts whose own text does not.
func explain(q faults) string {
	return variables + whoActs(q, told("means", "ews_exporter_advice_meaning_info{advice=%q}", "$told")+`{{ $means = .`+ofLabels()+` }}{{ "\n" }}{{ $means }}{{ end }}{{ end }}`)
}

func whoActs(q faults, means string) string {
	named := "sum by (advice) (" + q.by("module, advice") + ")"
	keep := `{{ $advice = ` + sorted("advice") + ` | first | label "advice" }}`
	text := q.keys + ask(most(named+" unless on (advice) "+waiting)) + keep + `{{ else }}` + ask(most(named)) + keep + `{{ end }}{{ end }}`
	if !q.anywhere() {
		text += noBoxAtTarget
	}
	text += `{{ $told = $advice }}{{ if $noBox }}` + told("direct", "ews_exporter_advice_direct_info{advice=%q}", "$advice") + `{{ $told = . }}{{ end }}{{ end }}{{ end }}`
	if q.well != "" {
		text += ask(q.by("owner", "owner='"+string(advice.Middlebox)+"',certainty='undecided'", "$advice")) + ask(q.boxed+" and on () "+q.well) + `{{ $clear = true }}{{ end }}{{ end }}` +
			ask(q.by("owner", "owner!~'"+behind()+"'", "$advice")) + `{{ else }}` + ask(q.well) + `{{ $doubt = true }}{{ end }}{{ end }}`
	}
	return text + means + owners(q) + q.seen() + q.step()
}

// most is of what a query gives what there is most of, which may be several that are as many.
func most(query string) string { return "(" + query + ") == scalar(max(" + query + "))" }

// behind are the owners of what is met by every way, so that it is in doubt where another way works.
func behind() string {
	var all []string
	for _, o := range advice.Owners {
		if o.Owner.Behind() {
			all = append(all, string(o.Owner))
		}
	}
	return strings.Join(all, "|")
}

// compareFirst is said where it is in doubt.
const compareFirst = ` The servers that are asked directly answer well. If that was for the same mailbox at the same time, neither mailbox nor account is at fault, but this way or a server that is not asked: compare first.`

// owners are those of the advice, of one module. A box is left out where none is, and is the only one left where the servers are well.
func owners(q faults) string {
	who := ask(q.by("module, owner, certainty", "$advice")) + `{{ with ` + sorted("module", "certainty", "owner") + ` | first }}{{ $module = .Labels.module }}{{ $certainty = .Labels.certainty }}{{ end }}{{ $who := "" }}{{ $several := false }}` +
		`{{ range ` + sorted("owner", "module", "certainty") + ` }}{{ $box := eq .Labels.owner "` + string(advice.Middlebox) + `" }}` +
		`{{ if and (eq .Labels.module $module) (or $box (not $clear)) (not (and $noBox $box (eq $certainty "undecided"))) }}` + ownerTitle +
		`{{ if $who }}{{ $several = true }}{{ $who = printf "%s or %s" $who $owner }}{{ else }}{{ $who = $owner }}{{ end }}{{ end }}{{ end }}` +
		`{{ "\n" }}Act: {{ $who }} ({{ if $clear }}likely: the servers that are asked directly work{{ else if $doubt }}{{ $certainty = "undecided" }}undecided{{ else if or $several (ne $certainty "undecided") }}{{ $certainty }}{{ else }}likely{{ end }}).{{ if $doubt }}` + compareFirst + `{{ end }}{{ end }}`
	urgency := `{{ . }}`
	switch {
	case q.paced:
		return who
	case q.calm:
		urgency = `{{ if eq . "` + advice.Now.Text() + `" }}` + calmly + `{{ else }}{{ . }}{{ end }}`
	}
	return who + told("urgency", "ews_exporter_advice_meaning_info{advice=%q}", "$told") + `{{ if . }} Urgency: ` + urgency + `.{{ end }}{{ end }}{{ end }}`
}

// calmly is what an alert that wakes nobody says of what is urgent where it is proved at clients.
const calmly = `within the day, or now where clients fail`

// noBoxAtTarget tells in $noBox of a server that is asked directly, where no box has shown itself within an hour: nobody is told then
// to look at what stands in front of it.
var noBoxAtTarget = `{{ $noBox = eq (or $labels.via "") "direct" }}` +
	ask("max_over_time(probe_failure_info{origin='middlebox',$target}[1h]) or max_over_time(probe_finding{origin='middlebox',$target}[1h])") + `{{ if $noBox }}{{ "\n" }}Though it is asked directly, a box answered there: the target is not the server itself, or a box stands in front of it.{{ end }}{{ $noBox = false }}{{ end }}`

// ownerTitle keeps in $owner who the owner of a series is, in words where an exporter has them.
var ownerTitle = `{{ $owner := reReplaceAll "_" " " .Labels.owner }}` + told("title", "ews_exporter_owner_info{owner=%q}", ".Labels.owner") + `{{ $owner = . }}{{ end }}{{ end }}`

// told begins a part about a label of what the exporters say of themselves, for one advice or owner; of several versions of them
// it is always the same one's. Where none says anything, the part is left out.
func told(label, series, of string) string {
	return fmt.Sprintf(`{{ with printf "max by (%s) (%s)" %s | query }}{{ with %s | first | label "%[1]s" }}`, label, series, of, sorted(label))
}

// seen says when the faults were last seen, and keeps that and a minute before it: a log has lines of that time. A result that is given
// again within min_interval is as old as it says.
func (q faults) seen() string {
	if q.anywhere() {
		return ""
	}
	const probe = "site, service, via, instance, module"
	fault := "timestamp(probe_fault_info{$advice," + q.scope + "})"
	last := "max(max_over_time((" + fault + " - on (" + probe + ") group_left () max by (" + probe + ") (probe_result_age_seconds{" + q.scope + "}) or " + fault + ")[" + q.window + ":]))"
	return lastSeen(last)
}

// lastSeen says the time that a query gives, and keeps it.
func lastSeen(query string) string {
	return ask(query) + `{{ with . | first | value | toTime }}{{ $at = .Format "2006-01-02 15:04:05 UTC" }}{{ $before = (.Add -60000000000).Format "2006-01-02T15:04:05Z" }}{{ end }} Last seen: {{ $at }}.{{ end }}`
}
