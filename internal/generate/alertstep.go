package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/probes"
)

// step keeps the first step of the advice, with what is known of the place: the module's auth, and the servers. Past the balancer nobody
// is told to ask past it, and the server is known. Where the servers are known to be well, the step is the box's.
func (q faults) step() string {
	text := stepTold
	if !q.anywhere() {
		text = atServers + text + asked()
	}
	if q.well != "" {
		text += compared
	}
	return text + `{{ if or (and $clear (match "^ews_exporter probe " $first)) (and (match "--direct" $first) (eq (or $labels.via "") "direct")) }}{{ $first = "" }}{{ end }}`
}

// compared puts the comparison first where it is in doubt whether what the advice is for is at fault at all.
var compared = `{{ if and $doubt $first }}{{ $tells = printf "If none of them gives it: the fault is of this way, or of a server that is not asked. If one does%s:\n    %s%s" (or (and $on (printf ", %s" $on)) "") $first (or (and $tells (printf "\n%s" $tells)) "") }}` +
	`{{ $on = "` + advice.OnExporter + `" }}{{ $first = "` + advice.AskServers + `" }}{{ end }}`

// atServers keeps the servers that showed themselves at the alert's target, by names that can go into a command, and those that are
// asked directly.
var atServers = ask("max by (frontend, backend) (probe_server_info{frontend=~'"+harmless+"',backend=~'("+harmless+")?',$target})") +
	`{{ with ` + sorted("frontend", "backend") + ` | first }}{{ $front = reReplaceAll "\\..*" "" .Labels.frontend }}{{ $back = reReplaceAll "\\..*" "" (or .Labels.backend "") }}{{ end }}{{ end }}` +
	ask("max by (instance) (probe_success{via='direct',$service})") + `{{ range ` + sorted("instance") + ` }}{{ if $servers }}{{ $servers = printf "%s,%s" $servers .Labels.instance }}{{ else }}{{ $servers = .Labels.instance }}{{ end }}{{ end }}{{ end }}`

// asked keeps the path that was asked for, where the step has a place for it, and a prober has a metric for nothing else.
func asked() string {
	var queries []string
	for _, d := range probes.All() {
		for _, m := range d.Metrics {
			if slices.Equal(m.Labels, []string{"path"}) {
				queries = append(queries, "max by (path) ("+m.Name+"{path=~'/[A-Za-z0-9/._-]*',$target})")
			}
		}
	}
	return `{{ if match "\\bPATH\\b" $first }}` + ask(strings.Join(queries, " or ")) + `{{ $path = ` + sorted("path") + ` | first | label "path" }}{{ end }}{{ end }}`
}

// harmless is a name of a server as servers have them: what a target calls itself goes into what somebody pastes.
const harmless = `[A-Za-z0-9][A-Za-z0-9._-]{0,252}`

// stepTold is the step of $told, what its outcome tells, and the change that follows.
var stepTold = `{{ with printf "max by (on, first) (ews_exporter_advice_info{advice=%q})" $told | query }}{{ with ` + sorted("first", "on") + ` | first }}{{ $on = or .Labels.on "" }}{{ $first = reReplaceAll "\\bprobe MODULE HOST\\b" "probe MODULE TARGET" .Labels.first }}{{ end }}{{ end }}` +
	`{{ with printf "max by (tells, then) (ews_exporter_advice_outcome_info{advice=%q})" $told | query }}{{ with ` + sorted("tells", "then") + ` | first }}{{ $tells = or .Labels.tells "" }}{{ $then = or .Labels.then "" }}{{ end }}{{ end }}` +
	told("auth", "ews_exporter_module_info{auth!='',module=%q}", "$module") + `{{ $auth = . }}{{ end }}{{ end }}` +
	`{{ $server := or $front "SERVER" }}{{ if eq (or $labels.via "") "direct" }}{{ $server = ` + hostOf("SERVER") + ` }}{{ $first = reReplaceAll "\\bprobe MODULE SERVER\\b" "probe MODULE TARGET" $first }}{{ end }}` +
	`{{ $named := $server }}{{ if match "^[0-9.]+$|^\\[" $server }}{{ $named = or $front "SERVERNAME" }}{{ end }}`

// hostOf is the host of the alert's instance, word without one.
func hostOf(word string) string {
	return `(reReplaceAll "^(\\w+://)?(\\[.*\\]|[^:/]*).*" "$2" (or $labels.instance "` + word + `"))`
}

// portOf is the port of the alert's instance, word without one.
func portOf(word string) string {
	return `(or (reReplaceAll "^.*?(?::(\\d+))?$" "$1" (or $labels.instance "")) "` + word + `")`
}

// maxThen is how long the change that mends it may be in an alert, which is read on a phone; a longer one is in the report, and so is
// one that depends on who it turns out to be.
const maxThen = 400

