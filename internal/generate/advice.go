package main

import (
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// diagnosisPage puts owners, reasons for being undecided, and all advice into docs/diagnosis.md.
func diagnosisPage(root string) ([]file, error) {
	owners := "| owner | who that is |\n|---|---|\n"
	for _, o := range advice.Owners {
		owners += fmt.Sprintf("| `%s` | %s |\n", o.Owner, o.Title)
	}
	undecided := "| reason | meaning |\n|---|---|\n"
	for _, u := range result.Undecidednesses {
		undecided += fmt.Sprintf("| `%s` | %s |\n", u.Reason, u.Help)
	}
	return sections(root, "docs/diagnosis.md", map[string]string{"owners": owners, "undecided": undecided, "advice": adviceTable()})
}

func adviceTable() string {
	var b strings.Builder
	b.WriteString("| advice | what it means | who acts | first |\n|---|---|---|---|\n")
	for _, a := range runner.AllAdvice(probes.All()) {
		var owners []string
		for _, o := range a.Owners {
			owners = append(owners, string(o))
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", a.Key, cell(a.Means), strings.Join(owners, ", "), cell(a.Step()))
	}
	return b.String()
}

// cell keeps a text in its cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
