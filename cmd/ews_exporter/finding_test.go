package main

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// TestFindingPrintsThePage: the list has a sentence on each, and each page begins with the code, who acts and what to do
// first; what only informs needs neither.
func TestFindingPrintsThePage(t *testing.T) {
	t.Parallel()
	listed := execute(t, "", "finding").out
	book := runner.AllAdvice(probes.All())
	for _, f := range findings() {
		if !strings.Contains(listed, f.Summary+"\n") {
			t.Errorf("%s is listed without its sentence", f.Code)
		}
		got, begins := execute(t, "", "finding", f.Code), "# "+f.Code+"\n"
		if a, ok := book.Find(advice.Case{About: f.Code}, false); ok {
			begins += "\nUrgency:    "
			if !strings.Contains(got.out, "\nFirst:      ") || !strings.Contains(got.out, "  "+a.First+"\n") || !strings.Contains(got.out, "\nAct:        ") {
				t.Errorf("%s: who acts, or the first step, is missing:\n%.400s", f.Code, got.out)
			}
		} else if f.Severity != result.Info {
			t.Errorf("%s has no advice", f.Code)
		}
		if got.code != exitOK || !strings.HasPrefix(got.out, begins) {
			t.Errorf("exit code %d, %.200q", got.code, got.out)
		}
	}
}
