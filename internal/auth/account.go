package auth

import (
	"fmt"
	"slices"
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
	lastWhy verdict

	targets    map[string]*hold // the targets for which it is suspended
	everywhere *hold            // nil while it is not suspended everywhere

	pending map[string]int // logons without a verdict, by target
	total   int            // and in all
	changed chan struct{}  // closed at the next verdict
}

// verdict is what a target said to a logon that it did not accept.
type verdict struct {
	target string
	what   string // "refused it"
}

func (v verdict) String() string { return v.target + " " + v.what }

// hold is a suspension.
type hold struct {
	since, due time.Time
	why        string // "mail.contoso.com refused it"
	trying     bool   // the one try is out
	counts     bool   // no acceptance came since, so that a second target's refusal suspends everywhere

	first verdict          // of a target's suspension
	by    []string         // the targets that led to a suspension everywhere; empty where one verdict held everywhere
	found map[string]Cause // what explains a target's refusals, by the host that was dialled
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
	why := verdict{target, "refused it"}
	if everywhere {
		why.what = "was probed, and a verdict came that holds for every target"
	}
	var other verdict
	for name, h := range a.targets {
		if name != target && h.counts {
			other = h.first
		}
	}
	a.accepted = time.Time{}
	a.suspend(now, why)
	switch {
	case everywhere: // by who knows the secret: what was found does not explain that
		a.suspendEverywhere(now, why)
		a.everywhere.by = nil
	case other.target != "":
		a.suspendEverywhere(now, other, why)
	default:
		a.strike(now, why)
	}
	a.last, a.lastWhy = now, why
}

// unanswered counts a logon that may have been a refusal.
func (a *account) unanswered(now time.Time, why verdict) {
	if h := a.targets[why.target]; h != nil { // the one try of a suspended target is spent
		h.due = now.Add(RetryAfter)
	}
	a.strike(now, why)
	a.last, a.lastWhy = now, why
}

// strike suspends the account everywhere when this is the second logon without acceptance within RetryAfter, or the one
// try of such a suspension.
func (a *account) strike(now time.Time, why verdict) {
	if a.everywhere != nil || !a.last.IsZero() && now.Sub(a.last) < RetryAfter {
		a.suspendEverywhere(now, a.lastWhy, why)
	}
}

func (a *account) suspend(now time.Time, why verdict) {
	h := a.targets[why.target]
	if h == nil {
		if len(a.targets) >= maxTargets {
			a.suspendEverywhere(now, verdict{"too many targets", "refused it"}, why)
			return
		}
		h = &hold{since: now}
		a.targets[why.target] = h
	}
	h.due, h.why, h.first, h.counts = now.Add(RetryAfter), why.String(), why, true
}

// suspendEverywhere suspends the account for every target, for one verdict that holds everywhere or for two logons.
func (a *account) suspendEverywhere(now time.Time, verdicts ...verdict) {
	if a.everywhere == nil {
		a.everywhere = &hold{since: now, why: together(verdicts)}
		for _, v := range verdicts {
			if len(verdicts) > 1 {
				a.everywhere.by = append(a.everywhere.by, v.target)
			}
		}
	}
	a.everywhere.due = now.Add(RetryAfter)
}

// together tells what led to a suspension everywhere. A target that stands for both logons is named once.
func together(verdicts []verdict) string {
	first := verdicts[0]
	if len(verdicts) == 1 {
		return first.String()
	}
	second := verdicts[1].String()
	if verdicts[1].target == first.target {
		second = "then " + verdicts[1].what
	}
	return fmt.Sprintf("%s and %s, which makes two logons without acceptance", first, second)
}

// explained tells whether a probe found, for every target that refused, what makes it refuse a right secret too.
func (a *account) explained() bool {
	for _, h := range a.targets {
		if len(h.found) == 0 {
			return false
		}
	}
	if a.everywhere == nil {
		return len(a.targets) > 0
	}
	return len(a.everywhere.by) > 0 && !slices.ContainsFunc(a.everywhere.by, func(target string) bool { return a.targets[target] == nil })
}

// forget ends the suspensions whose try has been due for RetryAfter and that nobody tried to end: their targets are no
// longer probed. A new logon at one of them is then as rare as the one try would have been. While the account is
// suspended everywhere, the one try goes to some other target, and what a target said is kept.
func (a *account) forget(now time.Time) {
	if a.everywhere != nil && a.everywhere.stale(now) {
		a.everywhere = nil
	}
	for target, h := range a.targets {
		if a.everywhere == nil && h.stale(now) {
			delete(a.targets, target)
		}
	}
}

func (h *hold) stale(now time.Time) bool {
	return !h.trying && now.Sub(h.due) >= RetryAfter
}

// cause is one of those that explain the suspension; zero where nothing does.
func (a *account) cause(h *hold) (cause Cause) {
	for _, cause = range h.found {
		return cause
	}
	if h == a.everywhere && a.explained() {
		for _, at := range a.targets {
			return a.cause(at)
		}
	}
	return Cause{}
}

// failure says that nothing was sent, why, and what ends it.
func (a *account) failure(h *hold, auth, target string) *failure.Failure {
	const layout = "2006-01-02 15:04:05 UTC"
	next := "one try is due at " + h.due.UTC().Format(layout)
	if h.trying {
		next = "one try is under way"
	}
	advice := "Correct its user name or secret, which ends this at once; otherwise " + next
	if cause := a.cause(h); cause != (Cause{}) {
		advice = fmt.Sprintf("An earlier probe found %s, for which a right secret is refused too: mend that first, see its page; %s", cause.Code, next)
	}
	return failure.New(failure.Auth, Suspended,
		"the auth %s is suspended since %s, because %s; nothing was sent to %s, so that the account is not locked out. %s",
		auth, h.since.UTC().Format(layout), h.why, target, advice)
}
