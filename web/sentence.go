package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// sentence says of modules whether the balancer or a server is at fault.
type sentence struct {
	State   report.State // the worst through the balancer
	Modules string
	Text    string
}

// sentences are those of a service, each once for all modules that it holds for; the worst first.
func sentences(modules []string, cells []*cell) []sentence {
	var all []sentence
	for _, module := range modules {
		own := slices.DeleteFunc(slices.Clone(cells), func(c *cell) bool { return c.Module.Name != module || c.Way == prober.ByDomain })
		state, text := tell(own)
		if text == "" {
			continue
		}
		if i := slices.IndexFunc(all, func(s sentence) bool { return s.Text == text && s.State == state }); i >= 0 {
			all[i].Modules += ", " + module
			continue
		}
		all = append(all, sentence{state, module, text})
	}
	slices.SortStableFunc(all, func(a, b sentence) int { return severity(a.State) - severity(b.State) })
	return all
}

// tell is the sentence of one module's cells; empty where there is nothing to compare.
func tell(cells []*cell) (report.State, string) {
	var through, direct []*result.Result
	worst, well, listed := report.Succeeded, true, 0
	for _, c := range cells {
		if c.Way == prober.ByServer {
			listed++
		}
		if c.Glance == nil {
			well = false
			continue
		}
		well = well && c.State == report.Succeeded
		if c.Way == prober.ByServer {
			direct = append(direct, c.Result)
			continue
		}
		through = append(through, c.Result)
		if severity(c.State) < severity(worst) {
			worst = c.State
		}
	}
	switch {
	case len(through) == 0:
		return "", ""
	case well && listed > 1:
		return worst, fmt.Sprintf("Works through the balancer and at all %d servers", listed)
	case listed == 0 && worst != report.Succeeded:
		return worst, "Through the balancer alone it cannot be told whose fault it is: list the servers, so that they are asked directly"
	case len(direct) == 0:
		return "", ""
	}
	if slices.ContainsFunc(direct, func(r *result.Result) bool { return !r.Success() }) && worst == report.Succeeded {
		worst = report.Warned
	}
	slices.SortStableFunc(through, func(a, b *result.Result) int { return severity(report.StateOf(a)) - severity(report.StateOf(b)) })
	return worst, compare.Capital(compare.Sentence(append(through[:1], alike(direct, listed)...)))
}

// alike puts one result in the place of many that say the same of a sentence's matter, with how many they are as its target. Those
// that decide nothing are left out where others do: the grid has them.
func alike(direct []*result.Result, listed int) []*result.Result {
	var order []string
	by := map[string][]*result.Result{}
	for _, r := range direct {
		key := ""
		switch {
		case r.Failure != nil:
			key = r.Failure.Name()
		case r.Undecided != "":
			key = "?" + r.Undecided
		}
		if by[key] == nil {
			order = append(order, key)
		}
		by[key] = append(by[key], r)
	}
	decided := slices.ContainsFunc(order, func(key string) bool { return !strings.HasPrefix(key, "?") })
	var all []*result.Result
	for _, key := range order {
		if same := by[key]; !decided || !strings.HasPrefix(key, "?") {
			all = append(all, together(same, listed)...)
		}
	}
	return all
}

// together is one result for several, where these are too many to be named.
func together(same []*result.Result, listed int) []*result.Result {
	if len(same) <= fewNames {
		return same
	}
	one := *same[0]
	one.Target, one.At = fmt.Sprintf("%d servers", len(same)), ""
	if len(same) == listed {
		one.Target = "all " + one.Target
	}
	for _, r := range same[1:] {
		for _, f := range r.Findings {
			if !slices.ContainsFunc(one.Findings, func(o result.Finding) bool { return o.Code == f.Code }) {
				one.Findings = append(one.Findings[:len(one.Findings):len(one.Findings)], f)
			}
		}
	}
	return []*result.Result{&one}
}
