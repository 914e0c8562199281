package web

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
)

// later is a result of its own, at the given minute.
func later(r *result.Result, minute int) *result.Result {
	r.Start = r.Start.Add(time.Duration(minute) * time.Minute)
	r.ID = fmt.Sprintf("%s-%s-%s-%d", r.Module, r.Target, report.StateOf(r), minute)
	return r
}

// TestFailuresAreKeptLonger: at three in the morning one looks for what failed at midnight.
func TestFailuresAreKeptLonger(t *testing.T) {
	t.Parallel()
	var m Recent
	failed := later(examples.Kemp(), 0)
	m.Add(failed)
	first := later(examples.Continue(), 1)
	m.Add(first)
	for i := range 3 * maxGood {
		m.Add(later(examples.Continue(), 2+i))
	}
	if m.Get(first.ID) != nil {
		t.Error("an old success is still remembered")
	}
	if m.Get(failed.ID) != failed {
		t.Error("the failure is forgotten")
	}
	for i := range 2 * maxBad {
		m.Add(later(examples.Kemp(), 100+i))
	}
	if m.Get(failed.ID) != nil {
		t.Error("failures are remembered without end")
	}
}

func TestSeriesTellStateOverTime(t *testing.T) {
	t.Parallel()
	var m Recent
	m.Add(later(examples.Continue(), 0))
	broke := later(examples.Kemp(), 1)
	m.Add(broke)
	m.Add(broke) // a second time changes nothing
	m.Add(later(examples.Kemp(), 2))
	healthy := examples.Continue()
	healthy.Target = "a.contoso.com"
	m.Add(later(healthy, 3))
	all := m.List()
	if len(all) != 2 || all[0].Target != "mail.contoso.com" || all[1].Target != "a.contoso.com" {
		t.Fatalf("what is broken comes first, got %+v", all)
	}
	s := all[0]
	if s.State != report.Failed || !s.Since.Equal(broke.Start) || len(s.Moments) != 3 || s.Moments[0].State != report.Succeeded {
		t.Errorf("got %s since %s, %+v", s.State, s.Since, s.Moments)
	}
	for i := range 2 * maxMoments {
		m.Add(later(examples.Kemp(), 10+i))
	}
	s = m.List()[0]
	if len(s.Moments) != maxMoments || s.Moments[0].Kept || !s.Moments[maxMoments-1].Kept {
		t.Errorf("%d moments, the oldest kept: %t", len(s.Moments), s.Moments[0].Kept)
	}
}

func TestNewest(t *testing.T) {
	t.Parallel()
	var m Recent
	direct := examples.Continue()
	direct.Name = "mail.contoso.test"
	direct = later(direct, 1)
	m.Add(direct)
	m.Add(later(examples.Kemp(), 0))
	if got := m.Newest("dialogue", "mail.contoso.com", "", ""); got != direct {
		t.Errorf("any name: got %v", got)
	}
	if got := m.Newest("dialogue", "mail.contoso.com", "mail.contoso.com", ""); got == nil || got == direct {
		t.Errorf("one name: got %v", got)
	}
	if m.Newest("dialogue", "nowhere", "", "") != nil {
		t.Error("a target that was never probed has no result")
	}
}

// TestRecentIsBounded whatever a target sends, and however many targets there are.
func TestRecentIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it fills the memory of results twice")
	}
	t.Parallel()
	var m Recent
	add := func(prefix string, i int, raw string) {
		r := examples.Kemp()
		r.Target = fmt.Sprintf("%s%d", prefix, i)
		r.Deciding.Final.Raw = raw
		m.Add(later(r, i))
	}
	for i := range maxPairs + 500 {
		add("x", i, "")
	}
	if got := len(m.List()); got != maxPairs {
		t.Errorf("%d pairs are remembered, want %d", got, maxPairs)
	}
	large := strings.Repeat("h", 1<<20)
	for i := range 100 {
		add("y", i, large)
	}
	if m.bytes > maxRecentBytes || len(m.byID) == 0 || m.good.Len()+m.bad.Len() != len(m.byID) {
		t.Errorf("%d bytes in %d results are remembered, want at most %d", m.bytes, len(m.byID), maxRecentBytes)
	}
	wordy := examples.Kemp()
	wordy.Findings = []result.Finding{{Sentence: strings.Repeat("w", 40<<10)}}
	for i := range 2000 {
		r := *wordy
		r.Target, r.ID = fmt.Sprintf("w%d", i), fmt.Sprintf("w%d", i)
		r.Start = r.Start.Add(time.Duration(100_000+i) * time.Minute)
		m.Add(&r)
	}
	sizes := 0
	for _, h := range m.pairs {
		sizes += h.bytes
	}
	if sizes != m.pairBytes || sizes > maxPairBytes || len(m.pairs) < 1000 {
		t.Errorf("%d bytes are counted of %d pairs that have %d, want at most %d", m.pairBytes, len(m.pairs), sizes, maxPairBytes)
	}
	if m.Newest("dialogue", "w1999", "", "") == nil {
		t.Error("the newest is forgotten")
	}
	sum := 0
	for _, e := range m.byID {
		sum += e.Value.(*remembered).bytes
	}
	if sum != m.bytes {
		t.Errorf("%d bytes are counted, %d are there", m.bytes, sum)
	}
}

func TestRecentIsSafe(t *testing.T) {
	t.Parallel()
	var m Recent
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				m.Add(later(examples.Kemp(), 100*i+j))
				m.List()
				m.Newest("dialogue", "mail.contoso.com", "", "")
			}
		})
	}
	all.Wait()
}

// TestWhatWasNotProbedForLongestMakesRoom: of more pairs than are remembered, those go that were not probed for longest, also of
// those that an earlier process remembered.
func TestWhatWasNotProbedForLongestMakesRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("long: it fills the memory of results")
	}
	t.Parallel()
	of := func(i, minute int) *result.Result {
		r := examples.Continue()
		r.Target = fmt.Sprintf("ex%d", i)
		return later(r, minute)
	}
	dir := t.TempDir()
	recent, kept, _, end := remembering(t, dir)
	for i := range 3 {
		recent.Add(of(i, i))
	}
	if err := kept.Save(); err != nil {
		t.Fatal(err)
	}
	end()
	again, _, _, end := remembering(t, dir)
	defer end()
	again.Add(of(0, 10))
	for i := 3; i < maxPairs+2; i++ {
		again.Add(of(i, 20))
	}
	known := map[string]bool{}
	for _, s := range again.List() {
		known[s.Target] = true
	}
	if len(known) != maxPairs || !known["ex0"] || known["ex1"] || known["ex2"] || !known["ex3"] {
		t.Errorf("of %d pairs %d are known; the one probed again: %t, the others: %t, %t", maxPairs+2, len(known), known["ex0"], known["ex1"], known["ex2"])
	}
}

// BenchmarkAdd remembers probes of n pairs in turn, of which as many as may be are remembered. None may cost more for that there
// are many.
func BenchmarkAdd(b *testing.B) {
	for _, n := range []int{1000, maxPairs, 2 * maxPairs} {
		b.Run(fmt.Sprintf("pairs=%d", n), func(b *testing.B) {
			var m Recent
			at := 0
			add := func() {
				r := examples.Continue()
				r.Target = fmt.Sprintf("ex%d", at%n)
				m.Add(later(r, at))
				at++
			}
			for range n {
				add()
			}
			for b.Loop() {
				add()
			}
		})
	}
}
