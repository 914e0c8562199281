package probes_test

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/probes"
)

// TestBlankKeepsThePresenceRule: what a prober declares to be always there is there, and 0 or a count of what is
// configured, also when nothing was reached; what is measured is not.
func TestBlankKeepsThePresenceRule(t *testing.T) {
	t.Parallel()
	for _, d := range probes.All() {
		res := &result.Result{}
		d.New().Blank(res)
		there := map[string]bool{}
		for _, s := range res.Samples {
			there[s.Name] = true
		}
		for _, m := range d.Metrics {
			// Of bindings none was looked at, and of expectations the defaults have none.
			always := strings.HasPrefix(m.Presence, "always") && !strings.Contains(m.Presence, "binding looked at") && !strings.Contains(m.Presence, "configured expectation")
			if always && !there[m.Name] {
				t.Errorf("%s: %s is declared to be there %q, and is not", d.Name, m.Name, m.Presence)
			}
			if strings.HasSuffix(m.Name, "_seconds") && there[m.Name] {
				t.Errorf("%s: %s was not measured, and is there", d.Name, m.Name)
			}
		}
	}
}
