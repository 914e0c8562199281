package auth

import "github.com/ews-exporter/ews_exporter/internal/origin"

// maxCauses bounds what is remembered for one suspended target: as many hosts as are dialled under its name.
const maxCauses = 16

// Cause is a finding that explains why a target refuses logons with a right secret too. It holds nothing that a target
// sent, for what is derived from a secret is known only to the probe that sent it.
type Cause struct {
	Code    string // of the finding
	Kind    origin.Kind
	Product string
}

// Explain keeps with the suspension at the target why the one who answers at host refuses a right secret too, so that
// the probes that the suspension holds back can go on telling. The zero Cause takes back what was kept. It changes
// nothing of when a logon is let through.
func (g *Gate) Explain(who Subject, target, host string, cause Cause) {
	g.mu.Lock()
	defer g.unlock()
	_, s := g.find(g.now(), who)
	h := s.targets[target]
	switch {
	case h == nil:
	case cause == Cause{}:
		delete(h.found, host)
	case len(h.found) < maxCauses || h.found[host] != Cause{}:
		if h.found == nil {
			h.found = map[string]Cause{}
		}
		h.found[host] = cause
	}
}

// Cause gives what Explain kept, if the account is still suspended at the target.
func (g *Gate) Cause(who Subject, target, host string) (Cause, bool) {
	g.mu.Lock()
	defer g.unlock()
	_, s := g.find(g.now(), who)
	h := s.targets[target]
	if h == nil {
		return Cause{}, false
	}
	cause, ok := h.found[host]
	return cause, ok
}
