package lab

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Advice names the module of WriteConfig that shows what a scenario is about, and what it should report: the code of a
// finding, or whether it works. Both are empty where no part says anything.
func (s Scenario) Advice() (module, reports string) {
	if len(s.Verdicts) == 0 {
		return "", ""
	}
	v := s.Verdicts[max(0, slices.IndexFunc(s.Verdicts, func(v Verdict) bool { return v.Shows }))]
	first, _, _ := strings.Cut(v.Finding, ", ")
	return v.Module, reported(v.Failure == None, first, s.Varies)
}

func reported(success bool, finding string, varies bool) string {
	switch {
	case finding != "":
		return finding
	case success:
		return "works"
	case varies:
		return "fails now and then"
	}
	return "fails"
}

// tableWidth is how many columns the text of the table takes, so that it fits a terminal.
const tableWidth = 96

// WriteTable prints what runs where, which module to ask, what that should report, and what each scenario is.
func (s *Site) WriteTable(w io.Writer) error {
	var rows strings.Builder
	table := tabwriter.NewWriter(&rows, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "TARGET\tSCENARIO\tASK IT WITH\tWHICH REPORTS")
	for _, c := range s.scenarios {
		module, reports := c.Advice()
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", c.Address, c.Name, module, reports)
	}
	_ = table.Flush() // to memory
	head, lines, _ := strings.Cut(rows.String(), "\n")
	text := "Each target is a site with one fault, or none. Not every module sees it: ask with the named one.\n\n" +
		head + "\n"
	for i, line := range strings.Split(strings.TrimSuffix(lines, "\n"), "\n") {
		text += line + "\n" + indented(s.scenarios[i].Description)
	}
	text += "\nThere is no Autodiscover here: its look-ups need names such as autodiscover.DOMAIN, which nothing here\n" +
		"resolves. Sites that refuse a right password have a module with an auth of its own, because a\n" +
		"refusal suspends it: see ews_exporter_auth_suspended.\n"
	_, err := io.WriteString(w, text)
	return err
}

// indented breaks a text into lines that fit the table.
func indented(text string) string {
	const indent = "    "
	var b strings.Builder
	line := indent[1:]
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > tableWidth {
			b.WriteString(line + "\n")
			line = indent[1:]
		}
		line += " " + word
	}
	return b.String() + line + "\n"
}
