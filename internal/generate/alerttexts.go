package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// docsURL is where the links of alerts lead.
const docsURL = "https://github.com/ews-exporter/ews_exporter/blob/main/docs"

// fill fills in the placeholders of a text of rules, which are Go's templates in [[ ]], because alerts have {{ }} themselves.
// What repeats in the texts of alerts stands here once.
func (f alertFacts) fill(name, text string) (string, error) {
	t, err := template.New(name).Delims("[[", "]]").Funcs(template.FuncMap{
		// Of expressions: lists that grow with the probers.
		"pieces": func() any { return f.pieces }, "explained": func() any { return f.explained },
		"objectives": func() any { return f.objectives }, "failing": func() string { return strings.Join(f.failing, "|") },
		"own": f.own, "explaining": f.explaining, "counted": f.counting,
		// Of texts.
		"docs": func() string { return docsURL }, "page": f.page,
		"who": who, "seen": seen, "ask": ask, "number": number, "label": label, "sorted": sorted, "each": each,
		"origin": originOf, "answered": answered, "failures": failures, "failed": failed, "briefly": briefly, "found": found, "shows": f.shown, "showsHere": f.shownHere,
		// What to do first, see alertadvice.go.
		"ofFinding": f.ofFinding, "ofFailing": f.ofFailing, "ofFailed": f.ofFailed, "ofLabel": f.ofLabel, "ofUndecided": f.ofUndecided,
		"whereServersWork": whereServersWork, "calm": calm, "paced": paced, "act": act, "explain": explain, "advised": f.advised, "owned": f.owned, "first": first,
		"severity": severity, "team": team,
	}).Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, nil); err != nil {
		return "", err
	}
	return b.String(), nil
}

// scopes are how queries in texts name the series of the alert's own target: by these of its labels.
var scopes = map[string][]string{
	"$finding":  {"code", "site", "service", "via", "instance", "module"},
	"$probe":    {"site", "service", "via", "instance", "module"},
	"$target":   {"site", "service", "via", "instance"},
	"$service":  {"site", "service"},
	"$others":   {"site", "service", "instance!"},
	"$exporter": {"site", "instance"},
	"$module":   {"module"},
	"$site":     {"site"},
}

var scope = regexp.MustCompile(`\$(?:finding|probe|target|service|others|exporter|module|site|advice|keys|butKeys|its)\b`)

// ask begins a part of a text about what a query gives; its scopes stand for matchers. Where it gives nothing, the part is
// left out, up to {{ else }} or {{ end }}.
func ask(query string) string {
	args := ""
	query = scope.ReplaceAllStringFunc(query, func(name string) string {
		switch name { // what the text found before
		case "$advice":
			args += " $advice"
			return "advice=%q"
		case "$keys":
			args += " $keys"
			return "advice=~%q"
		case "$butKeys":
			args += " $keys"
			return "advice!~%q"
		case "$its": // the series that the text is at
			args += " .Labels.module"
			return "module=%q"
		}
		matchers := make([]string, len(scopes[name]))
		for i, l := range scopes[name] {
			matchers[i] = l + "=%q"
			args += " $labels." + strings.TrimSuffix(l, "!")
		}
		return strings.Join(matchers, ",")
	})
	if args == "" {
		return fmt.Sprintf(`{{ with query "%s" }}`, query)
	}
	return fmt.Sprintf(`{{ with printf "%s"%s | query }}`, query, args)
}

// number is the first value that a query gives, in a format of printf.
func number(query, format string) string {
	return ask(query) + fmt.Sprintf(`{{ . | first | value | printf "%s" }}{{ end }}`, format)
}

// label is a label that a query groups by, of the series where it comes first.
func label(query, name string) string {
	return ask(query) + fmt.Sprintf(`{{ %s | first | label "%[2]s" }}{{ end }}`, sorted(name), name)
}

// sorted is what a query gave, in the order of labels, the first of which counts most. All that the query groups by must be among
// them: Prometheus gives series in any order, and a text is the same one each time.
func sorted(labels ...string) string {
	text := "."
	for _, l := range slices.Backward(labels) {
		if text != "." {
			text = "(" + text + ")"
		}
		text = fmt.Sprintf(`sortByLabel "%s" %s`, l, text)
	}
	return text
}

