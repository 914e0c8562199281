package example

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const hourly = `
about: Rarely.
interval: 1h
timeout: 30s
module:
  prober: p # why
  min_interval: 1h
  p:
    a: b
# the end
targets:
  - targets: [contoso.com]
    labels: {service: a.contoso.com}
`

func TestParse(t *testing.T) {
	t.Parallel()
	e, err := Parse(hourly)
	if err != nil {
		t.Fatal(err)
	}
	if want := "prober: p # why\nmin_interval: 1h\np:\n  a: b\n"; e.Module != want || e.Targets != "- targets: [contoso.com]\n  labels: {service: a.contoso.com}\n" {
		t.Errorf("module %q, targets %q", e.Module, e.Targets)
	}
	if e.Logon || !slices.Equal(e.Services, []string{"a.contoso.com"}) {
		t.Errorf("logon %v, services %q", e.Logon, e.Services)
	}
	if e.Interval != time.Hour || e.Scrape() != 2*time.Minute || e.Timeout != 30*time.Second {
		t.Errorf("%+v, scraped every %v", e, e.Scrape())
	}
	for name, change := range map[string][2]string{
		"no interval":           {"interval: 1h\ntimeout", "timeout"},
		"no time limit":         {"timeout: 30s\n", ""},
		"nothing said":          {"about: Rarely.\n", ""},
		"longer than a scrape":  {"timeout: 30s", "timeout: 3m"},
		"probes at each scrape": {"  min_interval: 1h\n", ""},
		"an unknown key":        {"about:", "abuot:"},
	} {
		text := strings.Replace(hourly, change[0], change[1], 1)
		if text == hourly {
			t.Fatalf("%s: nothing changed", name)
		}
		if e, err := Parse(text); err == nil {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
