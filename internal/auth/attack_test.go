package auth

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// at begins a logon of anybody that must be let through at once; nil where it is not.
func (g gate) at(who Subject, target string) *Attempt {
	g.t.Helper()
	ctx, cancel := context.WithCancel(g.t.Context())
	cancel()
	a, err := g.Begin(ctx, who, target)
	if err != nil {
		return nil
	}
	return a
}

// TestTwoHostileTargetsTakeNoProofAway: two listed names that answer 401 must not blind the probes of healthy ones.
func TestTwoHostileTargetsTakeNoProofAway(t *testing.T) {
	t.Parallel()
	for name, hostile := range map[string]struct{ a, b func(*Attempt) }{
		"from the beginning":          {func(a *Attempt) { a.Refused(false) }, func(a *Attempt) { a.Refused(false) }},
		"after they have accepted it": {func(a *Attempt) { a.Accepted() }, func(a *Attempt) { a.Accepted() }},
		"one says nothing":            {func(a *Attempt) { a.Refused(false) }, func(a *Attempt) { a.Unknown() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			for _, healthy := range []string{"h1", "h2", "h3"} {
				g.begin(healthy).Accepted()
			}
			hostile.a(g.begin("e1"))
			hostile.b(g.begin("e2"))
			for range 120 { // two hours of scrapes each minute
				g.advance(time.Minute)
				for _, evil := range []string{"e1", "e2"} {
					if a := g.at(subject("right"), evil); a != nil {
						a.Refused(false)
					}
				}
				for _, healthy := range []string{"h1", "h2", "h3"} {
					g.begin(healthy).Accepted()
				}
			}
			g.suspended(true) // at the two
		})
	}
}

// TestAHangingTargetAfterTheStart leaves the second logon to those that answer.
func TestAHangingTargetAfterTheStart(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for range 5 { // modules that are scraped before the others
		if a := g.at(subject("right"), "hangs"); a != nil {
			a.Unknown()
		}
		g.advance(time.Second)
	}
	g.suspended(false)
	g.begin("h1").Accepted()
	g.begin("hangs").Unknown()
	g.begin("h2").Accepted()
	g.suspended(false)
}

// TestTheOnlyTargetNeedNotRest: nobody waits for the logon that it would leave.
func TestTheOnlyTargetNeedNotRest(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	alone := subject("right")
	alone.Alone = true
	g.at(alone, "a").Unknown()
	if a := g.at(alone, "a"); a == nil {
		t.Fatal("the only target of an auth has to wait for others")
	}
}

// TestAnAccountIsItsName: neither spellings, nor auths, nor what a file holds make more than two logons.
func TestAnAccountIsItsName(t *testing.T) {
	t.Parallel()
	for name, subjects := range map[string]func(i int) Subject{
		"20 wrong contents of a file": func(i int) Subject { return subject(fmt.Sprint("wrong", i)) },
		"two auths": func(i int) Subject {
			c := Credential{Name: fmt.Sprint("auth", i%2), Username: []string{`CONTOSO\svc`, `contoso\SVC`}[i%2]}
			return Subject{Auth: c.Name, Account: c.Account(), Fingerprint: c.Username}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			var logons []time.Time
			for i := range 20 * 20 {
				if a := g.at(subjects(i/20), fmt.Sprint("target", i%7)); a != nil {
					logons = append(logons, g.clock.now())
					a.Refused(false)
				}
				g.advance(7 * time.Second)
			}
			for i := 2; i < len(logons); i++ {
				if logons[i].Sub(logons[i-2]) < RetryAfter {
					t.Fatalf("three logons within 15 minutes: %v", logons[i-2:i+1])
				}
			}
			if len(logons) < 4 {
				t.Errorf("%d logons in three quarters of an hour", len(logons))
			}
		})
	}
}

// TestAChangedSecretIsTriedAtOnce, as long as the account has a logon left.
func TestAChangedSecretIsTriedAtOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Refused(false)
	g.held("a", Suspended, "Correct its user name or secret")
	g.at(subject("corrected"), "a").Accepted()
	g.at(subject("corrected"), "b").Accepted()

	g = newGate(t)
	g.begin("a").Refused(false)
	g.at(subject("second"), "a").Refused(false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Begin(ctx, subject("third"), "a"); !failure.Is(err, failure.Auth, Suspended) {
		t.Fatalf("a third secret: %v", err)
	}
	g.suspended(true)
	g.advance(RetryAfter)
	g.at(subject("third"), "a").Accepted()
	g.suspended(false)
}

