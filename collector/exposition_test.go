package collector

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
)

// encoded is what package expfmt writes of a result.
func encoded(t testing.TB, format expfmt.Format, r *result.Result, age *time.Duration) string {
	t.Helper()
	families, err := Gatherer(r, age).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	encoder := expfmt.NewEncoder(&b, format)
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := encoder.(expfmt.Closer).Close(); err != nil { //nolint:forcetypeassert // documented
		t.Fatal(err)
	}
	return b.String()
}

// sameText holds what is written here against what package expfmt writes.
func sameText(t testing.TB, r *result.Result, age *time.Duration) {
	t.Helper()
	for _, test := range []struct {
		own   Format
		other expfmt.Format
	}{{Text, expfmt.NewFormat(expfmt.TypeTextPlain)}, {OpenMetrics, expfmt.NewFormat(expfmt.TypeOpenMetrics)}} {
		got := string((*Values)(nil).Append([]byte("before\n"), test.own, r, age))
		if diff := cmp.Diff("before\n"+encoded(t, test.other, r, age), got); diff != "" {
			t.Errorf("%s (-expfmt +own):\n%s", test.other, diff)
		}
	}
}

// TestTextIsThatOfOthers: whoever reads expositions reads ours, byte for byte as Prometheus's own library writes them.
func TestTextIsThatOfOthers(t *testing.T) {
	t.Parallel()
	odd := examples.Continue()
	m := &result.Metric{Name: "probe_odd", Help: `Says "no" \ or` + "\nyes.", Labels: []string{"one", "two"}}
	for i, value := range []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1e21, 1e-9, 123456789, math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64} {
		odd.Add(m, value, strings.Repeat("x", i), "a\\b\"c\nd\xff\u202e{é}")
	}
	odd.Add(m, 2, "x", "same once it is cleaned\x00")
	odd.Add(m, 3, "x", "same once it is cleaned\x01")
	age := 90 * time.Second
	for name, r := range map[string]*result.Result{
		"continue": examples.Continue(), "kemp": examples.Kemp(), "unresolved": examples.Unresolved(), "refused": examples.Refused(), "odd": odd,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sameText(t, r, nil)
			sameText(t, r, &age)
		})
	}
}

// TestSeriesAreForgotten: what serves one scrape after another shows nothing of the one before, and holds nothing of it.
func TestSeriesAreForgotten(t *testing.T) {
	t.Parallel()
	many := examples.Kemp()
	m := &result.Metric{Name: "probe_url_info", Help: "Each URL returned.", Labels: []string{"url"}}
	for i := range 2 * maxSeries {
		many.Add(m, 1, strings.Repeat("x", i%100)+time.Duration(i).String())
	}
	s := gather(nil, many, nil)
	s.empty()
	for _, text := range s.texts[:cap(s.texts)] {
		if text != "" {
			t.Fatalf("%q is held on to", text)
		}
	}
	sameText(t, examples.Unresolved(), nil)
	sameText(t, many, nil)
}

// BenchmarkAppend is what a scrape costs on top of its probe.
func BenchmarkAppend(b *testing.B) {
	r := examples.Kemp()
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		text = (*Values)(nil).Append(text[:0], OpenMetrics, r, nil)
	}
}
