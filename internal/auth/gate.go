package auth

import (
	"context"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// RetryAfter is how long a logon is held back after a refusal, and how long an accepted one proves the secret.
const RetryAfter = 15 * time.Minute

// maxAtOnce is how many logons of a proven account may be out without a verdict.
const maxAtOnce = 4

// Gate keeps accounts from being locked out. Every logon of every probe passes through the one Gate of the process,
// which outlives reloads. It is safe for concurrent use.
//
// An account is a user name with its secret, told by its fingerprint, so a changed secret begins anew and two auths
// with the same account share one fate. It is proven for RetryAfter after a logon was accepted, until one is refused.
//
//   - While it is not proven, one logon is out at a time; the others wait for its verdict. While it is proven, one for
//     each target and maxAtOnce in all.
//   - After a refusal it is suspended for that target: a name, with its port where that is not 443. It is suspended
//     everywhere once two targets refused, or when a verdict holds everywhere.
//   - A logon that was sent and never judged (the connection broke, the time ended) may have counted as a wrong
//     password. While the account is proven, it did not; while it is not, such a logon is forgiven once, and a second
//     logon without acceptance within RetryAfter suspends the account everywhere. Without this, a server that never
//     answers would eat a logon with every scrape.
//   - While it is suspended, one logon is let through each RetryAfter. Acceptance ends the suspension everywhere;
//     other targets that refused keep their own.
//
// So an account that is not proven makes at most two logons without acceptance in any stretch of RetryAfter. When a
// proven secret turns wrong, the logons under way at that moment, at most maxAtOnce to as many targets, come on top.
type Gate struct {
	now func() time.Time

	mu       sync.Mutex
	accounts map[string]*account // by fingerprint
	current  map[string]string   // an auth's name → the fingerprint it used last
	checks   map[[3]string]check // by auth, target and host

	brief bool // it ends with the process that its probes run in
}

// NewGate makes a Gate that reads the time from now.
func NewGate(now func() time.Time) *Gate {
	return &Gate{
		now: now, accounts: map[string]*account{}, current: map[string]string{}, checks: map[[3]string]check{},
	}
}

// NewBriefGate makes a Gate for a process that ends with its probes, and says so: what it knows does not outlive it.
func NewBriefGate(now func() time.Time) *Gate {
	g := NewGate(now)
	g.brief = true
	return g
}

// Outlook tells a person what a refusal, at one target or for all, means for what comes next.
func (g *Gate) Outlook(everywhere bool) string {
	switch {
	case g.brief:
		return "this command does not remember: each run is one more try, and too many lock the account"
	case everywhere:
		return "the auth is suspended"
	}
	return "the auth is suspended for this target"
}

// Check says whether the account is suspended at the target, before anything at all is sent there. Begin must still
// agree before the secret goes out. The error is a failure auth/suspended.
func (g *Gate) Check(auth, fingerprint, target string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	acc := g.account(now, auth, fingerprint)
	for _, h := range acc.holds(target) {
		if h.trying || now.Before(h.due) {
			return acc.failure(h, auth, target)
		}
	}
	return nil
}

// Begin asks for a logon with the account of this fingerprint (Login.Fingerprint) at the target, named as the auth's
// targets name it. It waits for its turn until ctx ends. The caller gives the attempt exactly one verdict; to defer
// Unknown is a safe way to see to that. Errors are failures of stage auth: suspended, waiting.
func (g *Gate) Begin(ctx context.Context, auth, fingerprint, target string) (*Attempt, error) {
	return g.begin(ctx, &Attempt{gate: g, auth: auth, fingerprint: fingerprint, target: target}, false)
}

func (g *Gate) begin(ctx context.Context, a *Attempt, follows bool) (*Attempt, error) {
	for {
		changed, err := g.try(a, follows)
		if err != nil {
			return nil, err
		}
		if changed == nil {
			return a, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, failure.New(failure.Auth, Waiting,
				"the auth %s had no turn at %s: other logons with it are still without a verdict, and only few are let out at a time so that the account is not locked out (%w)",
				a.auth, a.target, context.Cause(ctx))
		}
	}
}

// try lets the attempt begin, or says why not, or gives a channel that closes when there is a reason to try again.
func (g *Gate) try(a *Attempt, follows bool) (<-chan struct{}, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	acc := g.account(now, a.auth, a.fingerprint)
	holds := acc.holds(a.target)
	for _, h := range holds {
		if h.trying || now.Before(h.due) {
			return nil, acc.failure(h, a.auth, a.target)
		}
	}
	proven := acc.proven(now)
	follows = follows && proven && len(holds) == 0
	if !follows && acc.full(a.target, proven) {
		return acc.changed, nil
	}
	for _, h := range holds {
		h.trying = true
	}
	a.account, a.holds, a.proven = acc, holds, proven
	if !follows {
		a.counted = true
		acc.pending[a.target]++
		acc.total++
	}
	return nil, nil //nolint:nilnil // neither a reason to wait nor an error: it has begun
}

// account finds the account, without what time has ended.
func (g *Gate) account(now time.Time, auth, fingerprint string) *account {
	g.current[auth] = fingerprint
	acc := g.accounts[fingerprint]
	if acc == nil {
		// Secrets that were changed leave their accounts behind; an idle one has nothing left to remember.
		for key, old := range g.accounts {
			if old.total == 0 && now.Sub(old.used) > 4*RetryAfter {
				delete(g.accounts, key)
			}
		}
		acc = &account{targets: map[string]*hold{}, pending: map[string]int{}, changed: make(chan struct{})}
		g.accounts[fingerprint] = acc
	}
	acc.used = now
	acc.forget(now)
	return acc
}

// Suspended tells for each of these auths whether it is suspended, for some target or everywhere.
func (g *Gate) Suspended(auths []string) map[string]bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	suspended := make(map[string]bool, len(auths))
	for _, auth := range auths {
		suspended[auth] = false
		if acc := g.accounts[g.current[auth]]; acc != nil {
			acc.forget(now)
			suspended[auth] = acc.everywhere != nil || len(acc.targets) > 0
		}
	}
	return suspended
}

