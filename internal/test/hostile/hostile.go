// Package hostile is what peers do that are broken, or mean harm, as far as several probers can meet it. What a prober alone
// can meet stands in its part of the lab, as does what it reports of the groups here that it meets. The conformance suite
// plays all of it, and docs/reliability.md is written from it.
package hostile

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// Group is a table of behaviours of one kind.
type Group struct {
	Title, Who string // whose behaviour it is
	Behaviours []Behaviour
}

// Behaviour is one row: what a peer does.
type Behaviour struct {
	Does    string
	Reports string // what most probers that meet it report, as lab.Reports reads it; empty where each says for itself
	Hangs   bool   // the time limit ends it
	Floods  bool   // it sends 100 MB, or without end

	peer peer
}

// peer starts one.
type peer func(w world) lab.Peer

// world is where a peer is started, and what it has to know of the prober.
type world struct {
	lab.TB
	good string // the body of an answer that is taken for a good one
}

// Groups are all of them, in the order of the page.
func Groups() []Group {
	return []Group{names(), connections(), handshakes(), certificates(), clients(), proxies(), heads(), bodies(), documents(), logons(), tokens(), redirects(), mail()}
}

// Cases are what a part's prober is to be probed with: the rows that it can meet, group by group, and those of its own. The
// error says what the part gets wrong.
func Cases(p lab.Part) ([]lab.Group, error) {
	var all []lab.Group
	groups := Groups()
	for _, m := range p.Meets {
		i := slices.IndexFunc(groups, func(g Group) bool { return g.Title == m.Group })
		if i < 0 {
			return nil, fmt.Errorf("lab.Part.Meets: there is no group %q of hostile peers", m.Group)
		}
		met, err := groups[i].met(p, m)
		if err != nil {
			return nil, err
		}
		all = append(all, met)
	}
	return append(all, p.Hostile...), nil
}

// met are the rows of a group as cases of a prober.
func (g Group) met(p lab.Part, m lab.Meeting) (lab.Group, error) {
	unknown := maps.Clone(m.But)
	keys := m.Keys
	if keys == nil {
		keys = p.Least
	}
	met := lab.Group{Title: g.Title, Who: g.Who}
	for _, b := range g.Behaviours {
		delete(unknown, b.Does)
		if want := b.reported(m); want != "" {
			met.Cases = append(met.Cases, lab.Case{
				Name: b.Does, Want: lab.Reports(want), Hangs: b.Hangs, Floods: b.Floods,
				Start: func(t lab.TB) lab.Peer { return b.start(t, p.Good, keys) },
			})
		}
	}
	for _, does := range slices.Sorted(maps.Keys(unknown)) {
		return met, fmt.Errorf("lab.Part.Meets: no peer of the group %q %s", g.Title, does)
	}
	return met, nil
}

// reported is what a prober reports of a behaviour; empty where it cannot meet it.
func (b Behaviour) reported(m lab.Meeting) string {
	if but, otherwise := m.But[b.Does]; otherwise {
		return but
	}
	if m.Usual != "" {
		return m.Usual
	}
	return b.Reports
}

func (b Behaviour) start(t lab.TB, good string, keys []string) lab.Peer {
	p := b.peer(world{t, cmp.Or(good, "anything")})
	_, port, _ := net.SplitHostPort(p.Target)
	for _, line := range keys {
		p.Keys = append(p.Keys, strings.ReplaceAll(line, "PORT", port))
	}
	return p
}

// raw is a peer that plays a script on TCP.
func raw(steps ...lab.Step) peer {
	return func(w world) lab.Peer { return script.Plain(w, steps...) }
}

// https is a peer that plays a script within TLS.
func https(steps ...lab.Step) peer {
	return func(w world) lab.Peer { return script.HTTPS(w, steps...) }
}

// suited answers with what the client takes for a good document, after something has been done to it.
func suited(change func(document string) string, then ...lab.Step) peer {
	return func(w world) lab.Peer {
		return script.HTTPS(w, script.Request(append([]lab.Step{lab.Write(change(w.good))}, then...)...))
	}
}

// healthy answers well.
func healthy(w world) lab.Step { return script.Answers(script.Sized(w.good)) }

// good is a peer without fault.
func good(w world) lab.Peer { return script.HTTPS(w, healthy(w)) }
