package conformance

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/actionable"
)

// advises holds that whatever a probe may fail for, find or leave undecided, somebody is told what to do about it, and that who
// asked a server directly is not told to ask it directly.
func advises(x *Examination, complain complain) {
	book := runner.Book(x.Definition)
	for _, o := range x.Seen {
		if problem := actionable.Problem(o.Result); problem != "" {
			complain("%s: who reads the report is not told who acts, what to do first and on what proof: %s", o.Where, problem)
		}
	}
	for _, about := range x.Subject.advised() {
		if _, ok := book.Find(advice.Case{About: about}, false); !ok {
			complain("nothing says what to do about %s: add it to the For of an advice in advice.go, in %s", about, x.folder())
		}
		if direct, _ := book.Find(advice.Case{About: about}, true); strings.Contains(direct.First+direct.Separates, "--direct") {
			complain("about %s, the advice %s for a server that was asked directly says to ask directly: give it a Direct", about, direct.Key)
		}
	}
}

// advised are what leads to advice, by the names that advice has for them.
func (s Subject) advised() []string {
	all := reasonNames(append(runner.CommonReasons(), s.Definition.Reasons...))
	for _, f := range s.Definition.Findings {
		if f.Severity != result.Info {
			all = append(all, f.Code)
		}
	}
	for _, u := range result.Undecidednesses {
		all = append(all, "undecided/"+string(u.Reason))
	}
	return all
}
