package compare

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Table sets results side by side: a row for each thing to compare, a column for each result.
func Table(results []*result.Result) result.Table {
	t := result.Table{Title: "Side by side", Columns: append([]string{""}, Sides(results)...)}
	for _, row := range []struct {
		name string
		cell func(*result.Result) string
	}{
		{"verdict", verdict}, {"who acts", func(r *result.Result) string { return cmp.Or(report.Owners(r.Verdict), "–") }}, {"address", where}, {"answered by", who}, {"status", status}, {"findings", findings},
		{"certificate", func(r *result.Result) string { return cmp.Or(shown(r), "–") }}, {"took", func(r *result.Result) string { return length(r.Duration) }},
	} {
		t.Rows = append(t.Rows, cells(results, row.name, row.cell))
	}
	for _, f := range facts {
		known := func(r *result.Result) bool { return f.of(r) != "" }
		if slices.Contains(aside, f.name) && slices.ContainsFunc(results, known) {
			t.Rows = append(t.Rows, cells(results, f.name, func(r *result.Result) string { return cmp.Or(f.of(r), "–") }))
		}
	}
	for _, name := range stepNames(results) {
		t.Rows = append(t.Rows, cells(results, name, func(r *result.Result) string { return step(r.Steps, name) }))
	}
	return t
}

// aside are the facts with rows of their own where they are known; the other rows have the others.
var aside = []string{"schemes", "banner", "capabilities"}

// Sides says of each result which way it was asked, and where.
func Sides(results []*result.Result) []string {
	sides := make([]string, len(results))
	for i, r := range results {
		sides[i] = "directly: " + r.Target
	}
	sides[0] = "through: " + results[0].Target
	if byAddress(results) {
		for i, r := range results {
			sides[i] = "at " + cmp.Or(r.At, r.Target)
		}
	}
	return sides
}

func cells(results []*result.Result, name string, cell func(*result.Result) string) []string {
	row := []string{name}
	for _, r := range results {
		row = append(row, cell(r))
	}
	return row
}

func verdict(r *result.Result) string {
	if r.Failure != nil {
		return report.Word(r) + " (" + reason(r) + ")"
	}
	return report.Word(r)
}

func where(r *result.Result) string {
	if c := r.DecidingConnection; c != nil && c.Address.IsValid() {
		return c.Address.String()
	}
	return "–"
}

func who(r *result.Result) string {
	if !r.Deciding.Answered() {
		return "–"
	}
	return report.By(r.Deciding.Origin)
}

func status(r *result.Result) string {
	return cmp.Or(r.Deciding.Answer(), "–")
}

func findings(r *result.Result) string {
	var codes []string
	for _, f := range r.Findings {
		if !slices.Contains(codes, f.Code) {
			codes = append(codes, f.Code)
		}
	}
	if len(codes) == 0 {
		return "none"
	}
	return strings.Join(codes, ", ")
}

func length(s wire.Seconds) string { return report.Length(s) + " s" }

// stepNames lists the steps of all results, each once, in the order of the first that has it.
func stepNames(results []*result.Result) []string {
	var all []string
	var walk func([]*result.Step)
	walk = func(steps []*result.Step) {
		for _, s := range steps {
			if !slices.Contains(all, s.Name) {
				all = append(all, s.Name)
			}
			walk(s.Steps)
		}
	}
	for _, r := range results {
		walk(r.Steps)
	}
	return all[:min(len(all), maxSteps)]
}

// maxSteps bounds the rows: a probe of many connections has steps without number.
const maxSteps = 60

// step tells how long the steps of a name took together, and whether all succeeded.
func step(steps []*result.Step, name string) string {
	var took wire.Seconds
	found, failed := false, false
	var walk func([]*result.Step)
	walk = func(steps []*result.Step) {
		for _, s := range steps {
			if s.Name == name {
				found, failed = true, failed || s.Failure != nil
				took += max(0, s.End-s.Start)
			}
			walk(s.Steps)
		}
	}
	walk(steps)
	switch {
	case !found:
		return "–"
	case failed:
		return "✗ " + length(took)
	}
	return "✓ " + length(took)
}

// Text is the comparison as text: the sentence, and the table.
func Text(results []*result.Result) string {
	var b strings.Builder
	b.WriteString(Capital(plain.Escape(Sentence(results))) + ".\n")
	_ = report.Table(&b, Table(results)) // writing to memory does not fail
	return b.String()
}

// Capital is a sentence with a capital at its beginning.
func Capital(sentence string) string { return strings.ToUpper(sentence[:1]) + sentence[1:] }
