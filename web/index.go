package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// The most that one page shows. The filter finds the rest.
const (
	maxShown   = 200
	maxStrip   = 20 // moments of a series
	maxPattern = 200
)

// form holds what the form of a page is filled with.
type form struct {
	Modules                                         []string
	Module, Target, Hostname, Auth, Direct, Mailbox string
}

// newForm is an empty form. The module chosen is the one that is named as the first prober of the list that has such a
// module: that list begins with the fault for which this exporter was made.
func (s *server) newForm() form {
	f := form{Modules: s.Modules()}
	for _, d := range s.Probers {
		if slices.Contains(f.Modules, d.Name) {
			f.Module = d.Name
			break
		}
	}
	return f
}

// indexPage is the start page: what is broken, a form, and where to go on.
type indexPage struct {
	chrome
	Over     *overview // leads the page where there are services
	Form     form
	Tries    []Try
	Disabled bool
	Filter   string
	State    string // only series of this state; "" for all
	Total    int    // of all series
	Fit      int    // of those that fit the filter
	Counts   []count
	Series   []Series // those shown
}

// count is how many series are in a state.
type count struct {
	State report.State
	Word  string
	N     int
}

// Shown are the newest moments.
func (s Series) Shown() []Moment { return s.Moments[max(0, len(s.Moments)-maxStrip):] }

// Wrong says what is wrong: the diagnosis with the box and what to set, where there is one.
func (s Series) Wrong() string {
	for _, f := range s.Findings {
		if f.Severity == result.Error {
			return f.Sentence
		}
	}
	return report.Wrong(s.Result)
}

// Acts says who acts, "" for nobody.
func (s Series) Acts() string {
	if s.Verdict == nil {
		return ""
	}
	return report.Acts(s.Verdict)
}

// As is the name that was asked for, "" where the target says it.
func (s Series) As() string { return hostname(s.Result) }

func (s *server) index(w http.ResponseWriter, r *http.Request) {
	p := indexPage{chrome: s.chrome("Recent probes", "./"), Over: s.overview(time.Now(), false), Form: s.newForm(), Tries: s.Tries, Disabled: s.Recent == nil}
	if s.Recent != nil {
		query := r.URL.Query()
		p.Filter, p.State = query.Get("filter"), query.Get("state")
		p.fill(s.Recent.List())
	}
	s.page(w, http.StatusOK, "index.html", p)
}

// fill counts all series and keeps those to show.
func (p *indexPage) fill(all []Series) {
	p.Filter = p.Filter[:min(len(p.Filter), maxPattern)]
	p.Total = len(all)
	p.Counts = []count{{report.Failed, "failed", 0}, {report.Warned, "with a warning", 0}, {report.Undecided, "undecided", 0}, {report.Succeeded, "work", 0}}
	for _, s := range all {
		i := slices.IndexFunc(p.Counts, func(c count) bool { return c.State == s.State })
		p.Counts[i].N++
		if (p.State != "" && p.State != string(s.State)) || !s.holds(p.Filter) {
			continue
		}
		if p.Fit++; p.Fit <= maxShown {
			p.Series = append(p.Series, s)
		}
	}
}

// holds tells whether one of the words that a row shows contains the pattern.
func (s Series) holds(pattern string) bool {
	words := []string{s.Target, s.Module, s.Name, s.Auth, s.Wrong()}
	if s.Failure != nil {
		words = append(words, s.Failure.Message)
	}
	for _, f := range s.Findings {
		words = append(words, f.Code)
	}
	return strings.Contains(strings.ToLower(strings.Join(words, "\n")), strings.ToLower(pattern))
}
