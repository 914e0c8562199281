package collector

import (
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// maxSeries is how many series a probe gives at most; a target must not fill a Prometheus server.
const maxSeries = 500

// series gathers the samples of one probe into families. One is made for each scrape, so it has no object of its own for each
// sample.
type series struct {
	families []family // by name, once settle was called
	all      []sample
	texts    []string // the values of the labels of all samples
	dropped  int

	bounds *Values
	of     *result.Result
	now    time.Time
}

// family is a metric and its samples.
type family struct {
	metric      *result.Metric
	first, last int // places in series.all
}

type sample struct {
	value float64
	texts int // where the values of its labels begin in series.texts
	next  int // the place of the next one of its family; the last one's is not used
}

// spare are series that served a scrape, for the next ones.
var spare = sync.Pool{New: func() any { return &series{} }}

func newSeries(bounds *Values, of *result.Result) *series {
	s := spare.Get().(*series) //nolint:forcetypeassert // it holds nothing else
	s.bounds, s.of, s.now = bounds, of, time.Now()
	return s
}

// free ends the use of s.
func (s *series) free() {
	s.empty()
	spare.Put(s)
}

// empty leaves nothing of the result in s.
func (s *series) empty() {
	clear(s.texts[:cap(s.texts)])
	*s = series{families: s.families[:0], all: s.all[:0], texts: s.texts[:0]}
}

// add makes one gauge. The values of labels come from targets, so they are cleaned here, where none gets past.
func (s *series) add(m *result.Metric, value float64, labels ...string) {
	begin := len(s.texts)
	for _, v := range s.bounds.shorten(s.of, m, labels, s.now) {
		s.texts = append(s.texts, plain.Label(v))
	}
	of := s.find(m)
	if len(s.all) >= maxSeries || of >= 0 && s.holds(s.families[of], s.texts[begin:]) {
		s.texts = s.texts[:begin]
		s.dropped++
		return
	}
	s.put(of, m, sample{value: value, texts: begin})
}

// put appends a sample of m, which has the family of that place; -1: none yet.
func (s *series) put(of int, m *result.Metric, one sample) {
	place := len(s.all)
	s.all = append(s.all, one)
	if of < 0 {
		s.families = append(s.families, family{m, place, place})
		return
	}
	f := &s.families[of]
	s.all[f.last].next, f.last = place, place
}

// find is the place of a metric's family, -1 where it has none: there are few, and most often it is the last one.
func (s *series) find(m *result.Metric) int {
	for i := range slices.Backward(s.families) {
		if s.families[i].metric.Name == m.Name {
			return i
		}
	}
	return -1
}

// holds tells whether a family has a sample with these values of labels.
func (s *series) holds(f family, texts []string) bool {
	for one := range s.samples(f) {
		if slices.Equal(s.labels(f, one), texts) {
			return true
		}
	}
	return false
}

// samples are a family's, in the order in which they were added.
func (s *series) samples(f family) iter.Seq[sample] {
	return func(yield func(sample) bool) {
		for i := f.first; yield(s.all[i]) && i != f.last; i = s.all[i].next {
		}
	}
}

// labels are the values of a sample's labels.
func (s *series) labels(f family, one sample) []string {
	return s.texts[one.texts : one.texts+len(f.metric.Labels)]
}

// settle completes the families and puts them in order, by name.
func (s *series) settle() {
	if s.dropped > 0 {
		s.put(-1, seriesDropped, sample{value: float64(s.dropped)}) // beyond the limit, or nobody would learn of it
	}
	slices.SortFunc(s.families, func(a, b family) int { return strings.Compare(a.metric.Name, b.metric.Name) })
}
