package dashboards

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/dashboard"
	"github.com/ews-exporter/ews_exporter/probes"
)

// All are the dashboards: the overview, those of probers that have one, and the exporter's own.
func All() []*dashboard.Dashboard {
	var own []*dashboard.Dashboard
	for _, d := range probes.All() {
		if d.Dashboard != nil {
			own = append(own, d.Dashboard)
		}
	}
	return slices.Concat([]*dashboard.Dashboard{overview(own)}, own, []*dashboard.Dashboard{exporter})
}
