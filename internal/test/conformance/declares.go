package conformance

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// complain says what is missing.
type complain = func(format string, args ...any)

var (
	word   = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	dotted = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)
)

// declares holds that the Definition is complete and agrees with itself.
func declares(x *Examination, complain complain) {
	d := x.Definition
	if !word.MatchString(d.Name) || d.Summary == "" {
		complain("Definition: the name %q is to be lower-case words joined by underscores, with a Summary of one sentence", d.Name)
	}
	if x.Part.Prober != d.Name {
		complain("lab.Part: Prober is %q, and the Definition's Name %q", x.Part.Prober, d.Name)
	}
	if len(x.Part.Least) == 0 || len(x.Part.Most) == 0 {
		complain("lab.Part: Least and Most are to be the keys of two modules: one that asks for as little as possible, and one that asks for all; tests outside of the folder probe by them")
	}
	if len(d.Paths) == 0 || slices.ContainsFunc(d.Paths, func(p prober.Path) bool { return p.Way == prober.ByBalancer && p.Hostname }) {
		complain("Definition.Paths: say one way at least in which it is asked of a service; a balancer goes by its own name")
	}
	if d.Piece != nil && (!slices.Contains(d.Metrics, d.Piece) || len(d.Piece.Labels) != 1) {
		complain("Definition.Piece: %s is to be one of Metrics, with one label, whose values are the parts of a probe", d.Piece.Name)
	}
	tells := slices.ContainsFunc(d.Metrics, func(m *result.Metric) bool { return slices.Contains(m.Labels, "outcome") })
	if tells != (len(d.Outcomes) > 0) {
		complain("Definition.Outcomes: %q, and there is a metric with the label outcome: %t; either both, or none", d.Outcomes, tells)
	}
	declaresReasons(d, complain)
	declaresMetrics(d, complain)
	declaresSteps(d, complain)
	for _, f := range d.Findings {
		if !word.MatchString(f.Code) || f.Summary == "" || !slices.Contains([]result.Severity{result.Error, result.Warning, result.Info}, f.Severity) {
			complain("Definition.Findings: %q is to be lower-case words joined by underscores, with a Severity, and a Summary of one sentence", f.Code)
		}
	}
}

func declaresReasons(d prober.Definition, complain complain) {
	seen := runner.CommonReasons()
	for _, r := range d.Reasons {
		if !word.MatchString(r.Reason) || !slices.Contains(failure.Stages, r.Stage) || r.Help == "" {
			complain("Definition.Reasons: %s/%s is to be one of failure.Stages, lower-case words joined by underscores, and a Help", r.Stage, r.Reason)
		}
		if slices.ContainsFunc(seen, func(o failure.Reason) bool { return o.Stage == r.Stage && o.Reason == r.Reason }) {
			complain("Definition.Reasons: %s/%s is there twice, or all probers have it; declare it once", r.Stage, r.Reason)
		}
		seen = append(seen, r)
	}
	names := reasonNames(seen)
	for _, a := range d.Absent {
		if !slices.Contains(names, a) {
			complain("Definition.Absent: %s is none of the prober's reasons", a)
		}
	}
}

func declaresMetrics(d prober.Definition, complain complain) {
	seen := collector.Metrics()
	for _, m := range d.Metrics {
		if !strings.HasPrefix(m.Name, "probe_") || m.Help == "" || m.Presence == "" {
			complain("Definition.Metrics: %s is to begin with probe_, and to have a Help and a Presence", m.Name)
		}
		if slices.ContainsFunc(seen, func(o *result.Metric) bool { return o.Name == m.Name }) {
			complain("Definition.Metrics: %s is there twice, or every probe has it", m.Name)
		}
		for _, label := range m.Own {
			if !slices.Contains(m.Labels, label) {
				complain("Definition.Metrics: %s owns %s, which is none of its labels", m.Name, label)
			}
		}
		seen = append(seen, m)
	}
}

func declaresSteps(d prober.Definition, complain complain) {
	var seen []string
	for _, s := range d.Steps {
		if !dotted.MatchString(s.Name) || s.Help == "" || slices.Contains(seen, s.Name) {
			complain("Definition.Steps: %q is to be there once, dotted, without an index, and with a Help", s.Name)
		}
		seen = append(seen, s.Name)
	}
	for _, logon := range []bool{false, true} {
		for _, name := range d.New().Plan(logon) {
			if !slices.Contains(seen, name) {
				complain("Definition.Steps: %s is planned by default, and not declared", name)
			}
		}
	}
}
