//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// sample is what the exporter tells of itself at one moment, by the names of held.
type sample map[string]float64

// held is what must not grow, and how far the median of late samples may lie above that of earlier ones. The margins
// are wide: hanging probes come and go, and the memory of past probes for the pages fills up to its bound (32 MiB).
var held = []struct {
	metric string
	times  float64
	more   float64
}{
	{"go_goroutines", 1.25, 100},
	{"process_open_fds", 1.25, 50},
	{"process_resident_memory_bytes", 1.25, 64 << 20},
	{"go_memstats_heap_alloc_bytes", 1.5, 48 << 20},
}

const (
	panics   = "ews_exporter_probe_panics_total"
	inFlight = "ews_exporter_probes_in_flight"
	probed   = "ews_exporter_probes_total"
)

// sample asks for /metrics.
func (p *program) sample(t *testing.T) sample {
	t.Helper()
	code, body := get(t, p.url+"/metrics")
	if code != http.StatusOK {
		t.Fatalf("/metrics: %d", code)
	}
	s := sample{panics: value(t, body, panics), inFlight: value(t, body, inFlight), probed: value(t, body, probed)}
	for _, h := range held {
		s[h.metric] = value(t, body, h.metric)
	}
	return s
}

// value is the sum of all series of a metric, or of one with its labels.
func value(t *testing.T, exposition, metric string) float64 {
	t.Helper()
	sum := 0.0
	for _, m := range regexp.MustCompile(`(?m)^`+regexp.QuoteMeta(metric)+`(?:\{.*\})? (\S+)$`).FindAllStringSubmatch(exposition, -1) {
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += v
	}
	return sum
}

// watch is what was sampled on the way.
type watch struct{ samples []sample }

// leastSamples are enough to tell what they tend to. On a busy machine they take longer than the test was to.
const leastSamples = 8

// watch samples for that long. A test of a minute has some sixty samples, one of half an hour two thousand.
func (p *program) watch(ctx context.Context, t *testing.T, d time.Duration) *watch {
	t.Helper()
	w := &watch{}
	every := time.Second
	if !long() {
		every = 250 * time.Millisecond
	}
	began := time.Now()
	for told := began; ; pause(ctx, every) {
		if ctx.Err() != nil || time.Since(began) > d && len(w.samples) >= leastSamples {
			return w
		}
		s := p.sample(t)
		w.samples = append(w.samples, s)
		if s[panics] > 0 || s[inFlight] > float64(2*probesAtOnce()) {
			t.Errorf("after %d samples: %v panics, %v probes in flight", len(w.samples), s[panics], s[inFlight])
			return w
		}
		if time.Since(told) > 5*time.Minute {
			told = time.Now()
			t.Logf("%s\n%s", told.Format(time.TimeOnly), w)
		}
	}
}

// medians are those of an early stretch, once everything was used, and of the end.
func (w *watch) medians(metric string) (early, late float64) {
	n := len(w.samples)
	return median(w.samples[n/4:n/2], metric), median(w.samples[3*n/4:], metric)
}

func median(samples []sample, metric string) float64 {
	if len(samples) == 0 {
		return 0
	}
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = s[metric]
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func (w *watch) check(t *testing.T) {
	t.Helper()
	if len(w.samples) < leastSamples {
		t.Fatalf("%d samples are too few to tell anything", len(w.samples))
	}
	for _, h := range held {
		early, late := w.medians(h.metric)
		if early == 0 {
			t.Logf("%s is not told on this platform", h.metric)
		}
		if late > early*h.times+h.more {
			t.Errorf("%s grew from %.0f to %.0f (medians of the second and the last quarter)", h.metric, early, late)
		}
	}
}

// String is a table of the medians.
func (w *watch) String() string {
	if len(w.samples) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| probes | %.0f |\n", w.samples[len(w.samples)-1][probed])
	for _, h := range held {
		early, late := w.medians(h.metric)
		fmt.Fprintf(&b, "| %s | %.0f | %.0f |\n", h.metric, early, late)
	}
	return b.String()
}

// settles waits until an exporter that nobody asks any more holds about what it held before the load.
func (p *program) settles(t *testing.T, idle sample) {
	t.Helper()
	http.DefaultClient.CloseIdleConnections()
	var now sample
	for range 150 {
		now = p.sample(t)
		if now["go_goroutines"] <= idle["go_goroutines"]+10 && now["process_open_fds"] <= idle["process_open_fds"]+5 && now[inFlight] == 0 {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Errorf("without a caller the exporter does not come to rest: before %v, now %v", idle, now)
}

// What an exporter at rest may hold beside what it held before: the results of past probes for the pages, which have a bound of their
// own in sum, and what else it remembers of targets.
const (
	resultsKept = 44 << 20 // 32 MiB by their own count
	resultSize  = 24 << 10 // of one of them, on average about two thirds of this
	remembered  = 12 << 20
)

// letsGo holds what an exporter that nobody asks any more has in its heap against what it had before the load. Under load a leak would
// have to be large to show.
func (p *program) letsGo(t *testing.T, before float64) {
	t.Helper()
	after, probes := p.live(t), p.sample(t)[probed]
	if most := before + min(resultsKept, probes*resultSize) + remembered; after > most {
		t.Errorf("after %.0f probes the heap at rest has grown from %.1f to %.1f MiB, want %.1f at most", probes, before/(1<<20), after/(1<<20), most/(1<<20))
	}
	t.Logf("the heap at rest: %.1f MiB before, %.1f MiB after %.0f probes", before/(1<<20), after/(1<<20), probes)
}

// live is what the exporter holds in its heap once the collector has run, twice because what ends others is let go first.
func (p *program) live(t *testing.T) float64 {
	t.Helper()
	for range 2 {
		if code, _ := get(t, p.url+"/debug/pprof/heap?gc=1"); code != http.StatusOK {
			t.Fatalf("the exporter's heap: %d", code)
		}
	}
	_, body := get(t, p.url+"/metrics")
	return value(t, body, "go_memstats_heap_alloc_bytes")
}
