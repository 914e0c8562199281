package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/template"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// sample is one of what a query gives, as templates of Prometheus have it.
type sample struct {
	Labels map[string]string
	Value  float64
}

// situation is one advice that is told at one place.
type situation struct {
	advice.Advice
	book   advice.Book
	direct bool
	box    bool // a box has shown itself
}

var adviceNamed = regexp.MustCompile(`\badvice(=~|!~|=)"([^"]*)"`)

// query answers what texts ask: as of a probe that failed at half past two and led to the advice, and of an exporter that says all of it.
func (s situation) query(q string) ([]sample, error) {
	if strings.Contains(q, "probe_fault_info") {
		return s.faults(q), nil
	}
	m := adviceNamed.FindStringSubmatch(q)
	switch {
	case strings.Contains(q, "ews_exporter_owner_info{owner="):
		owner := advice.Owner(pattern(`owner="(\w+)"`).FindStringSubmatch(q)[1])
		return []sample{{Labels: map[string]string{"title": owner.Title()}}}, nil
	case strings.Contains(q, "ews_exporter_module_info"):
		return []sample{{Labels: map[string]string{"auth": "monitor"}}}, nil
	case strings.Contains(q, "max by (path)"):
		return []sample{{Labels: map[string]string{"path": "/offline.appcache"}}}, nil
	case strings.Contains(q, "origin='middlebox'") && s.box:
		return []sample{{Value: 1}}, nil
	case m == nil || !strings.Contains(q, "ews_exporter_advice_"):
		return nil, nil
	}
	a, ok := s.book.Get(m[2])
	if !ok || strings.Contains(q, "_direct_info") && a.Direct == "" {
		return nil, nil
	}
	return []sample{{Labels: map[string]string{
		"on": a.On, "first": a.First, "tells": a.Separates, "then": a.Then, "means": a.Means, "urgency": a.When.Text(), "direct": a.Direct,
	}}}, nil
}

// faults answers what asks of them.
func (s situation) faults(q string) []sample {
	if m := adviceNamed.FindStringSubmatch(q); m != nil && (m[1] == "=" && m[2] != s.Key || m[1] == "=~" && !slices.Contains(strings.Split(m[2], "|"), s.Key) || m[1] == "!~" && slices.Contains(strings.Split(m[2], "|"), s.Key)) {
		return nil
	}
	waits := s.When != advice.Now
	switch {
	case strings.Contains(q, "timestamp("):
		return []sample{{Value: 1769913000}}
	case strings.Contains(q, "owner='middlebox'"), strings.Contains(q, " unless on (advice)") && waits, strings.Contains(q, "count(") && !strings.Contains(q, "count by") && strings.Contains(q, "==") && !waits:
		return nil
	}
	var all []sample
	for _, o := range s.Owners {
		certainty := cmp.Or(s.Certainty, advice.Undecided)
		all = append(all, sample{Labels: map[string]string{"advice": s.Key, "module": "web", "owner": string(o), "certainty": string(certainty)}, Value: 1})
	}
	return all
}

// rendered is a text of an alert, made as Prometheus makes it.
type rendered struct {
	parsed *template.Template
	at     *situation
}

var done sync.Map // what once has made, by what it is

// once makes what all alerts ask for anew, as the same few templates do for the same advice.
func once[T any](what string, make func() T) T {
	if known, ok := done.Load(what); ok {
		return known.(T)
	}
	made := make()
	done.Store(what, made)
	return made
}

func pattern(text string) *regexp.Regexp {
	return once(text, func() *regexp.Regexp { return regexp.MustCompile(text) })
}

