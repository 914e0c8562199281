package delivery_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/dashboards"
	"github.com/ews-exporter/ews_exporter/internal/test/delivery"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestEveryPanelHasData: a site that is broken in every way that a panel is for, and what Prometheus answers to the
// panels of all dashboards.
func TestEveryPanelHasData(t *testing.T) {
	t.Parallel()
	needed(t)
	site := simulated(t)
	faults, configs := faultsOf(t, site)
	faults = slices.DeleteFunc(faults, func(f fault) bool { return !f.Panels })
	c := start(t, site, delivery.Options{
		Factor:  8, // 7.5 seconds between scrapes: a stream with writing needs seven
		Jobs:    jobs(faults),
		Receive: func(delivery.Notification) {},
	}, configs...)
	missing := queries(t)
	for limit := time.Now().Add(patience); len(missing) > 0 && time.Now().Before(limit); time.Sleep(time.Second) {
		for title, query := range missing {
			if samples, err := c.Prometheus.Query(t.Context(), query); err == nil && tells(samples) {
				delete(missing, title)
			}
		}
	}
	for title, query := range missing {
		samples, err := c.Prometheus.Query(t.Context(), query)
		t.Errorf("%s has no data (%v, %v), from\n%s", title, samples, err, query)
	}
}

// tells tells whether there is something to be shown: a number that is one.
func tells(samples []servers.Sample) bool {
	for _, s := range samples {
		if !math.IsNaN(s.Value) {
			return true
		}
	}
	return false
}

// nothing is what panels show as 0 when no series is there; without it a panel whose series never come would have data.
const nothing = " or vector(0)"

var variable = regexp.MustCompile(`"\$(site|service|instance|module|job)"`)

// queries are those of all panels and variables, with the values that Grafana would put in: all of everything, a minute,
// and for rates four scrapes, as Grafana does.
func queries(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	names, err := fs.Glob(dashboards.Files, "*.json")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		var d struct {
			Panels []struct {
				Title   string `json:"title"`
				Targets []struct {
					RefID string `json:"refId"`
					Expr  string `json:"expr"`
				} `json:"targets"`
			} `json:"panels"`
			Templating struct {
				List []struct {
					Name       string `json:"name"`
					Definition string `json:"definition"`
				} `json:"list"`
			} `json:"templating"`
		}
		text, err := fs.ReadFile(dashboards.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		fill := func(query string) string {
			query = strings.NewReplacer("$__range", "1m", "$__rate_interval", "30s", nothing, "").Replace(query)
			return variable.ReplaceAllString(query, `".*"`)
		}
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				all[fmt.Sprintf("%s, %q, query %s", name, p.Title, target.RefID)] = fill(target.Expr)
			}
		}
		for _, v := range d.Templating.List {
			if values := labelValues.FindStringSubmatch(v.Definition); values != nil {
				all[fmt.Sprintf("%s, variable %s", name, v.Name)] = fill(fmt.Sprintf("group by (%[2]s) (%[1]s) and on (%[2]s) group by (%[2]s) ({%[2]s!=\"\"})", values[1], values[2]))
			}
		}
	}
	return all
}

// labelValues is Grafana's way to ask for a variable's values.
var labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
