package dashboards

import (
	"github.com/ews-exporter/ews_exporter/internal/dashboard"
	"github.com/ews-exporter/ews_exporter/probes"
)

// All are the dashboards: those of probers that have one, and those of no single prober.
func All() []*dashboard.Dashboard {
	var all []*dashboard.Dashboard
	for _, d := range probes.All() {
		if d.Dashboard != nil {
			all = append(all, d.Dashboard)
		}
	}
	return append(all, overview(all), exporter)
}
