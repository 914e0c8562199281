package probes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/probes"
)

// TestDeclarations: what a prober declares of itself agrees with its metrics, and says how it is asked of a service.
func TestDeclarations(t *testing.T) {
	t.Parallel()
	for _, d := range probes.All() {
		if len(d.Paths) == 0 || slices.ContainsFunc(d.Paths, func(p prober.Path) bool { return p.Way == prober.ByBalancer && p.Hostname }) {
			t.Errorf("%s is asked of a service by %+v: by one way at least, and a balancer goes by its own name", d.Name, d.Paths)
		}
		if d.Piece != nil && (!slices.Contains(d.Metrics, d.Piece) || len(d.Piece.Labels) != 1) {
			t.Errorf("%s: %s tells of the parts of a probe, so it is a metric of the prober, with one label", d.Name, d.Piece.Name)
		}
		tells := slices.ContainsFunc(d.Metrics, func(m *result.Metric) bool { return strings.HasSuffix(m.Name, "_outcome") })
		if tells != (len(d.Outcomes) > 0) {
			t.Errorf("%s: outcomes %q, and a metric of them: %t", d.Name, d.Outcomes, tells)
		}
	}
}
