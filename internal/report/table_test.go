package report

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// TestText_table: columns stand below one another whatever a target puts into a cell, and it cannot drive the terminal.
func TestText_table(t *testing.T) {
	t.Parallel()
	got := text(t, &result.Result{Prober: "binding", Target: "mail.contoso.com", Tables: []result.Table{{
		Title:   "Bindings",
		Columns: []string{"address", "certificate", "TLS"},
		Rows: [][]string{
			{"192.0.2.1:443", "CN=mail.contoso.com", "1.3"},
			{"[2001:db8::1]:443", "CN=\x1b[31mMünchen\n", "1.2"},
			{"192.0.2.2:443", strings.Repeat("x", 1000), ""},
			{"", "", strings.Repeat("y", 100)},
		},
	}}}, Options{})
	want := `
Bindings
  address            certificate                                                        TLS
  192.0.2.1:443      CN=mail.contoso.com                                                1.3
  [2001:db8::1]:443  CN=\u001b[31mMünchen                                               1.2
  192.0.2.2:443      ` + strings.Repeat("x", 64) + "…\n"
	if !strings.Contains(got, strings.Repeat("y", 100)) {
		t.Errorf("the last column is cut:\n%s", got)
	}
	if !strings.Contains(got, want) {
		t.Errorf("got:\n%s\nwant it to hold:%s", got, want)
	}
}
