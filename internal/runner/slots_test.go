package runner

import (
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/target"
)

// TestBlockOf: who shares a block has one owner, so that one who hangs takes nothing from strangers.
func TestBlockOf(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"mail.contoso.com":          "*.contoso.com",
		"ex1.site.contoso.com":      "*.contoso.com",
		"mail.contoso.co.uk":        "*.contoso.co.uk",
		"mail.fabrikam.co.uk":       "*.fabrikam.co.uk",
		"contoso.azurewebsites.net": "*.contoso.azurewebsites.net",
		"ex1.contoso.local":         "*.contoso.local",
		"mail.contoso.test":         "*.contoso.test",
		"ex1":                       "*.ex1",
		"co.uk":                     "*.co.uk",
		"192.0.2.7":                 "192.0.2.0/24",
		"[2001:db8:1:2::3]":         "2001:db8:1::/48",
	} {
		at, err := target.Parse("https://"+host, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := blockOf(at); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}
