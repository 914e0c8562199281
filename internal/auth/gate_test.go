package auth

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// clock is a time that a test moves.
type clock struct{ nanoseconds atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanoseconds.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time          { return time.Unix(0, c.nanoseconds.Load()) }
func (c *clock) advance(d time.Duration) { c.nanoseconds.Add(int64(d)) }

// gate is a Gate with its clock, for the auth "monitor".
type gate struct {
	*Gate
	*clock
	t *testing.T
}

func newGate(t *testing.T) gate {
	t.Helper()
	c := newClock()
	return gate{NewGate(c.now), c, t}
}

// begin begins a logon that must be let through at once.
func (g gate) begin(target string) *Attempt {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	cancel() // to wait is to fail
	a, err := g.Begin(ctx, subject("right"), target)
	if err != nil {
		g.t.Fatalf("logon at %s: %v", target, err)
	}
	return a
}

// held checks that no logon is let through now, for this reason.
func (g gate) held(target, reason string, text ...string) {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	cancel()
	_, err := g.Begin(ctx, subject("right"), target)
	if !failure.Is(err, failure.Auth, reason) {
		g.t.Fatalf("logon at %s: %v, want reason %s", target, err, reason)
	}
	for _, part := range text {
		if !strings.Contains(err.Error(), part) {
			g.t.Errorf("%q does not say %q", err, part)
		}
	}
}

// subject is the auth "monitor", with a secret of this fingerprint.
func subject(secret string) Subject {
	return Subject{Auth: "monitor", Account: "user:svc@contoso", Fingerprint: secret}
}

func (g gate) suspended(want bool) {
	g.t.Helper()
	if got := g.Suspended([]string{"monitor", "never used"}); got["monitor"] != want || got["never used"] || len(got) != 2 {
		g.t.Errorf("suspended: %v, want %v", got, want)
	}
}

func TestARefusalSuspendsForItsTarget(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.suspended(false)
	g.begin("a").Refused(false)
	g.suspended(true)
	g.advance(time.Minute)
	g.held("a", Suspended, "a refused it", "since 2026-03-01 12:00:00 UTC", "due at 2026-03-01 12:15:00 UTC", "nothing was sent")
	g.begin("b").Accepted()
	g.held("a", Suspended)
	g.suspended(true)
}

func TestTwoTargetsRefusalsSuspendEverywhere(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Refused(false)
	g.advance(20 * time.Minute) // so the second one is not suspended for being the second within 15 minutes
	g.begin("b").Refused(false)
	g.held("c", Suspended, "a refused it and b refused it", "due at 2026-03-01 12:35:00 UTC")
}

func TestAVerdictThatHoldsEverywhereSuspendsEverywhere(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Refused(true)
	g.held("b", Suspended, "for every target")
}

func TestAnAcceptanceBetweenKeepsTwoRefusalsApart(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Refused(false)
	g.begin("good").Accepted()
	g.begin("b").Refused(false)
	g.begin("good").Accepted()
	g.held("a", Suspended)
	g.held("b", Suspended)
}

func TestASuspensionEndsWhenTheSecretChanges(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Refused(true)
	g.held("a", Suspended)
	a, err := g.Begin(t.Context(), subject("changed"), "a")
	if err != nil {
		t.Fatal(err)
	}
	g.suspended(false)
	a.Accepted()
	g.held("a", Suspended) // a probe that still has the old one
}

func TestOneTryEveryQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Refused(true)
	g.advance(RetryAfter - time.Second)
	g.held("a", Suspended)
	g.advance(time.Second)
	try := g.begin("b")
	g.held("a", Suspended, "under way")
	g.held("b", Suspended, "under way")
	try.Refused(false)
	g.held("a", Suspended, "since 2026-03-01 12:00:00 UTC", "due at 2026-03-01 12:30:00 UTC")

	g.advance(RetryAfter)
	g.begin("a").Unknown()
	g.held("a", Suspended)

	g.advance(RetryAfter)
	g.begin("a").Unsent() // nothing was tried, so the try is still to be had
	g.begin("a").Accepted()
	g.begin("b").Accepted()
	g.suspended(false)
}

func TestUnansweredLogonsAreForgivenOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Unknown()
	g.suspended(false)
	g.advance(RetryAfter)
	g.begin("a").Unknown()
	g.suspended(false)
	g.held("a", Unanswered, "nothing was sent now: it is sent again at ")
	g.advance(Rest)
	g.begin("a").Unknown()
	g.suspended(true)
	g.held("b", Suspended, "a was sent it and gave no verdict and then was sent it", "Nothing says that the secret is wrong")
}

func TestUnansweredLogonsOfAProvenAccountAreHarmless(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("good").Accepted()
	for range 10 {
		g.begin("a").Unknown()
	}
	g.suspended(false)
}

func TestTheFirstVerdictCounts(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	a := g.begin("a")
	a.Accepted()
	a.Refused(true)
	a.Unknown()
	g.suspended(false)
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	first := g.begin("a")
	g.held("a", Waiting, "monitor")
	g.held("b", Waiting)
	first.Accepted()

	out := []*Attempt{g.begin("a")}
	g.held("a", Waiting)
	for _, target := range []string{"b", "c", "d"} {
		out = append(out, g.begin(target))
	}
	g.held("e", Waiting)
	for _, a := range out {
		a.Unsent()
	}
	g.begin("e").Unsent()

	g.advance(RetryAfter) // no longer proven
	g.begin("a")
	g.held("b", Waiting)
}

