package report

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Guide is who acts on a finding and what to do first, before there is a report of it. A report knows more, and may have a
// closer step.
type Guide struct {
	When    string // it holds; empty for as a rule
	Entries []Entry
}

// GuidesTo are those of book for a finding's code: the rule, and that for a server that was asked directly where it differs.
func GuidesTo(book advice.Book, code string) []Guide {
	usual, ok := book.Find(advice.Case{About: code}, false)
	if !ok {
		return nil
	}
	all := []Guide{{"", asked(usual)}}
	if direct, ok := book.Get(usual.Direct); ok {
		direct.When, direct.Suffers = "", "" // is said above
		all = append(all, Guide{"Asked of a server directly", asked(direct)})
	}
	return all
}

func asked(a advice.Advice) []Entry {
	return Act(&result.Verdict{
		Fault: result.Fault{Owner: a.Owners[0], Certainty: a.Certainty}, Also: a.Owners[1:],
		When: a.When, Suffers: a.Suffers, On: a.On, First: a.First, Separates: a.Separates,
	})
}

// WithGuides puts guides below the title of a finding's page, which is Markdown, as text.
func WithGuides(page string, guides []Guide) string {
	p := &printer{}
	title, rest, _ := strings.Cut(page, "\n")
	for _, g := range guides {
		p.line("")
		if g.When != "" {
			p.line("%s:", g.When)
		}
		p.entries(g.Entries)
	}
	return title + "\n" + p.b.String() + rest
}
