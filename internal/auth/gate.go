package auth

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// RetryAfter is how long a logon is held back after a refusal, and how long an accepted one proves the secret.
const RetryAfter = 15 * time.Minute

const (
	maxTries  = 2 // logons without acceptance that an account's secrets may make in RetryAfter while they are not proven
	maxAtOnce = 4 // probes of a proven secret that may have a logon out without a verdict
	maxOut    = 8 // logons of a proven secret that may be out without a verdict
	maxDoubts = 3 // refusals without acceptance in between after which a secret is proven nowhere
)

// Rest is how long a target that gave no verdict on a logon is not sent another, while the secret is not proven: the
// second of two logons is for another target, so that one that hangs does not hold up those that would answer.
const Rest = 2 * time.Minute

// Gate keeps accounts from being locked out. Every logon of every probe passes through the one Gate of the process,
// which outlives reloads, and restarts where it is given a memory (Remember). It is safe for concurrent use.
//
// An account is told by its name (Credential.Account), so that spellings, auths, and secrets that change share one
// budget. Of each of its secrets, told by its fingerprint, the Gate knows what became of it. A secret is proven for
// RetryAfter after a logon was accepted, until one is refused; and at a target for RetryAfter after a logon there was,
// until one is refused there.
//
//   - While a secret is not proven, one logon of its account is out at a time; the others wait for its verdict. In any
//     stretch of RetryAfter the secrets of an account that are not proven make at most maxTries logons without
//     acceptance. While a secret is proven, one is out for each target and maxAtOnce in all.
//   - After a refusal a secret is suspended for that target: a name, with its port where that is not 443. It is suspended
//     everywhere once two targets refused it, once it is not proven and maxTries logons were not accepted, or when a
//     verdict holds everywhere.
//   - A refusal at one target does not take away the proof at another, for the one that refuses may be out of order, or
//     hostile: where the secret was accepted it is sent on, one logon at a time. After maxDoubts refusals with no
//     acceptance in between it is proven nowhere.
//   - A logon that was sent and never judged (the connection broke, the time ended) may have counted as a wrong
//     password. While the secret is proven, it did not; while it is not, it is one of the maxTries, and the target
//     rests.
//   - While a secret is suspended, one logon is let through each RetryAfter. Acceptance ends the suspension everywhere;
//     other targets that refused keep their own. A changed secret has no suspension, only its account's budget.
//
// So an account with a wrong secret makes at most maxTries logons in any stretch of RetryAfter. When a proven secret turns
// wrong, it makes maxDoubts, or as many as were under way at that moment, at most maxOut, and then no more.
type Gate struct {
	now   func() time.Time
	began time.Time
	brief bool // it ends with the process that its probes run in
	log   *slog.Logger
	save  func() error // writes Snapshot to where it outlives the process; nil for no memory

	mu       sync.Mutex
	accounts map[string]*account // by name
	current  map[string]Subject  // by auth, as it was used last
	checks   map[[3]string]check // by auth, target and host
	changed  bool                // what is to be remembered, since it was saved last
	notices  []notice            // for the log
}

// NewGate makes a Gate that reads the time from now.
func NewGate(now func() time.Time) *Gate {
	return &Gate{
		now: now, began: now(), log: slog.New(slog.DiscardHandler),
		accounts: map[string]*account{}, current: map[string]Subject{}, checks: map[[3]string]check{},
	}
}

// NewBriefGate makes a Gate for a process that ends with its probes, and says so: what it knows does not outlive it.
func NewBriefGate(now func() time.Time) *Gate {
	g := NewGate(now)
	g.brief = true
	return g
}

// LogTo tells log when suspensions begin and end. Call it before the Gate is used.
func (g *Gate) LogTo(log *slog.Logger) { g.log = log }

// Outlook tells a person what a refusal, at one target or for all, means for what comes next.
func (g *Gate) Outlook(everywhere bool) string {
	switch {
	case g.brief:
		return fmt.Sprintf("each run of this command logs on anew, at most %d times, and too many such logons lock the account", maxTries)
	case everywhere:
		return "the auth is suspended"
	}
	return "the auth is suspended for this target"
}

// Check says whether the subject is held back at the target, before anything at all is sent there. Begin must still
// agree before the secret goes out. Errors are failures of stage auth: suspended, unanswered.
func (g *Gate) Check(who Subject, target string) error {
	g.mu.Lock()
	defer g.unlock()
	now := g.now()
	acc, s := g.find(now, who)
	return g.heldBack(now, acc, s, who, target)
}