// TestAnotherSecretOfTheAccountIsNotHeldBack where it is proven: one auth has the old password, one the new.
func TestAnotherSecretOfTheAccountIsNotHeldBack(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	right, wrong := subject("right"), Subject{Auth: "other", Account: "user:svc@contoso", Fingerprint: "old"}
	g.at(wrong, "a").Refused(false)
	g.at(right, "a").Accepted()
	g.at(wrong, "b").Refused(false)
	for range 30 {
		g.at(right, "a").Accepted()
		g.at(right, "b").Accepted()
		if a := g.at(wrong, "c"); a != nil {
			t.Fatal("an acceptance of another secret gives the wrong one a third logon")
		}
		g.advance(10 * time.Second)
	}
}

// TestAProvenSecretThatTurnsWrong: what it makes then is bounded, with however many targets.
func TestAProvenSecretThatTurnsWrong(t *testing.T) {
	t.Parallel()
	for _, targets := range []int{1, 2, 3, 50} {
		t.Run(fmt.Sprint(targets, " targets"), func(t *testing.T) {
			t.Parallel()
			g := newGate(t)
			for i := range targets {
				g.begin(fmt.Sprint("t", i)).Accepted()
			}
			logons := 0
			for range 14 * 6 { // scrapes each ten seconds
				for i := range targets {
					if a := g.at(subject("right"), fmt.Sprint("t", i)); a != nil {
						logons++
						a.Refused(false)
					}
				}
				g.advance(10 * time.Second)
			}
			if logons < 1 || logons > maxDoubts {
				t.Errorf("%d logons in 14 minutes, want at most %d", logons, maxDoubts)
			}
		})
	}
	t.Run("with logons under way", func(t *testing.T) {
		t.Parallel()
		g := newGate(t)
		var out []*Attempt
		for i := range 50 {
			g.begin(fmt.Sprint("t", i)).Accepted()
		}
		for i := range 50 {
			if a := g.at(subject("right"), fmt.Sprint("t", i)); a != nil {
				out = append(out, a)
			}
		}
		for len(out) < maxOut {
			follow, err := out[0].Follow(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, follow)
		}
		for _, a := range out {
			a.Refused(false)
		}
		for i := range 50 {
			g.held(fmt.Sprint("t", i), Suspended)
		}
	})
	t.Run("where nothing is answered any more", func(t *testing.T) {
		t.Parallel()
		g := newGate(t)
		for i := range 50 {
			g.begin(fmt.Sprint("t", i)).Accepted()
		}
		g.begin("t0").Refused(false)
		logons := 1
		for i := range 50 {
			if a := g.at(subject("right"), fmt.Sprint("t", i)); a != nil {
				logons++
				a.Unknown()
			}
		}
		if logons > maxDoubts {
			t.Errorf("%d logons, want at most %d", logons, maxDoubts)
		}
	})
}

// TestATargetThatAcceptsEverything has a wrong secret sent to each other target, which no gate can tell; but to each of
// them once in a quarter of an hour, and not once more.
func TestATargetThatAcceptsEverything(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	for range 3 {
		for i := range 5 {
			g.begin("hostile").Accepted()
			g.begin(fmt.Sprint("t", i)).Refused(false)
		}
		for range 7 {
			g.advance(2 * time.Minute)
			g.begin("hostile").Accepted()
			for i := range 5 {
				g.held(fmt.Sprint("t", i), Suspended, "refused it")
			}
		}
		g.advance(time.Minute)
	}
}

// TestAnAnswerThatOnlyHints proves nothing by itself, and keeps a proof alive.
func TestAnAnswerThatOnlyHints(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Accepted()
	for range 120 {
		g.advance(time.Minute)
		g.begin("a").Served()
	}
	g.suspended(false)

	g = newGate(t)
	g.begin("a").Served()
	g.advance(Rest)
	g.begin("a").Served()
	g.held("b", Suspended)
}

// TestLogonsAreCountedByAccount, over all auths that share it.
func TestLogonsAreCountedByAccount(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	other := subject("right")
	other.Auth = "other"
	g.begin("a").Accepted()
	g.at(other, "a").Accepted()
	g.begin("a").Refused(false)
	g.held("a", Suspended)
	if got := g.Logons([]string{"monitor", "other", "never used"}); got["monitor"] != 3 || got["other"] != 3 || got["never used"] != 0 {
		t.Errorf("%v logons, want 3 of the account", got)
	}
}
