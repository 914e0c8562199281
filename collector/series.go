package collector

import (
	"cmp"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// maxSeries is how many series a probe gives at most; a target must not fill a Prometheus server.
const maxSeries = 500

// series gathers the samples of one probe into families.
type series struct {
	families map[string]*dto.MetricFamily
	seen     map[string]bool
	dropped  int

	values *Values
	of     *result.Result
	now    time.Time
}

func newSeries(values *Values, of *result.Result) *series {
	return &series{values: values, of: of, now: time.Now(), families: make(map[string]*dto.MetricFamily, 32), seen: make(map[string]bool, 64)}
}

// add makes one gauge. The values of labels come from targets, so they are cleaned here, where none gets past.
func (s *series) add(m *result.Metric, value float64, labels ...string) {
	labels = s.values.shorten(s.of, m, labels, s.now)
	key := m.Name
	pairs := make([]*dto.LabelPair, len(labels))
	for i, v := range labels {
		v = plain.Label(v)
		key += "\xff" + v
		pairs[i] = &dto.LabelPair{Name: &m.Labels[i], Value: &v}
	}
	if len(s.seen) >= maxSeries || s.seen[key] {
		s.dropped++
		return
	}
	s.seen[key] = true
	s.put(m, value, pairs)
}

func (s *series) put(m *result.Metric, value float64, pairs []*dto.LabelPair) {
	f := s.families[m.Name]
	if f == nil {
		f = &dto.MetricFamily{Name: &m.Name, Help: &m.Help, Type: dto.MetricType_GAUGE.Enum()}
		s.families[m.Name] = f
	}
	f.Metric = append(f.Metric, &dto.Metric{Label: pairs, Gauge: &dto.Gauge{Value: &value}})
}

// finish gives the families by name, as a Gatherer must.
func (s *series) finish() []*dto.MetricFamily {
	if s.dropped > 0 {
		s.put(seriesDropped, float64(s.dropped), nil) // beyond the limit, or nobody would learn of it
	}
	all := make([]*dto.MetricFamily, 0, len(s.families))
	for _, f := range s.families {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return all
}