// heldBack says why no logon with the secret may be made at the target now; nil when one may, as soon as it has its turn.
func (g *Gate) heldBack(now time.Time, acc *account, s *standing, who Subject, target string) error {
	for _, h := range s.holds(now, target) {
		if h.trying || now.Before(h.due) {
			return s.failure(h, who.Auth, target, g.brief)
		}
	}
	if s.trusted(now, target) || acc.unproven > 0 { // the one that is out may be accepted
		return nil
	}
	if spent := acc.spent(); len(spent) > 0 {
		h := newHold(now, spent)
		if !s.provenSomewhere(now) { // else it is held back at this target alone, until it is accepted at another
			g.suspendEverywhere(now, s, who.Auth, spent...)
			h = s.everywhere
		}
		h.due = spent[0].at.Add(RetryAfter)
		return s.failure(h, who.Auth, target, g.brief)
	}
	if until := s.resting[target]; now.Before(until) && !who.Alone {
		next := "it is sent again at " + stamp(until)
		if g.brief {
			next = "this run sends it no more"
		}
		return failure.New(failure.Auth, Unanswered,
			"%s was sent the secret of the auth %s before and gave no verdict, which may count as a wrong password; so that the account is not locked out, nothing was sent now: %s",
			target, who.Auth, next)
	}
	return nil
}

// Begin asks for a logon of the subject at the target, named as the auth's targets name it. It waits for its turn until
// ctx ends. The caller gives the attempt exactly one verdict; to defer Unknown is a safe way to see to that. Errors are
// failures of stage auth: suspended, unanswered, waiting, not_remembered.
func (g *Gate) Begin(ctx context.Context, who Subject, target string) (*Attempt, error) {
	return g.begin(ctx, &Attempt{gate: g, who: who, target: target}, false)
}

func (g *Gate) begin(ctx context.Context, a *Attempt, follows bool) (*Attempt, error) {
	for {
		changed, err := g.try(a, follows)
		if err != nil {
			return nil, err
		}
		if changed == nil {
			return a.recorded()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, failure.New(failure.Auth, Waiting,
				"the auth %s had no turn at %s: other logons with it are still without a verdict, and only few are let out at a time so that the account is not locked out (%w)",
				a.who.Auth, a.target, context.Cause(ctx))
		}
	}
}

// try lets the attempt begin, or says why not, or gives a channel that closes when there is a reason to try again.
func (g *Gate) try(a *Attempt, follows bool) (<-chan struct{}, error) {
	g.mu.Lock()
	defer g.unlock()
	now := g.now()
	acc, s := g.find(now, a.who)
	holds := s.holds(now, a.target)
	a.calm, a.trusted = s.calm(now), s.trusted(now, a.target)
	follows = follows && a.calm && len(holds) == 0 && s.out < maxOut
	if err := g.heldBack(now, acc, s, a.who, a.target); err != nil {
		return nil, err
	}
	if !follows && acc.full(s, a) {
		return acc.changed, nil
	}
	for _, h := range holds {
		h.trying = true
	}
	a.account, a.standing, a.holds, a.follows = acc, s, holds, follows
	acc.begun++
	s.begin(a)
	if !a.trusted {
		acc.unproven++
		a.record = &try{verdict: verdict{a.target, gaveNone, Silence}, at: now, auth: a.who.Auth, of: s, open: true}
		acc.tries = append(acc.tries, a.record)
		g.changed = true
	}
	return nil, nil //nolint:nilnil // neither a reason to wait nor an error: it has begun
}

// find finds the account and what is known of the secret, without what time has ended.
func (g *Gate) find(now time.Time, who Subject) (*account, *standing) {
	if before, ok := g.current[who.Auth]; ok && before.Fingerprint != who.Fingerprint {
		g.left(before, who)
	}
	g.current[who.Auth] = who
	acc := g.accounts[who.Account]
	if acc == nil {
		g.forgetAccounts(now)
		acc = newAccount()
		g.accounts[who.Account] = acc
	}
	acc.used = now
	s := acc.standings[who.Fingerprint]
	if s == nil {
		acc.forgetSecrets(now)
		s = acc.inherit(who)
		acc.standings[who.Fingerprint] = s
	}
	s.used = now
	g.forget(now, acc, s, who.Auth)
	return acc, s
}

// forgetAccounts drops those that a reload has long left behind.
func (g *Gate) forgetAccounts(now time.Time) {
	for name, acc := range g.accounts {
		if now.Sub(acc.used) > 24*time.Hour && acc.idle() {
			delete(g.accounts, name)
		}
	}
}

// unlock lets others at the Gate, and tells the log what came of it.
func (g *Gate) unlock() {
	notices := g.notices
	g.notices = nil
	g.mu.Unlock()
	for _, n := range notices {
		n.tell(g.log)
	}
}
