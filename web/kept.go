package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/storage"
)

// Kept lets what Recent remembers outlive the process. A result was redacted before anybody got it, so no secret is in it.
type Kept struct {
	recent  *Recent
	archive *storage.Archive

	mu      sync.Mutex
	results map[string]storage.Line // by ID, as they were packed; of what cannot be packed, nothing
	pairs   map[pair]packedPair
}

type packedPair struct {
	newest string // ID of the result that was the newest then
	line   storage.Line
}

// keptLine is a line of the archive: either is there.
type keptLine struct {
	Pair   *keptPair    `json:"pair,omitempty"`
	Result *result.Kept `json:"kept,omitempty"`
}

type keptPair struct {
	Newest  *result.Result `json:"newest"`
	Moments []Moment       `json:"moments"`
	Since   time.Time      `json:"since"`
	Seen    []Seen         `json:"seen,omitempty"`
	Shown   []Shown        `json:"shown,omitempty"`
}

// Keep makes Recent's memory that of the archive: it takes what an earlier process saved there, if anything. Call it before the
// first probe.
func Keep(recent *Recent, archive *storage.Archive, probers []prober.Definition) *Kept {
	k := &Kept{recent: recent, archive: archive}
	metrics := map[string]*result.Metric{}
	for _, d := range probers {
		for _, m := range d.Metrics {
			metrics[m.Name] = m
		}
	}
	var pairs []*keptPair
	var results []*result.Result
	take := func(text []byte) error {
		var line keptLine
		if err := json.Unmarshal(text, &line); err != nil {
			return err
		}
		if line.Pair != nil {
			pairs = append(pairs, line.Pair)
			return line.Pair.check()
		}
		if line.Result != nil {
			if r := line.Result.Restore(metrics); r != nil {
				results = append(results, r)
			}
		}
		return nil
	}
	if archive.Load(take) {
		slices.Reverse(results) // they were written newest first
		recent.restore(pairs, results)
	}
	return k
}

func (p *keptPair) check() error {
	if p.Newest == nil || len(p.Moments) == 0 {
		return errors.New("what was probed without a result")
	}
	for _, m := range p.Moments {
		if severity(m.State) < 0 {
			return fmt.Errorf("%.20q is no state of a probe", m.State)
		}
	}
	return nil
}

// restore takes what an earlier process remembered.
func (m *Recent) restore(pairs []*keptPair, results []*result.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prepare()
	pairs = pairs[:min(len(pairs), maxPairs)]
	slices.SortStableFunc(pairs, func(a, b *keptPair) int { return a.Newest.Start.Compare(b.Newest.Start) })
	for _, p := range pairs {
		if m.pairs[pairOf(p.Newest)] != nil { // the file is not as it was written
			continue
		}
		moments := p.Moments[max(0, len(p.Moments)-maxMoments):]
		for i := range moments {
			moments[i].Before = true
		}
		h := &history{
			newest: p.Newest, moments: moments, since: p.Since, asked: hostname(p.Newest),
			seen: p.Seen[:min(len(p.Seen), maxSeen)], shown: p.Shown[:min(len(p.Shown), maxCertificates)],
		}
		h.bytes = h.size()
		m.pairBytes += h.bytes
		m.enter(pairOf(p.Newest), h)
	}
	for _, r := range results {
		if h := m.pairs[pairOf(r)]; h != nil && m.byID[r.ID] == nil {
			m.keep(&remembered{result: r, of: h, bytes: r.Size(), before: true}, report.StateOf(r))
		}
	}
}

// Save writes what is new. What stays as it was is not packed again.
func (k *Kept) Save() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	pairs, results := k.recent.snapshot()
	lines := make([]storage.Line, 0, len(pairs)+len(results))
	packedPairs, packedResults := make(map[pair]packedPair, len(pairs)), make(map[string]storage.Line, len(results))
	changed := len(pairs) != len(k.pairs) || len(results) != len(k.results)
	for _, p := range pairs {
		of := pairOf(p.Newest)
		packed := k.pairs[of]
		if packed.newest != p.Newest.ID {
			packed, changed = packedPair{p.Newest.ID, pack(keptLine{Pair: p})}, true
		}
		packedPairs[of] = packed
		lines = append(lines, packed.line)
	}
	for _, r := range results {
		line, is := k.results[r.ID]
		if !is {
			kept := r.Keep()
			line, changed = pack(keptLine{Result: &kept}), true
		}
		packedResults[r.ID] = line
		lines = append(lines, line)
	}
	if !changed {
		return nil
	}
	k.pairs, k.results = packedPairs, packedResults
	err := k.archive.Save(slices.DeleteFunc(lines, func(l storage.Line) bool { return l == nil }))
	if err != nil {
		k.pairs = nil // so that it is tried again, also where nothing is new
	}
	return err
}

// pack is the line of v; nil where it cannot be kept, which costs one report and nothing else.
func pack(v any) storage.Line {
	line, err := storage.Pack(v)
	if err != nil {
		return nil
	}
	return line
}

// snapshot is what is remembered: of each pair how it went, and all whole results, those first that are the newest of their
// pair, then the newest of all.
func (m *Recent) snapshot() ([]*keptPair, []*result.Result) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	pairs := make([]*keptPair, 0, len(m.pairs))
	rank := map[string]int{}
	for _, h := range m.pairs {
		pairs = append(pairs, &keptPair{h.newest, slices.Clone(h.moments), h.since, slices.Clone(h.seen), h.shown})
		rank[h.newest.ID] = -1
	}
	results := make([]*result.Result, 0, len(m.byID))
	for id := range maps.Keys(m.byID) {
		results = append(results, m.get(id))
	}
	slices.SortFunc(results, func(a, b *result.Result) int {
		return cmp.Or(cmp.Compare(rank[a.ID], rank[b.ID]), b.Start.Compare(a.Start), cmp.Compare(a.ID, b.ID))
	})
	return pairs, results
}
