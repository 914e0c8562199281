package auth

import "time"

// checkEvery is how often a check that costs failed logons may run at a target.
const checkEvery = time.Hour

// maxChecks bounds the targets whose checks are remembered.
const maxChecks = 1000

// check is when one last ran, and what it said.
type check struct {
	at   time.Time
	said string
}

// Hourly tells whether a check that costs failed logons is due with the auth at the target, and if so counts it as run.
// last is what the one within the hour noted. Like all that a Gate knows it outlives reloads.
func (g *Gate) Hourly(auth, target string) (last string, due bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, key := g.now(), [2]string{auth, target}
	if c, ok := g.checks[key]; ok && now.Sub(c.at) < checkEvery {
		return c.said, false
	}
	for k, c := range g.checks {
		if now.Sub(c.at) >= checkEvery {
			delete(g.checks, k)
		}
	}
	if len(g.checks) >= maxChecks {
		return "", false
	}
	g.checks[key] = check{at: now}
	return "", true
}

// Note keeps what a check said that Hourly let run.
func (g *Gate) Note(auth, target, said string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if c, ok := g.checks[[2]string{auth, target}]; ok {
		c.said = said
		g.checks[[2]string{auth, target}] = c
	}
}
