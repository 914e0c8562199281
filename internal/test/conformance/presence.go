package conformance

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// keepsPresence holds that metrics are there when their Presence says so: "always" is always, also where nothing was reached.
// There no time is, and where a probe was not even begun, only what tells of the settings.
func keepsPresence(x *Examination, complain complain) {
	metrics := slices.Concat(collector.Metrics(), x.Definition.Metrics)
	for _, o := range x.Seen {
		there := o.metrics()
		for _, m := range metrics {
			if x.always(m) && !slices.Contains(there, m.Name) {
				complain("%s: %s is declared to be there %q, and is not; see Blank and where samples are added", o.Where, m.Name, m.Presence)
			}
		}
		for _, m := range x.Definition.Metrics {
			settled := x.always(m) || strings.HasPrefix(m.Presence, configured)
			if (!o.Begun && !settled || !o.Reached && strings.HasSuffix(m.Name, "_seconds")) && slices.Contains(there, m.Name) {
				complain("%s: %s is there, though nothing was reached and its Presence is %q: what was not measured is absent", o.Where, m.Name, m.Presence)
			}
		}
	}
}

// What the Presence of a metric begins with that is always there, and of one that is there for each of what is configured.
const (
	always     = "always"
	configured = "each configured"
	overHTTP   = "for probers that HTTP decides"
)

// always tells whether a metric is there whatever becomes of a probe.
func (s Subject) always(m *result.Metric) bool {
	if strings.Contains(m.Presence, overHTTP) && s.Definition.Decides != result.ByHTTP {
		return false
	}
	return strings.HasPrefix(m.Presence, always) || m.Presence == "exactly one series"
}
