package web

import (
	"container/list"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// The bounds of what is remembered. A target may fill response heads with kilobytes each, so bytes are counted too.
const (
	maxRecent      = 2000     // whole results
	maxRecentBytes = 32 << 20 // about, of whole results
	maxPairs       = 10_000   // of target and module
	maxPairBytes   = 64 << 20 // about, of what is remembered of pairs beside whole results
	maxMoments     = 30       // of one pair: how each probe ended
	maxGood        = 3        // whole results of one pair that succeeded
	maxBad         = 20       // whole results of one pair that did not, or with a warning
	maxListed      = 20       // findings of one pair's newest result
)

// Recent remembers how the probes of each target and module ended, and the newest of their results, for the pages.
// Failures are kept longer than successes: they are what people come to look for, hours later. It is safe for
// concurrent use, and ready as it is.
type Recent struct {
	mu    sync.RWMutex
	pairs map[pair]*history
	order list.List // of pair, the one that was not probed for longest first
	byID  map[string]*list.Element
	good  list.List // of *remembered, oldest first
	bad   list.List
	bytes int

	pairBytes int
}

// pair tells what is probed and how.
type pair struct{ module, target, name, auth, mailbox string }

func pairOf(r *result.Result) pair { return pair{r.Module, r.Target, r.Name, r.Auth, r.Mailbox} }

// remembered is one whole result.
type remembered struct {
	result *result.Result
	of     *history
	bytes  int
	before bool // it was probed by an earlier process
}

// history is what is remembered of one pair.
type history struct {
	newest  *result.Result // without what makes results large
	moments []Moment       // oldest first
	since   time.Time      // since when the state is that of the newest
	asked   string         // the name that is asked for, "" where the target says it
	seen    []Seen         // servers that named themselves
	shown   []Shown        // certificates that the newest saw
	bytes   int            // about, of all that
	place   *list.Element  // in the order of pairs
	good    []*list.Element
	bad     []*list.Element
}

// Moment is how one probe ended.
type Moment struct {
	ID       string       `json:"id"`
	State    report.State `json:"state"`
	At       time.Time    `json:"at"`
	Duration float64      `json:"duration"` // seconds
	Kept     bool         `json:"-"`        // the whole result is still there
	Before   bool         `json:"-"`        // it was before the exporter was restarted
}

// Series is the state over time of one target and module.
type Series struct {
	*result.Result // the newest: how it ended and what was found, without steps and exchanges
	State          report.State
	Since          time.Time // since when it has been in this state, as far as is remembered
	Moments        []Moment  // oldest first
	Before         bool      // the newest was before the exporter was restarted
}

// Add remembers r, which must not change any more. A result that is remembered already changes nothing.
func (m *Recent) Add(r *result.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prepare()
	if m.byID[r.ID] != nil {
		return
	}
	of := pairOf(r)
	h := m.pairs[of]
	if h == nil {
		m.makeRoom()
		h = &history{}
		m.enter(of, h)
	}
	m.order.MoveToBack(h.place)
	state := report.StateOf(r)
	if last := len(h.moments) - 1; last < 0 || h.moments[last].State != state {
		h.since = r.Start
	}
	h.newest, h.asked = summary(r), hostname(r)
	h.look(r)
	m.pairBytes -= h.bytes // it is counted again below
	h.moments = append(h.moments, Moment{ID: r.ID, State: state, At: r.Start, Duration: float64(r.Duration)})
	h.moments = h.moments[max(0, len(h.moments)-maxMoments):]
	h.bytes = h.size()
	m.pairBytes += h.bytes
	m.keep(&remembered{result: r, of: h, bytes: r.Size()}, state)
	for len(m.pairs) > 1 && m.pairBytes > maxPairBytes {
		m.dropOldest()
	}
}

func (m *Recent) prepare() {
	if m.byID == nil {
		m.byID, m.pairs = map[string]*list.Element{}, map[pair]*history{}
	}
}

// enter takes a pair in, as the one that was probed last.
func (m *Recent) enter(of pair, h *history) {
	m.pairs[of], h.place = h, m.order.PushBack(of)
}

// summary is what a list shows of r.
func summary(r *result.Result) *result.Result {
	var asked *result.Verdict
	if v := r.Verdict; v != nil {
		asked = &result.Verdict{Fault: v.Fault, Also: v.Also}
	}
	return &result.Result{
		ID: r.ID, Module: r.Module, Prober: r.Prober, Target: r.Target, Name: r.Name, Auth: r.Auth, Mailbox: r.Mailbox,
		Start: r.Start, Duration: r.Duration, Failure: r.Failure, Undecided: r.Undecided, Verdict: asked, Findings: r.Findings[:min(len(r.Findings), maxListed)],
	}
}

// keep remembers the whole result, at the cost of older ones.
func (m *Recent) keep(e *remembered, state report.State) {
	m.bytes += e.bytes
	all, own, most := &m.good, &e.of.good, maxGood
	if state != report.Succeeded && state != report.Undecided {
		all, own, most = &m.bad, &e.of.bad, maxBad
	}
	id := e.result.ID
	m.byID[id] = all.PushBack(e)
	*own = append(*own, m.byID[id])
	if len(*own) > most {
		m.forget((*own)[0])
	}
	for len(m.byID) > 1 && (len(m.byID) > maxRecent || m.bytes > maxRecentBytes) {
		oldest := m.good.Front()
		if oldest == nil || m.good.Len() <= m.bad.Len()/4 { // some successes stay, to compare with
			oldest = m.bad.Front()
		}
		m.forget(oldest)
	}
}

// forget drops a whole result. How it ended stays.
func (m *Recent) forget(e *list.Element) {
	r := e.Value.(*remembered) //nolint:forcetypeassert // the lists hold nothing else
	m.bytes -= r.bytes
	delete(m.byID, r.result.ID)
	is := func(other *list.Element) bool { return other == e }
	r.of.good = slices.DeleteFunc(r.of.good, is)
	r.of.bad = slices.DeleteFunc(r.of.bad, is)
	m.good.Remove(e) // the list that does not hold e is left as it is
	m.bad.Remove(e)
}

// makeRoom drops the pair that was not probed for longest, when there are as many as may be.
func (m *Recent) makeRoom() {
	if len(m.pairs) >= maxPairs {
		m.dropOldest()
	}
}

// size is about how many bytes a pair takes beside its whole results. All that a target can make long is counted.
func (h *history) size() int {
	n := 1024 + 112*len(h.moments) + 112*len(h.seen) + 320*len(h.shown) + len(h.newest.Undecided)
	if f := h.newest.Failure; f != nil {
		n += len(f.Message)
	}
	for _, f := range h.newest.Findings {
		n += 128 + len(f.Sentence)
	}
	return n
}

func (m *Recent) dropOldest() {
	oldest := m.order.Remove(m.order.Front()).(pair) //nolint:forcetypeassert // the list holds nothing else
	h := m.pairs[oldest]
	for _, e := range slices.Concat(h.good, h.bad) {
		m.forget(e)
	}
	m.pairBytes -= h.bytes
	delete(m.pairs, oldest)
}

// Get gives the result of an ID, nil when it is not remembered (any more).
func (m *Recent) Get(id string) *result.Result {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.get(id)
}

func (m *Recent) get(id string) *result.Result {
	if e := m.byID[id]; e != nil {
		return e.Value.(*remembered).result //nolint:forcetypeassert // the lists hold nothing else
	}
	return nil
}

// Before tells whether the result of an ID was probed before the exporter was restarted.
func (m *Recent) Before(id string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	e := m.byID[id]
	return e != nil && e.Value.(*remembered).before //nolint:forcetypeassert // the lists hold nothing else
}

// Newest gives the newest result of a module and target, nil when none is remembered (any more). An empty name or auth
// stands for any.
func (m *Recent) Newest(module, target, name, auth string) *result.Result {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var newest *result.Result
	for p, h := range m.pairs {
		if p.module == module && p.target == target && (name == "" || p.name == name) && (auth == "" || p.auth == auth) &&
			(newest == nil || h.newest.Start.After(newest.Start)) {
			newest = h.newest
		}
	}
	if newest == nil {
		return nil
	}
	return m.get(newest.ID)
}

// List gives the state over time of each pair: what is broken first, then in the order of targets and modules, so that
// the rows stay where they are from one look to the next.
func (m *Recent) List() []Series {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := make([]Series, 0, len(m.pairs))
	for _, h := range m.pairs {
		s := Series{Result: h.newest, Moments: slices.Clone(h.moments)}
		for i := range s.Moments {
			s.Moments[i].Kept = m.byID[s.Moments[i].ID] != nil
		}
		last := len(s.Moments) - 1
		s.State, s.Before, s.Since = s.Moments[last].State, s.Moments[last].Before, h.since
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Series) int {
		if c := severity(a.State) - severity(b.State); c != 0 {
			return c
		}
		if c := strings.Compare(a.Target, b.Target); c != 0 {
			return c
		}
		return strings.Compare(a.Module+" "+a.Name+" "+a.Auth+" "+a.Mailbox, b.Module+" "+b.Name+" "+b.Auth+" "+b.Mailbox)
	})
	return all
}

// severity orders states, the worst first.
func severity(s report.State) int {
	return slices.Index([]report.State{report.Failed, report.Warned, report.Undecided, report.Succeeded}, s)
}
