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
// host is what was dialled: several answer under one name. last is what the one within the hour noted. While the account
// is suspended at the target the check is not due, because it takes more than the one try, and last is what was noted
// last, however long ago. Like all that a Gate knows it outlives reloads.
func (g *Gate) Hourly(who Subject, target, host string) (last string, due bool) {
	g.mu.Lock()
	defer g.unlock()
	now, key := g.now(), [3]string{who.Auth, target, host}
	c, ok := g.checks[key]
	_, s := g.find(now, who)
	if ok && now.Sub(c.at) < checkEvery || len(s.holds(now, target)) > 0 {
		return c.said, false
	}
	if !ok && !g.roomForCheck(now) {
		return "", false
	}
	g.checks[key] = check{at: now}
	return "", true
}

// roomForCheck tells whether another check can be remembered, and where need be forgets those that are due again.
func (g *Gate) roomForCheck(now time.Time) bool {
	if len(g.checks) >= maxChecks {
		for k, c := range g.checks {
			if now.Sub(c.at) >= checkEvery {
				delete(g.checks, k)
			}
		}
	}
	return len(g.checks) < maxChecks
}

// Note keeps what a check said that Hourly let run.
func (g *Gate) Note(auth, target, host, said string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := [3]string{auth, target, host}
	if c, ok := g.checks[key]; ok {
		c.said = said
		g.checks[key] = c
	}
}

// Unrun takes back that a check ran: it sent no logon, so it cost nothing and may run again at once.
func (g *Gate) Unrun(auth, target, host string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.checks, [3]string{auth, target, host})
}
