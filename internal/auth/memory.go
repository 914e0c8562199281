package auth

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Remember gives the Gate a memory: save writes Snapshot to where it outlives the process, and returns once it is safe
// there. A logon with a secret that is not proven is saved before it is made. Call it before the Gate is used.
func (g *Gate) Remember(save func() error) { g.save = save }

// remember saves what is new.
func (g *Gate) remember() error {
	if g.save == nil {
		return nil
	}
	err := g.save()
	if err != nil {
		g.mu.Lock()
		g.changed = true // still
		g.mu.Unlock()
	}
	return err
}

// What a Gate remembers, as it is written. It names accounts, auths, targets and times. Nothing in it was made of a secret:
// not even a fingerprint, of which one could guess it.
type (
	memory struct {
		Accounts []accountMemory `json:"accounts"`
	}
	accountMemory struct {
		Account string           `json:"account"`
		Logons  []logonMemory    `json:"logons,omitempty"` // without acceptance
		Secrets []standingMemory `json:"secrets,omitempty"`
	}
	logonMemory struct {
		verdict
		At   time.Time `json:"at"`
		Auth string    `json:"auth"`
	}
	standingMemory struct {
		Auths      []string               `json:"auths"` // that used it last
		Judged     time.Time              `json:"judged"`
		Everywhere *holdMemory            `json:"everywhere,omitempty"`
		Targets    map[string]*holdMemory `json:"targets,omitempty"`
	}
	holdMemory struct {
		Since   time.Time        `json:"since"`
		Due     time.Time        `json:"due"`
		Why     string           `json:"why"`
		Meaning Meaning          `json:"meaning"`
		Counts  bool             `json:"counts,omitempty"`
		First   verdict          `json:"first"`
		By      []string         `json:"by,omitempty"`
		Found   map[string]Cause `json:"found,omitempty"`
	}
)

// Snapshot is what is to be remembered, for Restore of another process.
func (g *Gate) Snapshot() any {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changed = false
	var m memory
	for _, name := range slices.Sorted(maps.Keys(g.accounts)) {
		acc := g.accounts[name]
		kept := accountMemory{Account: name}
		for _, t := range acc.tries { // one that is out is written as what it is until it is judged: without a verdict
			kept.Logons = append(kept.Logons, logonMemory{t.verdict, t.at, t.auth})
		}
		using := g.using(name, acc)
		for _, s := range slices.SortedFunc(maps.Keys(using), func(a, b *standing) int { return a.judged.Compare(b.judged) }) {
			kept.Secrets = append(kept.Secrets, s.snapshot(using[s]))
		}
		if len(kept.Logons)+len(kept.Secrets) > 0 {
			m.Accounts = append(m.Accounts, kept)
		}
	}
	return m
}

// using gives the suspended secrets of an account, with the auths that used them last, in this process or an earlier one.
func (g *Gate) using(name string, acc *account) map[*standing][]string {
	auths := map[*standing][]string{}
	add := func(auth string, s *standing) {
		if s != nil && s.suspended() {
			auths[s] = append(auths[s], auth)
			slices.Sort(auths[s])
		}
	}
	for auth, who := range g.current {
		if who.Account == name {
			add(auth, acc.standings[who.Fingerprint])
		}
	}
	for auth, s := range acc.inherited {
		add(auth, s)
	}
	return auths
}

func (s *standing) snapshot(auths []string) standingMemory {
	m := standingMemory{Auths: auths, Judged: s.judged, Targets: map[string]*holdMemory{}}
	if s.everywhere != nil {
		m.Everywhere = s.everywhere.snapshot()
	}
	for target, h := range s.targets {
		m.Targets[target] = h.snapshot()
	}
	return m
}

func (h *hold) snapshot() *holdMemory {
	return &holdMemory{h.since, h.due, h.why, h.meaning, h.counts, h.first, h.by, maps.Clone(h.found)}
}

// Restore takes what Snapshot of an earlier process gave. Call it before the Gate is used. The error says why the text is
// none of Snapshot; the Gate has nothing of it then.
func (g *Gate) Restore(text json.RawMessage) error {
	var m memory
	if err := json.Unmarshal(text, &m); err != nil {
		return fmt.Errorf("the logons: %w", err)
	}
	g.mu.Lock()
	defer g.unlock()
	now := g.now()
	for _, kept := range m.Accounts {
		acc := newAccount()
		acc.used = now
		g.accounts[kept.Account] = acc
		for _, l := range kept.Logons {
			if at := past(now, l.At); now.Sub(at) < RetryAfter {
				acc.tries = append(acc.tries, &try{verdict: l.verdict, at: at, auth: l.Auth})
			}
		}
		for _, s := range kept.Secrets {
			acc.restore(now, s)
		}
	}
	return nil
}

func (a *account) restore(now time.Time, m standingMemory) {
	s := newStanding()
	s.used, s.judged, s.doubts = now, past(now, m.Judged), maxDoubts
	s.everywhere = m.Everywhere.restore(now)
	for target, kept := range m.Targets {
		if h := kept.restore(now); h != nil && len(s.targets) < maxTargets {
			s.targets[target] = h
		}
	}
	for _, auth := range m.Auths {
		if s.suspended() {
			a.inherited[auth] = s
		}
	}
}

// restore gives the suspension as it is now; nil where there was none, or it has ended.
func (m *holdMemory) restore(now time.Time) *hold {
	if m == nil {
		return nil
	}
	due := now.Add(min(m.Due.Sub(now), RetryAfter))
	h := &hold{since: past(now, m.Since), due: due, why: m.Why, meaning: m.Meaning, counts: m.Counts, first: m.First, by: m.By, found: m.Found}
	if h.stale(now) {
		return nil
	}
	return h
}

// past is t, or now where a clock that was set makes t lie in the future. Like now it tells how much time has passed, so
// that a clock which is set only after the start, as on machines that have none of their own, ends nothing early.
func past(now, t time.Time) time.Time {
	return now.Add(-max(0, now.Sub(t)))
}