// first ends a text with the step that was looked up, what its outcome tells, the change, and where the report is, with what is known
// in the places that advice keeps for it; where there is none, own words, and others for a server that is asked directly. What is to
// be pasted stands alone on its line, and no full stop follows.
func first(words string, direct ...string) string {
	text := `{{ if $first }}{{ $text := printf "First: %s" $first }}{{ if $on }}{{ $text = printf "First: %s:\n    %s" $on $first }}{{ if match "\\.$" $first }}{{ $text = printf "First: %s: %s" $on $first }}{{ end }}{{ end }}` +
		`{{ if $tells }}{{ $text = printf "%s\n%s" $text (reReplaceAll "([.)]) If " "${1}\nIf " $tells) }}{{ end }}` +
		fmt.Sprintf(`{{ $whole := "What to change, and the proof: the whole report" }}{{ if and $then (ne $certainty "undecided") (le (len $then) %d) }}{{ $whole = "The whole report, with the proof" }}{{ $text = printf "%%s\nThen: %%s" $text $then }}{{ end }}`, maxThen) +
		report + `{{ $text = $text` + fillings() + ` }}{{ "\n" }}{{ $text }}` + legend()
	text += `{{ else if $clear }}{{ "\n" }}First: on the box: Look in its log for requests from the exporter's address{{ with $at }} at {{ . }}{{ end }}, which rule, limit or check answered them, and whether they reached a server.`
	for _, d := range direct {
		text += `{{ else if eq $labels.via "direct" }} First: ` + d
	}
	return text + `{{ else }} First: ` + words + `{{ end }}`
}

// report adds to $text where the whole report is: what the first step shows, or another command.
const report = `{{ if or $labels.instance "" }}{{ if match "^ews_exporter probe MODULE TARGET( --hostname \\S+)?( --config.file CONFIG)?$" $first }}{{ $text = printf "%s\n%s is what that command shows." $text $whole }}` +
	`{{ else }}{{ $name := "" }}{{ if and (or $labels.service "") (eq (or $labels.via "") "direct") }}{{ $name = " --hostname SERVICE" }}{{ end }}` +
	`{{ $text = printf "%s\n%s, on the exporter's machine:\n    ews_exporter probe MODULE TARGET%s --config.file CONFIG" $text $whole $name }}{{ end }}{{ end }}`

// fillings put what is known in place of words.
func fillings() string {
	text := ` | reReplaceAll "\\bauth AUTH\\b|the module's auth\\b" (or (and $auth (printf "auth %s" $auth)) "the module's auth") | reReplaceAll "\\bthe auth's (\\w+)" (or (and $auth (printf "the ${1} of auth %s" $auth)) "the auth's ${1}") | reReplaceAll "the proof's time\\b" (or $at "the time of the proof") | reReplaceAll "\\bthe proof's\\b" "the report's" | reReplaceAll "\\bthe message\\b" "the report's message" | reReplaceAll "\\b[Tt]his report\\b" "the report" | reReplaceAll "\\bin the proof\\b" "in the report's proof"`
	return text + ofLabels() + byName("SERVER", "$named") + byName("BACKEND", "(or $back $named)") + replaced([][2]string{
		{"MODULE", `(or $module "MODULE" | reReplaceAll "^(.* .*)$" "'$1'")`}, {"SERVERS", `(or $servers "SERVERS")`}, {"SERVER", "$server"},
		{"BACKEND", `(or $back $server)`}, {"TIME", `(or $before "TIME")`},
		{"PATH", `(or $path "PATH")`},
	})
}

// byName puts a server's name in place of word in Exchange's own commands.
func byName(word, name string) string {
	return fmt.Sprintf(` | reReplaceAll "%s%s\\b" (printf "${1}%%s" %s)`, strings.ReplaceAll(advice.BeforeName, `\`, `\\`), word, name)
}

// ofLabels puts what the alert's labels say in place of words.
func ofLabels() string {
	return replaced([][2]string{
		{"TARGET", `(or $labels.instance "TARGET")`}, {"HOST", hostOf("HOST")}, {"PORT", portOf("PORT")}, {"SERVICE", `(or $labels.service "SERVICE")`},
		{"DOMAIN", `(or (and (match "^autodiscover\\." (or $labels.service "")) (reReplaceAll "^autodiscover\\." "" (or $labels.service ""))) "DOMAIN")`},
	})
}

func replaced(known [][2]string) (text string) {
	for _, word := range known {
		text += fmt.Sprintf(` | reReplaceAll "\\b%s\\b" %s`, word[0], word[1])
	}
	return text
}

// legend says what the words mean that are still there.
func legend() string {
	text := `{{ $text = printf "%s %s" $text $means }}`
	for _, w := range advice.Words {
		text += fmt.Sprintf(`{{ if match "\\b%s\\b" $text }}{{ "\n" }}%[1]s %s.{{ end }}`, w.Name, w.Means)
	}
	return text
}
