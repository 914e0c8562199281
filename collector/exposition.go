package collector

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Format is a text that metrics are told in.
type Format int

// The formats that are written here; Gatherer is for all others.
const (
	Text        Format = iota // Prometheus's text format 0.0.4
	OpenMetrics               // OpenMetrics 0.0.1 and 1.0.0
)

// Append appends the metrics of one Result to b. It writes what package expfmt would of the same families, which takes as much
// time as half a handshake to make them, and to ask of each what all of them are: gauges, with names that need no quotes.
func (v *Values) Append(b []byte, format Format, r *result.Result, age *time.Duration) []byte {
	s := gather(v, r, age)
	defer s.free()
	for _, f := range s.families {
		b = f.head(b, format)
		for one := range s.samples(f) {
			b = append(b, f.metric.Name...)
			b = appendLabels(b, f.metric.Labels, s.labels(f, one))
			b = append(b, ' ')
			b = append(appendNumber(b, format, one.value), '\n')
		}
	}
	if format == OpenMetrics {
		b = append(b, "# EOF\n"...)
	}
	return b
}

// head says what the metric means. In OpenMetrics quotes are escaped there, too.
func (f family) head(b []byte, format Format) []byte {
	b = append(b, "# HELP "...)
	b = append(b, f.metric.Name...)
	b = appendEscaped(append(b, ' '), f.metric.Help, format == OpenMetrics)
	b = append(b, "\n# TYPE "...)
	b = append(b, f.metric.Name...)
	return append(b, " gauge\n"...)
}

func appendLabels(b []byte, names, values []string) []byte {
	if len(names) == 0 {
		return b
	}
	between := byte('{')
	for i, name := range names {
		b = append(append(b, between), name...)
		b = append(appendEscaped(append(b, '=', '"'), values[i], true), '"')
		between = ','
	}
	return append(b, '}')
}

func appendEscaped(b []byte, s string, quotes bool) []byte {
	if strings.IndexByte(s, '\\') < 0 && strings.IndexByte(s, '\n') < 0 && (!quotes || strings.IndexByte(s, '"') < 0) {
		return append(b, s...) // nearly all
	}
	for _, c := range []byte(s) {
		switch {
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\\', c == '"' && quotes:
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendNumber writes a number as Go does, and as OpenMetrics has it with a point or an exponent.
func appendNumber(b []byte, format Format, value float64) []byte {
	if value == 0 {
		value = 0 // and not its negative
	}
	begin := len(b)
	b = strconv.AppendFloat(b, value, 'g', -1, 64)
	if format == OpenMetrics && !bytes.ContainsAny(b[begin:], ".eIN") {
		b = append(b, '.', '0')
	}
	return b
}

// Gatherer gives the same metrics to whom other formats are for. Age is how old the result is; nil leaves
// probe_result_age_seconds out, as for a module without min_interval.
func Gatherer(r *result.Result, age *time.Duration) prometheus.Gatherer {
	return (*Values)(nil).Gatherer(r, age)
}

// Gatherer is the package's Gatherer, and bounds what the target makes of series over time.
func (v *Values) Gatherer(r *result.Result, age *time.Duration) prometheus.Gatherer {
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		s := gather(v, r, age)
		defer s.free()
		all := make([]*dto.MetricFamily, 0, len(s.families))
		for _, f := range s.families {
			all = append(all, s.message(f))
		}
		return all, nil
	})
}

// message is a family as Prometheus's protocol has it.
func (s *series) message(f family) *dto.MetricFamily {
	m := f.metric
	message := &dto.MetricFamily{Name: &m.Name, Help: &m.Help, Type: dto.MetricType_GAUGE.Enum()}
	for one := range s.samples(f) {
		metric := &dto.Metric{Gauge: &dto.Gauge{Value: &one.value}}
		for i, text := range s.labels(f, one) {
			metric.Label = append(metric.Label, &dto.LabelPair{Name: &m.Labels[i], Value: &text})
		}
		message.Metric = append(message.Metric, metric)
	}
	return message
}
