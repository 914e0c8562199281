package conformance

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// showsWhatItDeclares holds that all that is declared is shown by a whole probe: what no test produces may not work, and
// nobody would know.
func showsWhatItDeclares(x *Examination, complain complain) {
	if x.short {
		return
	}
	shown := map[string]bool{}
	note := func(kind string, names ...string) {
		for _, n := range names {
			shown[kind+" "+n] = true
		}
	}
	for _, o := range x.Seen {
		note("reason", o.failure())
		note("finding", o.codes()...)
		note("step", o.steps()...)
		note("metric", o.metrics()...)
		note("outcome", o.outcomes()...)
	}
	for _, what := range x.declared() {
		switch exempt, chance := excused(x.Exempt, what); {
		case !shown[what] && !exempt:
			complain("lab.Part: the %s is declared, and no scenario and no case shows it: add one that does, or do not declare it", what)
		case shown[what] && exempt && !chance:
			complain("the exemption of the %s is not needed any more: take it off the list", what)
		}
	}
	for _, e := range x.Exempt {
		if !slices.Contains(x.declared(), e.What) {
			complain("the exemption of the %s is for what is not declared: take it off the list", e.What)
		}
		if e.Why == "" {
			complain("the exemption of the %s lacks its reason", e.What)
		}
	}
}

// excused tells whether something need not be shown, and whether it may be shown all the same.
func excused(list []Exemption, what string) (excused, chance bool) {
	i := slices.IndexFunc(list, func(e Exemption) bool { return e.What == what && e.Why != "" })
	return i >= 0, i >= 0 && list[i].Chance
}

// declared are the names of all that the Definition declares and a probe can show, each after its kind.
func (s Subject) declared() (all []string) {
	d := s.Definition
	for _, name := range reasonNames(d.Reasons) {
		all = append(all, "reason "+name)
	}
	for _, f := range d.Findings {
		all = append(all, "finding "+f.Code)
	}
	for _, step := range d.Steps {
		all = append(all, "step "+step.Name)
	}
	for _, m := range d.Metrics {
		all = append(all, "metric "+m.Name)
	}
	for _, o := range d.Outcomes {
		all = append(all, "outcome "+o)
	}
	return all
}

// CommonReasons are complaints about the reasons that all probers share: each is shown by one of them, or exempt.
func CommonReasons(all []*Examination, exempt []Exemption) (complaints []string) {
	shown := map[string]bool{lab.None: true}
	for _, x := range all {
		for _, o := range x.Seen {
			shown[o.failure()] = true
		}
	}
	common := reasonNames(runner.CommonReasons())
	for _, name := range common {
		switch excused, chance := excused(exempt, "reason "+name); {
		case !shown[name] && !excused:
			complaints = append(complaints, "the reason "+name+" is shared by all probers, and no scenario and no case of any shows it: add a case to the part of a prober that can meet it")
		case shown[name] && excused && !chance:
			complaints = append(complaints, "the exemption of the reason "+name+" is not needed any more: take it off the list")
		}
	}
	return complaints
}
