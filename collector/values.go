package collector

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Other stands in a label for what a target says beyond the bounds of Values.
const Other = "other"

// The bounds of Values. Of a probe there are 500 series at most, and of a target twice as many over a day is more than any
// honest one has that changes its servers and certificates. Once all targets together have shown maxAll, each may have the few
// that an honest one needs, until there are twice as many.
const (
	maxShown  = 2 * maxSeries  // sets of values of one target
	fewShown  = 50             // of one target, where many have shown much
	shownFor  = 24 * time.Hour // after which one that was not seen again makes room
	maxAll    = 200_000        // sets of all targets
	tidyEvery = time.Minute    // at most, one target
	tidyAll   = 10 * time.Minute
)

// Values bounds how many different series a target makes over time by what it says. A series that is new at each scrape costs
// a Prometheus server memory for hours and disk for weeks, and a probe's own bound does not see that. It is safe for concurrent
// use, and ready as it is; a nil one bounds nothing.
type Values struct {
	mu   sync.Mutex
	of   map[source]*shown
	all  int // sets of all of them
	tidy time.Time
	seed maphash.Seed
}

// source is a target as it is asked.
type source struct{ module, target, name, auth, at string }

// shown is what a target has shown: sets of values, by their hash, and when last.
type shown struct {
	sets map[uint64]time.Time
	tidy time.Time
}

// shorten gives the values of a series' labels, with Other in place of what r's target says beyond the bounds.
func (v *Values) shorten(r *result.Result, m *result.Metric, labels []string, now time.Time) []string {
	if v == nil || len(labels) == 0 {
		return labels
	}
	var said []int
	for i, name := range m.Labels {
		if labels[i] != "" && !m.Owns(name) {
			said = append(said, i)
		}
	}
	if len(said) == 0 || v.admit(source{r.Module, r.Target, r.Name, r.Auth, r.At}, m.Name+"\xff"+strings.Join(labels, "\xff"), now) {
		return labels
	}
	labels = slices.Clone(labels)
	for _, i := range said {
		labels[i] = Other
	}
	return labels
}

// admit tells whether a set of values may be shown: it was before, or there is room for it. Room is made by time alone: a target
// that is forgotten for others' sake would begin anew.
func (v *Values) admit(of source, set string, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of == nil {
		v.of, v.seed = map[source]*shown{}, maphash.MakeSeed()
	}
	hash := maphash.String(v.seed, set)
	s := v.of[of]
	if s == nil {
		s = &shown{sets: map[uint64]time.Time{}}
	}
	if _, known := s.sets[hash]; !known {
		if !v.room(s, now) {
			return false
		}
		v.of[of] = s
		v.all++
	}
	s.sets[hash] = now
	return true
}

// room tells whether a target may show another set, once what is due was forgotten.
func (v *Values) room(s *shown, now time.Time) bool {
	if v.all >= maxAll && now.Sub(v.tidy) >= tidyAll {
		v.tidy = now
		for of, each := range v.of {
			if v.forget(each, now); len(each.sets) == 0 {
				delete(v.of, of)
			}
		}
	}
	if len(s.sets) >= maxShown && now.Sub(s.tidy) >= tidyEvery {
		v.forget(s, now)
	}
	switch {
	case v.all < maxAll:
		return len(s.sets) < maxShown
	case v.all < 2*maxAll:
		return len(s.sets) < fewShown
	}
	return false
}

// forget drops what was not seen for long.
func (v *Values) forget(s *shown, now time.Time) {
	s.tidy = now
	for hash, last := range s.sets {
		if now.Sub(last) >= shownFor {
			delete(s.sets, hash)
			v.all--
		}
	}
}
