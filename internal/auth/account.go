package auth

import (
	"slices"
	"time"
)

// account is what a Gate knows of one account. The Gate's mutex guards it, and all that follows here.
type account struct {
	used  time.Time // the last time a logon was asked for
	begun int64     // logons, over all its secrets and auths

	tries     []*try               // without acceptance: those of the last RetryAfter and those that are out, the oldest first
	unproven  int                  // of them, those that are out
	standings map[string]*standing // by the secret's fingerprint
	inherited map[string]*standing // of secrets that an earlier process used, by auth; see inherit
	changed   chan struct{}        // closed at the next verdict
}

// try is a logon that may have counted as a wrong password.
type try struct {
	verdict
	at   time.Time // of the verdict; while it is out, when it began
	auth string
	of   *standing // the secret's; nil where an earlier process used it
	open bool      // it is out
}

func newAccount() *account {
	return &account{standings: map[string]*standing{}, inherited: map[string]*standing{}, changed: make(chan struct{})}
}

// full tells whether a logon has to wait for others.
func (a *account) full(s *standing, attempt *Attempt) bool {
	if attempt.calm {
		return s.pending[attempt.target] > 0 || s.probes >= maxAtOnce || s.out >= maxOut
	}
	return s.out > 0 || a.unproven > 0
}

// spent gives the last maxTries tries where there are so many that a secret which is not proven has to wait.
func (a *account) spent() []*try {
	if len(a.tries) < maxTries {
		return nil
	}
	return a.tries[len(a.tries)-maxTries:]
}

// note makes the attempt's logon one of the tries, or what is there of it complete.
func (a *account) note(now time.Time, by *Attempt, v verdict) {
	t := by.record
	if t == nil {
		t = &try{auth: by.who.Auth, of: by.standing}
	}
	a.drop(func(other *try) bool { return other == t })
	t.verdict, t.at = v, now
	a.tries = append(a.tries, t)
	if most := maxTries + maxOut + maxDoubts; len(a.tries) > most { // the newest decide
		a.tries = slices.Delete(a.tries, 0, len(a.tries)-most)
	}
}

// drop forgets tries.
func (a *account) drop(which func(*try) bool) (dropped bool) {
	before := len(a.tries)
	a.tries = slices.DeleteFunc(a.tries, which)
	return len(a.tries) < before
}

// idle tells whether no logon is out.
func (a *account) idle() bool {
	for _, s := range a.standings {
		if s.out > 0 {
			return false
		}
	}
	return true
}

// forgetSecrets drops what is known of secrets that were changed: an idle one has nothing left to remember.
func (a *account) forgetSecrets(now time.Time) {
	for fingerprint, s := range a.standings {
		if s.out == 0 && now.Sub(s.used) > 4*RetryAfter {
			delete(a.standings, fingerprint)
		}
	}
}

// inherit gives a secret that is new to this process what an earlier one knew of it: the auth used it, and it was not
// changed since.
func (a *account) inherit(who Subject) *standing {
	old := a.inherited[who.Auth]
	if old == nil {
		return newStanding()
	}
	for auth, s := range a.inherited {
		if s == old {
			delete(a.inherited, auth)
		}
	}
	if who.Changed.After(old.judged) {
		return newStanding()
	}
	for _, t := range a.tries {
		if t.of == nil && t.auth == who.Auth {
			t.of = old
		}
	}
	return old
}
