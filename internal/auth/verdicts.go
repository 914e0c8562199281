package auth

import "time"

// What becomes of a logon. The Gate's mutex is held.

// accept notes an acceptance, which ends the suspension everywhere, and the one at this target.
func (g *Gate) accept(now time.Time, a *Attempt) {
	s := a.standing
	s.prove(now, a.target)
	if s.everywhere != nil {
		g.ended(a.who.Auth, "", "the secret was accepted")
		s.everywhere = nil
	}
	if s.targets[a.target] != nil {
		g.ended(a.who.Auth, a.target, "the secret was accepted")
		delete(s.targets, a.target)
	}
	if a.account.drop(func(t *try) bool { return t.of == s }) {
		g.changed = true
	}
}

// refuse notes a refusal.
func (g *Gate) refuse(now time.Time, a *Attempt, everywhere bool, meaning Meaning) {
	s, why := a.standing, verdict{a.target, "refused it", meaning}
	if everywhere {
		why.What = "was probed, and a verdict came that holds for every target"
	}
	delete(s.proofs, a.target)
	s.doubts++
	s.judged, g.changed = now, true
	a.account.note(now, a, why)
	other := s.counted(a.target)
	vouched := s.provenSomewhere(now) && !everywhere
	if !vouched {
		s.disprove()
	}
	// Told of once: a suspension everywhere is more than one of this target.
	everywhere = everywhere || !vouched && (other.Target != "" || a.struck())
	g.suspend(now, a, why, everywhere)
	switch {
	case !everywhere:
	case why.What != "refused it": // by who knows the secret: what was found does not explain that
		g.suspendEverywhere(now, s, a.who.Auth, &try{verdict: why})
		s.everywhere.by = nil
	case other.Target != "":
		g.suspendEverywhere(now, s, a.who.Auth, &try{verdict: other}, &try{verdict: why})
	default:
		g.suspendEverywhere(now, s, a.who.Auth, a.account.spent()...)
	}
}

// unanswered counts a logon that may have been a refusal, unless the secret was proven when it began.
func (g *Gate) unanswered(now time.Time, a *Attempt, why verdict) {
	s := a.standing
	if h := s.targets[a.target]; h != nil && len(a.holds) > 0 { // the one try of a suspended target is spent
		h.due, g.changed = now.Add(RetryAfter), true
	}
	if a.calm {
		return
	}
	s.judged, g.changed = now, true
	a.account.note(now, a, why)
	if a.trusted {
		if s.doubts++; s.provenSomewhere(now) {
			return
		}
		s.disprove()
	}
	if why.Meaning == Silence {
		s.rest(now, a.target)
	}
	if a.struck() {
		g.suspendEverywhere(now, s, a.who.Auth, a.account.spent()...)
	}
}

// struck tells whether this logon without acceptance was the account's last for now, or the one try of a suspension
// everywhere.
func (a *Attempt) struck() bool {
	return a.standing.everywhere != nil || len(a.account.spent()) > 0
}

// suspend suspends the secret for the attempt's target.
func (g *Gate) suspend(now time.Time, a *Attempt, why verdict, everywhere bool) {
	s := a.standing
	h := s.targets[a.target]
	if h == nil {
		if len(s.targets) >= maxTargets {
			g.suspendEverywhere(now, s, a.who.Auth, &try{verdict: verdict{"too many targets", "refused it", Secret}}, &try{verdict: why})
			return
		}
		h = &hold{since: now}
		s.targets[a.target] = h
		if !everywhere {
			g.begun(a.who.Auth, a.target, why.String(), now.Add(RetryAfter))
		}
	}
	h.due, h.why, h.first, h.meaning, h.counts = now.Add(RetryAfter), why.String(), why, why.Meaning, true
}

// suspendEverywhere suspends the secret for every target, for one verdict that holds everywhere or for two logons.
func (g *Gate) suspendEverywhere(now time.Time, s *standing, auth string, tries ...*try) {
	g.changed = true
	if s.everywhere == nil {
		s.everywhere = newHold(now, tries)
		g.begun(auth, "", s.everywhere.why, s.everywhere.due)
	}
	s.everywhere.due = now.Add(RetryAfter)
}

// newHold is a suspension for what came of these logons.
func newHold(now time.Time, tries []*try) *hold {
	var verdicts []verdict
	var by []string
	for _, t := range tries {
		verdicts = append(verdicts, t.verdict)
		if len(tries) > 1 {
			by = append(by, t.Target)
		}
	}
	return &hold{since: now, due: now.Add(RetryAfter), why: together(verdicts), meaning: meaningOf(verdicts), by: by}
}

// forget ends what time has ended.
func (g *Gate) forget(now time.Time, acc *account, s *standing, auth string) {
	if acc.drop(func(t *try) bool { return !t.open && now.Sub(t.at) >= RetryAfter }) {
		g.changed = true
	}
	if s.everywhere != nil && s.everywhere.stale(now) {
		g.ended(auth, "", "no probe asked for its try")
		s.everywhere = nil
	}
	for target, h := range s.targets {
		// While it is suspended everywhere, the one try goes to some other target, and what a target said is kept.
		if s.everywhere == nil && h.stale(now) {
			g.ended(auth, target, "no probe asked for its try")
			delete(s.targets, target)
		}
	}
}

// Suspended tells for each of these auths whether it is suspended, for some target or everywhere.
func (g *Gate) Suspended(auths []string) map[string]bool {
	return g.each(auths, (*standing).suspended)
}

// Explained tells for each of these auths that is suspended whether a probe found why its targets refuse a right secret
// too, so that it is not the secret that needs correcting.
func (g *Gate) Explained(auths []string) map[string]bool {
	return g.each(auths, (*standing).explained)
}

// each answers of the secret that each auth used last.
func (g *Gate) each(auths []string, is func(*standing) bool) map[string]bool {
	g.mu.Lock()
	defer g.unlock()
	now := g.now()
	answers := make(map[string]bool, len(auths))
	for _, auth := range auths {
		acc, s := g.last(auth)
		if s != nil {
			g.forget(now, acc, s, auth)
		}
		answers[auth] = s != nil && is(s)
	}
	return answers
}

// last is the secret that an auth used last, be it in an earlier process; nil where it used none.
func (g *Gate) last(auth string) (*account, *standing) {
	if who, ok := g.current[auth]; ok {
		acc := g.accounts[who.Account]
		if acc == nil {
			return nil, nil
		}
		return acc, acc.standings[who.Fingerprint]
	}
	for _, acc := range g.accounts {
		if s := acc.inherited[auth]; s != nil {
			return acc, s
		}
	}
	return nil, nil
}

// Logons tells for each of these auths how many logons its account has begun in this process, over all auths that share
// the account. It counts what proves the secret: neither legs before that, nor tickets and tokens that are at hand.
func (g *Gate) Logons(auths []string) map[string]int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	counts := make(map[string]int64, len(auths))
	for _, auth := range auths {
		counts[auth] = 0
		if acc, _ := g.last(auth); acc != nil {
			counts[auth] = acc.begun
		}
	}
	return counts
}