// Explained tells for each of these auths that is suspended whether a probe found why its targets refuse a right secret
// too, so that it is not the secret that needs correcting.
func (g *Gate) Explained(auths []string) map[string]bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	explained := make(map[string]bool, len(auths))
	for _, auth := range auths {
		acc := g.accounts[g.current[auth]]
		if acc != nil {
			acc.forget(now)
		}
		explained[auth] = acc != nil && acc.explained()
	}
	return explained
}

// Attempt is one logon that a Gate let begin. Its first verdict counts, later ones are ignored.
type Attempt struct {
	gate                      *Gate
	auth, fingerprint, target string

	account *account
	holds   []*hold // the suspensions that this attempt tries to end
	proven  bool    // the account was, when the attempt began
	counted bool    // it takes a place among the pending
	judged  bool
}

// Accepted says that the secret is right: to a complete logon came an answer that only who is logged on gets, such as a
// 2xx, or any status but 401 that is surely the server's own. An error page of a box in between is no acceptance, because
// the box may never have asked the server: that is Unknown. A false acceptance undoes what the Gate is for.
func (a *Attempt) Accepted() {
	a.settle(func(now time.Time) { a.account.accept(now, a.target) })
}

// Refused says that the secret was definitely refused: a 401 to a complete logon, or, with everywhere, a verdict that
// holds for all targets, such as a KDC's.
func (a *Attempt) Refused(everywhere bool) {
	a.settle(func(now time.Time) { a.account.refuse(now, a.target, everywhere) })
}

// Unknown says that the logon was sent, at least in part, and no verdict came.
func (a *Attempt) Unknown() { a.unjudged("was sent it and gave no verdict") }

// Forgiven says that the logon was refused for what may have nothing to do with the secret: a channel binding that was
// tried. It counts as one without a verdict.
func (a *Attempt) Forgiven() { a.unjudged("refused it when channel bindings were tried") }

func (a *Attempt) unjudged(what string) {
	a.settle(func(now time.Time) {
		if !a.proven || len(a.holds) > 0 {
			a.account.unanswered(now, verdict{a.target, what})
		}
	})
}

// Unsent gives the turn back: nothing that proves the secret went out.
func (a *Attempt) Unsent() { a.settle(func(time.Time) {}) }

// Follow asks for a further logon of the same probe at the same target. As long as the account is proven, that needs no
// turn: a probe that was accepted may log on over several connections at once. Otherwise it is Begin.
func (a *Attempt) Follow(ctx context.Context) (*Attempt, error) {
	return a.gate.begin(ctx, &Attempt{gate: a.gate, auth: a.auth, fingerprint: a.fingerprint, target: a.target}, true)
}

func (a *Attempt) settle(verdict func(now time.Time)) {
	a.gate.mu.Lock()
	defer a.gate.mu.Unlock()
	if a.judged {
		return
	}
	a.judged = true
	for _, h := range a.holds {
		h.trying = false
	}
	if a.counted {
		a.account.release(a.target)
	}
	verdict(a.gate.now())
	close(a.account.changed)
	a.account.changed = make(chan struct{})
}
