package report

import (
	"io"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Entry is one thing that a verdict says, under its title.
type Entry struct {
	Title string
	Where string // Step is done; empty where that is said or plain
	Step  string // what to do first: with Where a command that can be pasted as it is. Empty for all entries but one
	Lines []string
}

// Act is what a verdict asks of whom, in the order in which it is read: how urgent it is and who suffers, who acts, what to do
// first, the proof, what the outcome of that step tells, and what comes then. Nothing for no verdict.
func Act(v *result.Verdict) []Entry {
	if v == nil {
		return nil
	}
	then := []string{v.Then}
	for _, place := range v.Places {
		then = append(then, origin.Title(place.Product)+": "+place.Setting)
	}
	var all []Entry
	for _, e := range []Entry{
		{Title: "Urgency", Lines: []string{v.When.Text()}}, {Title: "Suffers", Lines: []string{v.Suffers}},
		{Title: "Act", Lines: []string{Acts(v)}}, {Title: "At fault", Lines: []string{v.AtFault}},
		{Title: "First", Where: v.On, Step: v.First, Lines: advice.Legend(v.On, v.First, v.Separates, v.Then)}, {Title: "Proof", Lines: v.Proof},
		{Title: "Outcome", Lines: advice.Branches(v.Separates)}, {Title: "Then", Lines: then},
	} {
		e.Lines = slices.DeleteFunc(slices.Clone(e.Lines), func(line string) bool { return line == "" })
		if e.Step != "" || len(e.Lines) > 0 {
			all = append(all, e)
		}
	}
	return all
}

// Steps writes who acts and what to do first, for a list of much that is wrong; nothing for no verdict.
func Steps(w io.Writer, v *result.Verdict) error {
	if v == nil {
		return nil
	}
	p, short := &printer{}, *v
	short.Separates, short.Then = "", "" // nobody needs words explained of what is not written
	p.entries(slices.DeleteFunc(Act(&short), func(e Entry) bool { return e.Title != "Act" && e.Title != "First" }))
	_, err := w.Write(p.b.Bytes())
	return err
}

// act says who acts, what to do first, and the proof.
func (p *printer) act() {
	if all := Act(p.r.Verdict); len(all) > 0 {
		p.line("")
		p.entries(all)
	}
}

// entries writes each with its title, and further lines below the first. A command has a line of its own.
func (p *printer) entries(all []Entry) {
	for _, e := range all {
		lines := e.Lines
		switch {
		case e.Where != "":
			lines = append([]string{e.Where + ":", "    " + e.Step}, lines...)
		case e.Step != "":
			lines = append([]string{e.Step}, lines...)
		}
		title := e.Title + ":"
		for _, line := range lines {
			p.line("%-11s %s", title, line)
			title = ""
		}
	}
}

// Acts says who acts, and how sure that is.
func Acts(v *result.Verdict) string {
	var titles []string
	for _, o := range v.Owners() {
		titles = append(titles, o.Title())
	}
	if len(titles) > 1 {
		return "undecided between " + strings.Join(titles[:len(titles)-1], ", ") + " and " + titles[len(titles)-1]
	}
	return titles[0] + " (" + string(v.Certainty) + ")"
}

// Owners names those who act as the metrics do, for a table; empty for nobody.
func Owners(v *result.Verdict) string {
	if v == nil {
		return ""
	}
	var names []string
	for _, o := range v.Owners() {
		names = append(names, string(o))
	}
	return strings.Join(names, " or ")
}
