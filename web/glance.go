package web

import (
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// The bounds of what is remembered beside results of one pair.
const (
	maxSeen         = 32 // servers
	maxCertificates = 8
	maxServerName   = 64 // bytes of what a server calls itself
)

// Seen is a server of Exchange that named itself in an answer.
type Seen struct {
	Name string    `json:"name"`
	Back bool      `json:"back,omitempty"` // as back end; else as front end
	At   time.Time `json:"at"`             // last
}

// Shown is a certificate that a probe was shown, or read of.
type Shown struct {
	Subject string    `json:"subject,omitempty"` // empty where its thumbprint is all that is known
	SHA1    string    `json:"sha1"`
	Ends    time.Time `json:"ends"`
	Refused bool      `json:"refused,omitempty"` // it was not verified
}

// look notes who answered, and which certificates there were.
func (h *history) look(r *result.Result) {
	for _, c := range r.Conversations {
		h.see(c.Origin.Frontend, false, r.Start)
		h.see(c.Origin.Backend, true, r.Start)
	}
	if all := certificatesOf(r); len(all) > 0 || r.Success() {
		h.shown = all // a probe that reached nobody knows of no other certificate
	}
}

func (h *history) see(name string, back bool, at time.Time) {
	if name == "" {
		return
	}
	name = plain.Text(name, maxServerName)
	if i := slices.IndexFunc(h.seen, func(s Seen) bool { return s.Back == back && strings.EqualFold(s.Name, name) }); i >= 0 {
		h.seen[i].At = at
		return
	}
	if len(h.seen) >= maxSeen {
		oldest := slices.Index(h.seen, slices.MinFunc(h.seen, func(a, b Seen) int { return a.At.Compare(b.At) }))
		h.seen = slices.Delete(h.seen, oldest, oldest+1)
	}
	h.seen = append(h.seen, Seen{name, back, at})
}

// certificatesOf are the certificates of a result, each once: those of its connections, and those of which a metric tells by
// their thumbprint when they end.
func certificatesOf(r *result.Result) []Shown {
	var all []Shown
	add := func(s Shown) {
		if s.SHA1 != "" && len(all) < maxCertificates && !slices.ContainsFunc(all, func(o Shown) bool { return o.SHA1 == s.SHA1 }) {
			all = append(all, s)
		}
	}
	for _, c := range r.Connections {
		if c.Secure != nil && len(c.Secure.Chain) > 0 {
			leaf := c.Secure.Chain[0]
			add(Shown{Subject: plain.Text(leaf.Subject, 128), SHA1: leaf.SHA1, Ends: leaf.NotAfter, Refused: !c.Secure.Verified})
		}
	}
	for _, s := range r.Samples {
		if i := slices.Index(labelsOfSample(s), "thumbprint"); i >= 0 && strings.HasSuffix(s.Name, "_not_after_timestamp_seconds") {
			add(Shown{SHA1: plain.Text(s.Labels[i], maxServerName), Ends: time.Unix(int64(s.Value), 0)})
		}
	}
	return all
}

func labelsOfSample(s result.Sample) []string {
	if s.Metric == nil {
		return nil
	}
	return s.Metric.Labels
}

// place tells cells apart, and what is remembered of them.
type place struct{ module, target, hostname, mailbox string }

func placeOf(c config.Cell) place {
	return place{c.Module.Name, c.Target, c.Hostname, c.Mailbox}
}

// Glance is what a cell shows of what is remembered.
type Glance struct {
	*result.Result // the newest: whole where it is kept, else as a list shows it
	State          report.State
	Since          time.Time
	Kept           bool // the whole result is there
	Before         bool // it was before the exporter was restarted
	Probes         int  // that are remembered
	Seen           []Seen
	Shown          []Shown
}

// Wrong says what is wrong in a sentence, "" for nothing.
func (g *Glance) Wrong() string { return Series{Result: g.Result}.Wrong() }

// Acts says who acts, "" for nobody.
func (g *Glance) Acts() string { return Series{Result: g.Result}.Acts() }

// glances gives what is remembered of places, whichever auth was used; of several the newest.
func (m *Recent) glances() map[place]*Glance {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := make(map[place]*Glance, len(m.pairs))
	for p, h := range m.pairs {
		at := place{p.module, p.target, h.asked, p.mailbox}
		if other := all[at]; other != nil && other.Start.After(h.newest.Start) {
			continue
		}
		last := h.moments[len(h.moments)-1]
		g := &Glance{Result: h.newest, State: last.State, Since: h.since, Before: last.Before, Probes: len(h.moments), Seen: slices.Clone(h.seen), Shown: h.shown}
		if whole := m.get(h.newest.ID); whole != nil {
			g.Result, g.Kept = whole, true
		}
		all[at] = g
	}
	return all
}