// each goes through what a query gave, sorted by labels, with commas in between.
func each(labels ...string) string {
	return `{{ range $i, $s := ` + sorted(labels...) + ` }}{{ if $i }},{{ end }}`
}

// who begins a summary: the service, or the target of one that has none.
func who() string {
	return `{{ or $labels.service $labels.instance }}{{ with $labels.via }} (via {{ . }}){{ end }}`
}

func seen() string { return `Seen at {{ $labels.instance }}, module {{ $labels.module }}.` }

// originOf is who a query with the labels origin and product says has answered, else other words.
func originOf(query string, otherwise ...string) string {
	text := ask(query) + `{{ with ` + sorted("origin", "product") + ` | first }}{{ .Labels.origin }}{{ with .Labels.product }} ({{ . }}){{ end }}{{ end }}`
	for _, words := range otherwise {
		text += "{{ else }}" + words
	}
	return text + "{{ end }}"
}

// answered is who answered where a finding was made, now or within a window.
func answered(code string, window ...string) string {
	selector := fmt.Sprintf("probe_finding{code='%s',$probe}", code)
	if len(window) > 0 {
		selector = fmt.Sprintf("max_over_time(%s[%s])", selector, window[0])
	}
	return originOf("max by (origin, product) (" + selector + ")")
}

// failureText says why a probe failed, and who answered where that tells something, with what.
func failureText(with string) string {
	return ` {{ .Labels.stage }}/{{ .Labels.reason }}` +
		`{{ if or (match "^(status|content)$" .Labels.stage) (and (ne .Labels.origin "unknown") (match "^(auth|send|receive)$" .Labels.stage)) }}` +
		`, answered by {{ .Labels.origin }}{{ with .Labels.product }} ({{ . }}){{ end }}` + with + `{{ end }}.`
}

// failures are those of each module at the target now.
func failures() string {
	status := ask("max(probe_http_status_code{$its,$target}) > 0") + ` with {{ . | first | value }}{{ end }}`
	return ask("max by (module, stage, reason, origin, product) (probe_failure_info{$target})") +
		`{{ range ` + sorted("module", "stage", "reason", "origin", "product") + ` }} Module {{ .Labels.module }}:` + failureText(status) + `{{ end }}{{ end }}`
}

// failed are those of the probe within a window, after words that introduce them where there are any.
func failed(words, window string) string {
	return ask("count by (stage, reason, origin, product) (max_over_time(probe_failure_info{$probe}["+window+"]))") +
		words + `{{ range ` + sorted("reason", "stage", "origin", "product") + ` }}` + failureText("") + `{{ end }}{{ end }}`
}

// briefly ends a summary of what fails: with the findings behind that, else with the stages and reasons.
func briefly() string {
	const failing = " and on (module) ews:check_failing:unexplained{$target})"
	return ask("max by (code) (probe_finding{severity='error',$target}"+failing) + `:` + each("code") + ` {{ .Labels.code }}{{ end }}{{ else }}` +
		ask("count by (stage, reason) (probe_failure_info{$target}"+failing) + `:` + each("reason", "stage") + ` {{ .Labels.stage }}/{{ .Labels.reason }}{{ end }}{{ end }}{{ end }}`
}

// shown are the texts of probers about the target.
func (f alertFacts) shown() (string, error) { return f.fill("shows", strings.Join(f.shows, "")) }

// shownHere are those about the probe alone.
func (f alertFacts) shownHere() (string, error) {
	return f.fill("shows", strings.ReplaceAll(strings.Join(f.shows, ""), "$target", "$probe"))
}

// found are the findings at the target.
func found() string {
	return ask("max by (code) (probe_finding{severity!='info',$target})") +
		` Found:{{ range ` + sorted("code") + ` }} {{ .Labels.code }}{{ end }}.{{ end }}`
}

// page is the link of an alert about a failing target: to the page of a finding that has no alert of its own, or its own section.
func (f alertFacts) page(alert string) string {
	own := f.own("error")
	return docsURL + "/" + ask(fmt.Sprintf("max by (code) (probe_finding{severity='error',code!~'%s|"+result.AnsweredByMiddlebox+"',$target})"+
		" or on () max by (code) (probe_finding{severity='error',code!~'%[1]s',$target})", own)) +
		`findings/{{ ` + sorted("code") + ` | first | label "code" }}.md{{ else }}alerts.md#` + strings.ToLower(alert) + `{{ end }}`
}