func parsed(t *testing.T, text string) rendered {
	t.Helper()
	at := &situation{}
	parsed, err := template.New("alert").Funcs(template.FuncMap{
		"query": func(q string) ([]sample, error) { return at.query(q) },
		"first": func(all []sample) (sample, error) {
			if len(all) == 0 {
				return sample{}, fmt.Errorf("first of nothing")
			}
			return all[0], nil
		},
		"label": func(name string, s sample) string { return s.Labels[name] },
		"value": func(s sample) float64 { return s.Value },
		"sortByLabel": func(name string, all []sample) []sample {
			return slices.SortedStableFunc(slices.Values(all), func(a, b sample) int { return strings.Compare(a.Labels[name], b.Labels[name]) })
		},
		"match": func(p, text string) bool {
			return once(fmt.Sprintf("%q matches %s", p, text), func() bool { return pattern(p).MatchString(text) })
		},
		"reReplaceAll": func(p, with, text string) string {
			return once(fmt.Sprintf("%q by %q in %s", p, with, text), func() string { return pattern(p).ReplaceAllString(text, with) })
		},
		"toTime":           func(v float64) *time.Time { at := time.Unix(int64(v), 0).UTC(); return &at },
		"humanizeDuration": fmt.Sprint, "humanizePercentage": fmt.Sprint, "humanizeTimestamp": fmt.Sprint,
	}).Option("missingkey=zero").Parse("{{ $labels := .Labels }}{{ $value := .Value }}" + text)
	if err != nil {
		t.Fatal(err)
	}
	return rendered{parsed, at}
}

func (r rendered) in(t *testing.T, s situation, labels map[string]string) string {
	t.Helper()
	*r.at = s
	var b bytes.Buffer
	if err := r.parsed.Execute(&b, sample{labels, 3}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// shippedAlerts are the alerts as they are shipped, but for those that say nothing of who acts.
func shippedAlerts(t *testing.T) []decodedRule {
	t.Helper()
	return slices.DeleteFunc(allAlerts(t), func(r decodedRule) bool { return !strings.Contains(r.Annotations["description"], "$told") })
}

// allAlerts are the alerts as they are shipped.
func allAlerts(t *testing.T) (all []decodedRule) {
	t.Helper()
	names, err := filepath.Glob("../../alerts/*.rules.yml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file decodedRules
		if err := yaml.Unmarshal(content, &file); err != nil {
			t.Fatal(err)
		}
		for _, g := range file.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" {
					all = append(all, r)
				}
			}
		}
	}
	return all
}

// generic are alerts about whatever fails, made as EwsServiceFailing and EwsServerFailing are: of all advice some is enough.
var generic = map[string]bool{
	"EwsBalancerFailing": true, "EwsAutodiscoverFailing": true, "EwsOperationFailing": true, "EwsProbeIntermittent": true,
	"EwsAvailabilityBurnFast": true, "EwsAvailabilityBurnSlow": true,
}

// TestAlertsOfAllAdvice renders every alert with every advice that may lead to it, and holds the text against what whoever is woken by
// it needs: a command that can be pasted, words that are explained, an urgency that is the severity's, and nothing twice.
func TestAlertsOfAllAdvice(t *testing.T) {
	t.Parallel()
	book := runner.AllAdvice(probes.All())
	for _, r := range shippedAlerts(t) {
		t.Run(r.Alert, func(t *testing.T) {
			t.Parallel()
			description, severity := parsed(t, r.Annotations["description"]), parsed(t, r.Labels["severity"])
			every := 1 // all of it takes long
			if generic[r.Alert] {
				every = 8
			}
			if testing.Short() {
				every = 40
			}
			always := pattern(`\$told = "(\w+)"`).FindStringSubmatch(r.Annotations["description"])
			named := pattern(`\$keys = ?"([^"]*)"|\$keys := "([^"]+)"`).FindStringSubmatch(r.Annotations["description"])
			for i, a := range book {
				if always == nil && i%every != 0 {
					continue
				}
				if always != nil && always[1] != a.Key {
					continue
				}
				if strings.Contains(r.Annotations["description"], "advice=~%q") && named[2] != "" && !slices.Contains(strings.Split(named[2], "|"), a.Key) {
					continue
				}
				for _, via := range []string{"balancer", "direct"} {
					if via == "direct" && pattern(`via!="direct"|ews:operation_`).MatchString(r.Expr) {
						continue
					}
					labels := map[string]string{"site": "hq", "service": "autodiscover.contoso.com", "via": via, "instance": "203.0.113.5:8443", "module": "web", "code": ""}
					if len(a.For) > 0 {
						labels["code"] = a.For[0].About
					}
					s := situation{Advice: a, book: book, direct: via == "direct"}
					text := description.in(t, s, labels)
					if !strings.Contains(text, "\nAct: ") {
						continue // it never leads here
					}
					told := a
					if past, ok := book.Get(a.Direct); ok && s.direct {
						told = past
					}
					if strings.Contains(told.First, "PATH") && !strings.Contains(text, "'/offline.appcache") {
						t.Errorf("with %s, %s: the path is not in the step:\n%s", a.Key, via, text)
					}
					for _, problem := range slices.Concat(layout(told, text), worded(text), addressed(text), repeated(text), urgency(severity.in(t, s, labels), text)) {
						t.Errorf("with %s, %s: %s:\n%s", a.Key, via, problem, text)
					}
				}
			}
		})
	}
}

