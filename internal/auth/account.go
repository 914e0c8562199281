package auth

import (
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// maxTargets bounds the suspended targets of an account. They are listed in the configuration, but a wildcard there
// leaves their number to whoever asks for probes.
const maxTargets = 1000

// account is what a Gate knows of one user name and secret. The Gate's mutex guards it.
type account struct {
	used     time.Time // the last time a logon was asked for
	accepted time.Time // the last acceptance; zero when there was none, or a refusal since

	last    time.Time // the last logon without acceptance; zero when an acceptance came since
	lastWhy string

	targets    map[string]*hold // the targets for which it is suspended
	everywhere *hold            // nil while it is not suspended everywhere

	pending map[string]int // logons without a verdict, by target
	total   int            // and in all
	changed chan struct{}  // closed at the next verdict
}

// hold is a suspension.
type hold struct {
	since, due time.Time
	why        string // "mail.contoso.com refused it"
	trying     bool   // the one try is out
	counts     bool   // no acceptance came since, so that a second target's refusal suspends everywhere
}

// holds gives the suspensions that stand in the way of a logon at the target.
func (a *account) holds(target string) (holds []*hold) {
	if a.everywhere != nil {
		holds = append(holds, a.everywhere)
	}
	if h := a.targets[target]; h != nil {
		holds = append(holds, h)
	}
	return holds
}

func (a *account) proven(now time.Time) bool {
	return !a.accepted.IsZero() && now.Sub(a.accepted) < RetryAfter
}

// full tells whether a logon at the target has to wait for others.
func (a *account) full(target string, proven bool) bool {
	if proven {
		return a.pending[target] > 0 || a.total >= maxAtOnce
	}
	return a.total > 0
}

func (a *account) release(target string) {
	a.total--
	if a.pending[target]--; a.pending[target] == 0 {
		delete(a.pending, target)
	}
}

func (a *account) accept(now time.Time, target string) {
	a.accepted, a.last = now, time.Time{}
	a.everywhere = nil
	delete(a.targets, target)
	for _, h := range a.targets {
		h.counts = false
	}
}

func (a *account) refuse(now time.Time, target string, everywhere bool) {
	why := target + " refused it"
	if everywhere {
		why = "it was refused, for every target, when " + target + " was probed"
	}
	other := ""
	for name, h := range a.targets {
		if name != target && h.counts {
			other = h.why
		}
	}
	a.accepted = time.Time{}
	a.suspend(now, target, why)
	switch {
	case everywhere:
		a.suspendEverywhere(now, "", why)
	case other != "":
		a.suspendEverywhere(now, other, why)
	default:
		a.strike(now, why)
	}
	a.last, a.lastWhy = now, why
}

// unanswered counts a logon that may have been a refusal.
func (a *account) unanswered(now time.Time, target string) {
	why := target + " was sent it and gave no verdict"
	if h := a.targets[target]; h != nil { // the one try of a suspended target is spent
		h.due = now.Add(RetryAfter)
	}
	a.strike(now, why)
	a.last, a.lastWhy = now, why
}

// strike suspends the account everywhere when this is the second logon without acceptance within RetryAfter, or the one
// try of such a suspension.
func (a *account) strike(now time.Time, why string) {
	if a.everywhere != nil || !a.last.IsZero() && now.Sub(a.last) < RetryAfter {
		a.suspendEverywhere(now, a.lastWhy, why)
	}
}

func (a *account) suspend(now time.Time, target, why string) {
	h := a.targets[target]
	if h == nil {
		if len(a.targets) >= maxTargets {
			a.suspendEverywhere(now, "too many targets refused it", why)
			return
		}
		h = &hold{since: now}
		a.targets[target] = h
	}
	h.due, h.why, h.counts = now.Add(RetryAfter), why, true
}

func (a *account) suspendEverywhere(now time.Time, before, why string) {
	if before != "" && before != why {
		why = before + " and " + why
	}
	if a.everywhere == nil {
		a.everywhere = &hold{since: now, why: why}
	}
	a.everywhere.due = now.Add(RetryAfter)
}

// forget ends the suspensions whose try has been due for RetryAfter and that nobody tried to end: their targets are no
// longer probed. A new logon at one of them is then as rare as the one try would have been.
func (a *account) forget(now time.Time) {
	if a.everywhere != nil && a.everywhere.stale(now) {
		a.everywhere = nil
	}
	for target, h := range a.targets {
		if h.stale(now) {
			delete(a.targets, target)
		}
	}
}

func (h *hold) stale(now time.Time) bool {
	return !h.trying && now.Sub(h.due) >= RetryAfter
}

// failure says that nothing was sent, why, and what ends it.
func (h *hold) failure(auth, target string) *failure.Failure {
	const layout = "2006-01-02 15:04:05 UTC"
	next := "one try is due at " + h.due.UTC().Format(layout)
	if h.trying {
		next = "one try is under way"
	}
	return failure.New(failure.Auth, Suspended,
		"the auth %s is suspended since %s, because %s; nothing was sent to %s, so that the account is not locked out. Correct its user name or secret, which ends this at once; otherwise %s",
		auth, h.since.UTC().Format(layout), h.why, target, next)
}
