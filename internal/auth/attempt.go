package auth

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Attempt is one logon that a Gate let begin. Its first verdict counts, later ones are ignored.
type Attempt struct {
	gate   *Gate
	who    Subject
	target string

	account  *account
	standing *standing
	holds    []*hold // the suspensions that this attempt tries to end
	calm     bool    // the secret was proven, and nothing spoke against it, when the attempt began
	trusted  bool    // it was proven as far as this target is concerned
	follows  bool    // it takes no place among the pending
	record   *try    // among the account's; nil when it began trusted
	judged   bool
}

// recorded sees to it that a logon which may be refused is remembered before it is made.
func (a *Attempt) recorded() (*Attempt, error) {
	if a.record == nil || a.gate.save == nil {
		return a, nil
	}
	err := a.gate.remember()
	// Without a memory a process cannot know what one before it has just sent. Whoever waits for RetryAfter need not.
	if ends := a.gate.began.Add(RetryAfter); err != nil && a.gate.now().Before(ends) {
		a.Unsent()
		return nil, failure.New(failure.Auth, NotRemembered,
			"the logon of the auth %s at %s cannot be noted for the time after a restart (%w); as long as that is so, no secret that is not proven is sent before %s, so that restarts do not lock the account",
			a.who.Auth, a.target, err, stamp(ends))
	}
	return a, nil
}

// Accepted says that the secret is right: to a complete logon came an answer that only who is logged on gets, such as a
// 2xx, or any status but 401 that is surely the server's own. An error page of a box in between is no acceptance, because
// the box may never have asked the server: that is Unknown. A false acceptance undoes what the Gate is for.
func (a *Attempt) Accepted() {
	a.settle(func(now time.Time) { a.gate.accept(now, a) })
}

// Refused says that the secret was definitely refused: a 401 to a complete logon, or, with everywhere, a verdict that
// holds for all targets, such as a KDC's.
func (a *Attempt) Refused(everywhere bool) {
	a.settle(func(now time.Time) { a.gate.refuse(now, a, everywhere, Secret) })
}

// RefusedFor is Refused at this target, where the refusal may mean something else.
func (a *Attempt) RefusedFor(meaning Meaning) {
	a.settle(func(now time.Time) { a.gate.refuse(now, a, false, meaning) })
}

// Unknown says that the logon was sent, at least in part, and no verdict came.
func (a *Attempt) Unknown() {
	a.settle(func(now time.Time) { a.gate.unanswered(now, a, verdict{a.target, gaveNone, Silence}) })
}

// Served is Unknown where an answer came that points to a logon which got in, and does not prove it. Where the secret was
// accepted before, and never refused since, it is an acceptance.
func (a *Attempt) Served() {
	a.settle(func(now time.Time) {
		if at := a.standing.proofs[a.target]; !at.IsZero() && a.standing.doubts == 0 {
			a.gate.accept(now, a)
			return
		}
		a.gate.unanswered(now, a, verdict{a.target, gaveNone, Silence})
	})
}

// Forgiven says that the logon was refused for what may have nothing to do with the secret: a channel binding that was
// tried. It counts as one without a verdict.
func (a *Attempt) Forgiven() {
	a.settle(func(now time.Time) {
		a.gate.unanswered(now, a, verdict{a.target, "refused a logon that tried a channel binding", Connection})
	})
}

// Unsent gives the turn back: nothing that proves the secret went out.
func (a *Attempt) Unsent() {
	a.settle(func(time.Time) {
		if a.record != nil {
			a.account.drop(func(t *try) bool { return t == a.record })
			a.gate.changed = true
		}
	})
}

// ProvenAt is another target that accepted this very secret within RetryAfter, and when; empty without one.
func (a *Attempt) ProvenAt() (target string, at time.Time) {
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	now := a.gate.now()
	for name, when := range a.standing.proofs {
		if name != a.target && now.Sub(when) < RetryAfter && when.After(at) {
			target, at = name, when
		}
	}
	return target, at
}

// Follow asks for a further logon of the same probe at the same target. As long as the secret is proven, that needs no
// turn: a probe that was accepted may log on over several connections at once. Otherwise it is Begin.
func (a *Attempt) Follow(ctx context.Context) (*Attempt, error) {
	return a.gate.begin(ctx, &Attempt{gate: a.gate, who: a.who, target: a.target}, true)
}

func (a *Attempt) settle(verdict func(now time.Time)) {
	a.gate.mu.Lock()
	if a.judged {
		a.gate.mu.Unlock()
		return
	}
	a.judged = true
	for _, h := range a.holds {
		h.trying = false
	}
	a.standing.end(a)
	if a.record != nil {
		a.account.unproven--
		a.record.open = false
	}
	verdict(a.gate.now())
	close(a.account.changed)
	a.account.changed = make(chan struct{})
	changed := a.gate.changed
	a.gate.unlock()
	if changed {
		_ = a.gate.remember() // whoever keeps it says what is wrong; the next one that has to be noted is held back
	}
}
