package collector

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
)

// TestNoNewSeriesAtEachScrape: a target that says something else each time makes a bounded number of series of it, and what is
// from sets of our own is told on as it is; so is what another target says, or the same one says again.
func TestNoNewSeriesAtEachScrape(t *testing.T) {
	t.Parallel()
	var values Values
	info := &result.Metric{Name: "probe_x_info", Help: "X.", Labels: []string{"step", "subject"}, Own: []string{"step"}}
	scrape := func(target, said string) string {
		r := examples.Continue()
		r.Target = target
		r.Deciding.Origin = origin.Origin{Kind: origin.Exchange, Frontend: "EX01", Server: said}
		r.Add(info, 1, "tls", said)
		return exposition(t, values.Gatherer(r, nil))
	}
	different := map[string]bool{}
	for i := range 3 * maxShown {
		for line := range strings.Lines(scrape("a", fmt.Sprint("v", i))) {
			if strings.HasPrefix(line, "probe_x_info{") || strings.HasPrefix(line, "probe_server_info{") {
				different[line] = true
			}
		}
	}
	if len(different) > maxShown+2 {
		t.Errorf("%d different series of one target, want %d at most, and two for the others", len(different), maxShown)
	}
	if !different[`probe_x_info{step="tls",subject="other"} 1`+"\n"] {
		t.Error("what is beyond the bound is not told at all")
	}
	if got := scrape("a", "v1"); !strings.Contains(got, `subject="v1"`) {
		t.Error("what was shown before is not any more")
	}
	if got := scrape("b", "new"); !strings.Contains(got, `subject="new"`) {
		t.Error("another target pays for it")
	}
}

// TestValuesMakeRoom after a day, and do not grow with the number of targets.
func TestValuesMakeRoom(t *testing.T) {
	t.Parallel()
	var v Values
	now := time.Now()
	for i := range maxShown {
		v.admit(source{target: "a"}, fmt.Sprint(i), now)
	}
	if v.admit(source{target: "a"}, "new", now.Add(shownFor/2)) {
		t.Error("there is no bound")
	}
	if !v.admit(source{target: "a"}, "new", now.Add(shownFor)) {
		t.Error("there is no room after a day")
	}
	for target := range 3 * maxAll / fewShown {
		for i := range 2 * fewShown {
			v.admit(source{target: fmt.Sprint("t", target)}, fmt.Sprint(i), now.Add(time.Duration(target)*time.Second))
		}
	}
	if sets := v.count(); sets > 2*maxAll || sets != v.all {
		t.Errorf("%d sets are remembered, and %d counted, want %d at most", sets, v.all, 2*maxAll)
	}
}

// count is how many sets are remembered.
func (v *Values) count() (sets int) {
	for _, s := range v.of {
		sets += len(s.sets)
	}
	return sets
}

// TestValuesOfManyTargets: the bound of each target holds however many others show something new at each scrape, and one that shows
// little has room beside them.
func TestValuesOfManyTargets(t *testing.T) {
	t.Parallel()
	const targets, each, scrapes = 500, 450, 8
	var v Values
	now := time.Now()
	admitted := make([]int, targets)
	scrape := func(round int) {
		for target := range targets {
			for i := range each {
				if v.admit(source{target: fmt.Sprint(target)}, fmt.Sprint(round, " ", i), now) {
					admitted[target]++
				}
			}
		}
	}
	for round := range scrapes {
		scrape(round)
		now = now.Add(time.Hour)
	}
	for target, n := range admitted {
		if n > maxShown || n < fewShown {
			t.Errorf("target %d showed %d sets within a day, want %d to %d", target, n, fewShown, maxShown)
		}
	}
	for i := range fewShown {
		if !v.admit(source{target: "honest"}, fmt.Sprint(i), now) {
			t.Fatalf("a target that is new, and shows little, has no room for its set %d", i)
		}
	}
	if sets := v.count(); sets != v.all {
		t.Errorf("%d sets are remembered, and %d counted", sets, v.all)
	}
	now = now.Add(shownFor)
	if !v.admit(source{target: "late"}, "new", now) || len(v.of) > 1 {
		t.Errorf("after a day %d targets are remembered, that are not probed any more", len(v.of))
	}
}
