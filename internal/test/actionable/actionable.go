// Package actionable holds in tests that a report tells its reader, within the first ten lines, who acts, what to do first,
// and on what proof.
package actionable

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// lines is how far a person reads who has been woken.
const lines = 10

// Problem says what the report of r lacks; empty for nothing, and for a result that asks nothing of anybody.
func Problem(r *result.Result) string {
	if state := report.StateOf(r); state == report.Succeeded || r.UndecidedOK && state == report.Undecided {
		return ""
	}
	var b bytes.Buffer
	if err := report.Text(&b, r, report.Options{}); err != nil {
		return err.Error()
	}
	var read []string
	for line := range strings.Lines(b.String()) {
		if line = strings.TrimSpace(line); line != "" && len(read) < lines {
			read = append(read, line)
		}
	}
	for _, title := range []string{"Act:", "First:", "Proof:"} {
		told := false
		for _, line := range read {
			text, ok := strings.CutPrefix(line, title)
			told = told || ok && strings.TrimSpace(text) != ""
		}
		if !told {
			return fmt.Sprintf("its first %d lines have no %q:\n%s", lines, title, strings.Join(read, "\n"))
		}
	}
	return ""
}