// layout: what is to be pasted stands alone on its line.
func layout(a advice.Advice, text string) (problems []string) {
	if strings.HasSuffix(a.First, ".") || !strings.Contains(text, "\nFirst: ") || strings.Contains(text, ". First: ") {
		return nil
	}
	command := regexp.QuoteMeta(a.First)
	for _, w := range advice.Words {
		command = pattern(`\b`+w.Name+`\b`).ReplaceAllString(command, `\S+`)
	}
	if a.On != "" && !pattern(`(?m)^    `+command+`$`).MatchString(text) {
		problems = append(problems, "the command does not stand alone on a line: "+a.First)
	}
	if strings.Count(text, "\n    ") != strings.Count(text, ":\n    ") {
		problems = append(problems, "a line to paste that is not announced")
	}
	return problems
}

// worded: no word in capitals that stands for something is left without its meaning, and nothing speaks of a report that is not there.
func worded(text string) (problems []string) {
	for _, w := range advice.Words {
		if strings.Contains(text, w.Name) && pattern(`\b`+w.Name+`\b`).MatchString(text) && !strings.Contains(text, "\n"+w.Name+" "+w.Means) {
			problems = append(problems, w.Name+" is not explained")
		}
	}
	for _, words := range []string{"the proof's time", "his report"} {
		if strings.Contains(text, words) {
			problems = append(problems, "the reader has none: "+words)
		}
	}
	return problems
}

// addressed: Exchange's own commands have no address where they take a server's name.
func addressed(text string) (problems []string) {
	for _, command := range pattern(advice.BeforeName+`\[?[0-9]+\.[0-9.]+`).FindAllString(text, -1) {
		problems = append(problems, "it takes no address: "+command)
	}
	return problems
}

var sentenceEnd = regexp.MustCompile(`[.:]\s+|\n`)

// repeated: no sentence comes twice, nor in other words that are nearly the same.
func repeated(text string) (problems []string) {
	var seen [][]string
	for _, sentence := range sentenceEnd.Split(text, -1) {
		words := slices.Compact(slices.Sorted(slices.Values(pattern(`[a-z]{4,}`).FindAllString(strings.ToLower(sentence), -1))))
		if len(words) < 5 {
			continue
		}
		for _, before := range seen {
			same := 0
			for _, w := range words {
				if slices.Contains(before, w) {
					same++
				}
			}
			if 10*same >= 8*max(len(words), len(before)) {
				problems = append(problems, "it says twice: "+sentence)
			}
		}
		seen = append(seen, words)
	}
	return problems
}

// urgency: what is critical cannot wait, and what is not is not told to be so now.
func urgency(severity, text string) []string {
	now := strings.Contains(text, "Urgency: now.")
	if waits := strings.Contains(text, "Urgency: ") && !now; severity == "critical" && waits || severity != "critical" && now {
		return []string{"its severity is " + severity + ", and its urgency another"}
	}
	return nil
}
