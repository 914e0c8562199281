package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// comparePage shows results side by side, that through the balancer first.
type comparePage struct {
	chrome
	Form     form
	State    report.State // the worst
	Sentence string
	Results  []*result.Result
	Table    result.Table
	Findings []finding
}

// compare shows recorded results side by side: ?of=ID,ID,…
func (s *server) compare(w http.ResponseWriter, r *http.Request) {
	ids := strings.Split(r.URL.Query().Get("of"), ",")
	if len(ids) < 2 || len(ids) > 1+compare.MaxServers {
		s.refusePage(w, r, badRequest("a comparison is of 2 to %d reports: ask with ?of=ID,ID", 1+compare.MaxServers), form{})
		return
	}
	var results []*result.Result
	for _, id := range ids {
		found := s.Recent.Get(id)
		if found == nil {
			s.refusePage(w, r, refusal(http.StatusNotFound, "", "%s", forgotten), form{})
			return
		}
		results = append(results, found)
	}
	if !wantsPage(w, r) {
		text(w, compare.Text(results))
		return
	}
	through := results[0]
	p := comparePage{
		chrome: s.chrome("Comparison of "+through.Target, "./"), State: report.StateOf(through),
		Sentence: compare.Capital(compare.Sentence(results)) + ".", Results: results, Table: compare.Table(results),
		Form: form{Modules: s.Modules(), Module: through.Module, Target: through.Target, Hostname: hostname(through), Auth: through.Auth, Direct: targets(results[1:])},
	}
	for _, r := range results {
		if severity(report.StateOf(r)) < severity(p.State) {
			p.State = report.StateOf(r)
		}
		p.Findings = s.collect(p.Findings, r)
	}
	s.page(w, http.StatusOK, "compare.html", p)
}

// collect appends the findings of r that are worth an action and not there yet.
func (s *server) collect(all []finding, r *result.Result) []finding {
	for _, f := range r.Findings {
		if f.Severity != result.Info && !slices.ContainsFunc(all, func(o finding) bool { return o.Code == f.Code }) {
			all = append(all, s.explain(f, r.Target, "./"))
		}
	}
	return all
}

func targets(results []*result.Result) string {
	all := make([]string, len(results))
	for i, r := range results {
		all[i] = r.Target
	}
	return strings.Join(all, ", ")
}