func TestFollow(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	first := g.begin("a")
	if _, err := first.Follow(ended); !failure.Is(err, failure.Auth, Waiting) {
		t.Fatalf("before a verdict: %v", err)
	}
	first.Accepted()
	var second *Attempt
	for range maxOut {
		var err error
		if second, err = first.Follow(ended); err != nil {
			t.Fatalf("after an acceptance: %v", err)
		}
	}
	if _, err := first.Follow(ended); !failure.Is(err, failure.Auth, Waiting) {
		t.Fatalf("beyond what may be out at once: %v", err)
	}
	second.Refused(false)
	if _, err := first.Follow(ended); !failure.Is(err, failure.Auth, Suspended) {
		t.Fatalf("after a refusal: %v", err)
	}
}

func TestASuspensionThatNobodyTriesToEndIsForgotten(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Refused(true)
	g.advance(2*RetryAfter - time.Second)
	g.suspended(true)
	g.advance(time.Second)
	g.suspended(false)
	g.begin("a").Accepted()
}

func TestWaitersGetTheirTurnAndTheVerdict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(time.Now)
		first, err := g.Begin(t.Context(), subject("f"), "a")
		if err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 2)
		for range 2 {
			go func() {
				a, err := g.Begin(t.Context(), subject("f"), "b")
				if a != nil {
					a.Refused(true)
				}
				errs <- err
			}()
		}
		synctest.Wait() // both wait
		first.Accepted()
		one, other := <-errs, <-errs
		if (one == nil) == (other == nil) || !failure.Is(cmpOr(one, other), failure.Auth, Suspended) {
			t.Errorf("got %v and %v, want one logon, and the other suspended by its verdict", one, other)
		}

		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		hanging, err := g.Begin(t.Context(), subject("other"), "a")
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.Begin(short, subject("other"), "a")
		if !failure.Is(err, failure.Auth, Waiting) {
			t.Errorf("got %v", err)
		}
		hanging.Unknown()
	})
}

func cmpOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// TestAThousandScrapesWithAWrongPassword holds the promise that matters most: however many probes of however many
// targets come at once, a wrong password makes at most two logons in any 15 minutes.
func TestAThousandScrapesWithAWrongPassword(t *testing.T) {
	t.Parallel()
	verdicts := map[string]func(*Attempt, int){
		"refused":       func(a *Attempt, _ int) { a.Refused(false) },
		"never judged":  func(a *Attempt, _ int) { a.Unknown() },
		"now and then":  func(a *Attempt, i int) { []func(){func() { a.Refused(false) }, a.Unknown, a.Unsent}[i%3]() },
		"by everywhere": func(a *Attempt, _ int) { a.Refused(true) },
	}
	for name, verdict := range verdicts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			var mu sync.Mutex
			var logons []time.Time
			unsent := func(i int) bool { return name == "now and then" && i%3 == 2 }
			for minute := range 60 {
				scrapes := 60
				if minute%20 == 0 {
					scrapes = 1000
				}
				var wg sync.WaitGroup
				for i := range scrapes {
					wg.Go(func() {
						a, err := g.Begin(t.Context(), subject("wrong"), fmt.Sprint("target", i%50))
						if err != nil {
							return
						}
						if !unsent(i) {
							mu.Lock()
							logons = append(logons, g.clock.now())
							mu.Unlock()
						}
						verdict(a, i)
					})
				}
				wg.Wait()
				g.advance(time.Minute)
			}
			for i := 2; i < len(logons); i++ {
				if logons[i].Sub(logons[i-2]) < RetryAfter {
					t.Fatalf("three logons within 15 minutes: %v", logons[i-2:i+1])
				}
			}
			if len(logons) < 4 {
				t.Errorf("only %d logons in an hour: the try every 15 minutes is missing", len(logons))
			}
		})
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for i := range 3 * maxTargets {
		if a, err := g.Begin(t.Context(), subject("right"), fmt.Sprint("good", i)); err == nil {
			a.Accepted()
		}
		if a, err := g.Begin(t.Context(), subject("right"), fmt.Sprint("bad", i)); err == nil {
			a.Refused(false)
		}
	}
	acc := g.accounts["user:svc@contoso"]
	s := acc.standings["right"]
	if len(s.targets) > maxTargets || len(s.proofs) > maxTargets || len(s.pending) != 0 || s.out != 0 || len(acc.tries) > 20 {
		t.Errorf("%d suspended, %d proofs, %d pending, %d in all, %d tries", len(s.targets), len(s.proofs), len(s.pending), s.out, len(acc.tries))
	}
	for i := range 1000 { // a secret that changes every hour
		g.advance(time.Hour)
		a, err := g.Begin(t.Context(), subject(fmt.Sprint("secret", i)), "a")
		if err != nil {
			t.Fatal(err)
		}
		a.Accepted()
	}
	if len(acc.standings) > 5 {
		t.Errorf("%d secrets are kept", len(acc.standings))
	}
	for i := range 100 { // a user name that changes every day
		g.advance(24 * time.Hour)
		a, err := g.Begin(t.Context(), Subject{Auth: "monitor", Account: fmt.Sprint("user:", i), Fingerprint: "f"}, "a")
		if err != nil {
			t.Fatal(err)
		}
		a.Accepted()
	}
	if len(g.accounts) > 5 {
		t.Errorf("%d accounts are kept", len(g.accounts))
	}
}
