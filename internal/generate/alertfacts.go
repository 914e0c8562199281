package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// alertFacts are what the placeholders of rules are filled with: what probers declare, and what their rules say already.
type alertFacts struct {
	pieces     []*result.Metric // that tell of the parts of a probe
	failing    []string         // of these, the metrics of probers whose failing checks have an alert of their own
	explained  []explained
	objectives []string
	shows      []string

	errors   codes // findings that make a probe fail and have an alert of their own
	warnings codes // likewise as warnings
	counted  codes // findings whose alerts count them over an hour
	partly   codes // of the errors, those that explain some checks only
	told     codes
	known    map[string]result.Severity

	book advice.Book
}

// codes is a set of findings.
type codes map[string]bool

// String is the set as a regular expression.
func (c codes) String() string { return strings.Join(slices.Sorted(maps.Keys(c)), "|") }

func (c codes) add(more ...string) {
	for _, code := range more {
		c[code] = true
	}
}

// without gives those that are in none of the others.
func (c codes) without(others ...codes) codes {
	rest := maps.Clone(c)
	maps.DeleteFunc(rest, func(code string, _ bool) bool {
		return slices.ContainsFunc(others, func(o codes) bool { return o[code] })
	})
	return rest
}

// factsOf gathers them.
func factsOf(sources []ruleSource, definitions []prober.Definition) alertFacts {
	f := alertFacts{
		errors: codes{}, warnings: codes{}, counted: codes{}, partly: codes{}, told: codes{}, known: map[string]result.Severity{},
		book: runner.AllAdvice(definitions),
	}
	pieces := map[string]*result.Metric{}
	for _, d := range definitions {
		for _, finding := range d.Findings {
			f.known[finding.Code] = finding.Severity
		}
		if d.Piece != nil {
			f.pieces = append(f.pieces, d.Piece)
			pieces[d.Name] = d.Piece
		}
	}
	for _, s := range sources {
		f.told.add(s.decoded.Told...)
		f.explained = append(f.explained, s.decoded.Explained...)
		f.shows = append(f.shows, s.decoded.Shows...)
		f.objectives = append(f.objectives, s.decoded.Objectives...)
		for _, e := range s.decoded.Explained {
			for _, s := range selections(e.Probes) {
				f.partly.add(s.codes...)
			}
		}
		for _, g := range s.decoded.Groups {
			for _, r := range g.Rules {
				if r.Alert == "" {
					continue
				}
				f.read(r.Expr)
				if p := pieces[s.prober]; p != nil && strings.Contains(r.Expr, "ews:check_failing:unexplained") && !slices.Contains(f.failing, p.Name) {
					f.failing = append(f.failing, p.Name)
				}
			}
		}
	}
	return f
}

// read notes the findings that an alert selects. One that it names to leave something to that one's alert has one as well.
func (f *alertFacts) read(expr string) {
	for _, s := range selections(expr) {
		if s.counted {
			f.counted.add(s.codes...)
		}
		for _, code := range s.codes {
			if s.severity != string(result.Error) {
				f.warnings.add(code)
			}
			if s.severity != string(result.Warning) && !s.counted && f.known[code] == result.Error {
				f.errors.add(code)
			}
		}
	}
}

// selection is what a selector of an expression asks for of findings.
type selection struct {
	codes    []string
	severity string // empty for any
	counted  bool   // over an hour
}

var (
	findingSelector = regexp.MustCompile(`(probe_finding|ews:findings:count1h)\{([^}]*)\}`)
	codeMatcher     = regexp.MustCompile(`\bcode=~?"([\w|]+)"`)
	severityMatcher = regexp.MustCompile(`\bseverity="(\w+)"`)
)

func selections(expr string) []selection {
	var all []selection
	for _, m := range findingSelector.FindAllStringSubmatch(expr, -1) {
		named := codeMatcher.FindStringSubmatch(m[2])
		if named == nil {
			continue
		}
		s := selection{codes: strings.Split(named[1], "|"), counted: m[1] != "probe_finding"}
		if severity := severityMatcher.FindStringSubmatch(m[2]); severity != nil {
			s.severity = severity[1]
		}
		all = append(all, s)
	}
	return all
}

// own are the findings that have an alert of their own where they have the severity.
func (f alertFacts) own(severity string) codes {
	own := maps.Clone(f.told)
	switch result.Severity(severity) {
	case result.Error:
		own.add(slices.Collect(maps.Keys(f.errors))...)
		own.add(slices.Collect(maps.Keys(f.counting(severity)))...)
	case result.Warning:
		own.add(slices.Collect(maps.Keys(f.warnings))...)
	}
	return own
}

// explaining are the findings that say of the whole probe why it fails, in an alert of their own.
func (f alertFacts) explaining() codes {
	all := maps.Clone(f.told)
	all.add(slices.Collect(maps.Keys(f.errors.without(f.partly)))...)
	return all
}

// counting are those that are counted over an hour; with a severity only those that have it at worst.
func (f alertFacts) counting(severity ...string) codes {
	some := maps.Clone(f.counted)
	maps.DeleteFunc(some, func(code string, _ bool) bool {
		return len(severity) > 0 && string(f.known[code]) != severity[0]
	})
	return some
}
