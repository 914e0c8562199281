package auth

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func (g gate) explained(want bool) {
	g.t.Helper()
	if got := g.Explained([]string{"monitor", "never used"}); got["monitor"] != want || got["never used"] {
		g.t.Errorf("explained: %v, want %v", got, want)
	}
}

var split = Cause{Code: "auth_legs_split", Kind: "exchange"}

func TestACauseIsKeptWithItsSuspension(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	explain := func(target, host string, cause Cause) { g.Explain(subject("right"), target, host, cause) }
	explain("a", "h", split)
	if _, ok := g.Cause(subject("right"), "a", "h"); ok {
		t.Error("a cause without a suspension")
	}
	g.explained(false)
	g.begin("a").Refused(false)
	g.held("a", Suspended, "Correct its user name or secret")
	explain("a", "h", split)
	g.explained(true)
	g.held("a", Suspended, "auth_legs_split", "a right secret is refused too")
	if cause, ok := g.Cause(subject("right"), "a", "h"); !ok || cause != split {
		t.Errorf("kept %+v", cause)
	}
	if _, ok := g.Cause(subject("right"), "a", "another host of that name"); ok {
		t.Error("what one host does is told of another")
	}

	g.advance(RetryAfter)
	g.begin("a").Refused(false) // by a probe that cannot tell why
	g.explained(true)
	explain("a", "h", Cause{}) // by one that could, and did not find it again
	g.explained(false)
	explain("a", "h", split)
	g.advance(RetryAfter)
	g.begin("a").Accepted()
	g.explained(false)
	if _, ok := g.Cause(subject("right"), "a", "h"); ok {
		t.Error("a cause outlives its suspension")
	}
}

func TestOnlyWhatIsWhollyExplainedIs(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Refused(false)
	g.Explain(subject("right"), "a", "h", split)
	g.advance(time.Minute)
	g.begin("b").Refused(false)
	g.explained(false)
	g.held("c", Suspended, "a refused it and b refused it", "Correct its user name or secret")
	g.Explain(subject("right"), "b", "h", split)
	g.explained(true)
	g.held("c", Suspended, "auth_legs_split")

	g.advance(3 * RetryAfter / 2) // the one try of both goes to another target
	g.begin("c").Unknown()
	g.advance(RetryAfter)
	g.begin("c").Unknown()
	g.explained(true)

	g.advance(RetryAfter)
	g.begin("a").Refused(true) // a verdict that holds everywhere is the secret's
	g.explained(false)

	other := newGate(t)
	other.begin("a").Refused(true)
	other.Explain(subject("right"), "a", "h", split)
	other.explained(false)
}

func TestATargetThatStandsForBothLogonsIsNamedOnce(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a:8443").Forgiven()
	g.begin("a:8443").Refused(false)
	g.held("b", Suspended, "because a:8443 refused a logon that tried a channel binding and then refused it, and no second logon that is not accepted may be followed by a third;")
}

func TestCausesAreBounded(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	g.begin("a").Refused(false)
	for i := range 10 * maxCauses {
		g.Explain(subject("right"), "a", fmt.Sprint("h", i), split)
	}
	if n := len(g.accounts["user:svc@contoso"].standings["right"].targets["a"].found); n != maxCauses {
		t.Errorf("%d causes are kept", n)
	}
}

func TestHourly(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	hourly := func(host, last string, due bool) {
		t.Helper()
		if gotLast, gotDue := g.Hourly(subject("right"), "a", host); gotLast != last || gotDue != due {
			t.Errorf("at %s: %q, %v, want %q, %v", host, gotLast, gotDue, last, due)
		}
	}
	hourly("h", "", true)
	hourly("h", "", false)
	hourly("another", "", true)
	g.Unrun("monitor", "a", "h")
	hourly("h", "", true)
	g.Note("monitor", "a", "h", "allow")
	hourly("h", "allow", false)
	g.begin("a").Refused(false)
	for range 6 {
		g.advance(RetryAfter)
		hourly("h", "allow", false) // it would take more than the one try
		g.begin("a").Refused(false)
	}
	g.advance(RetryAfter)
	g.begin("a").Accepted()
	hourly("h", "", true)
}

func TestABriefGateSaysThatItForgets(t *testing.T) {
	t.Parallel()
	g := NewBriefGate(time.Now)
	if got := g.Outlook(false); !strings.Contains(got, "each run of this command logs on anew, at most 2 times") || strings.Contains(got, "suspended") {
		t.Errorf("%q", got)
	}
	who := Subject{Auth: "monitor", Account: "monitor", Fingerprint: "wrong"}
	a, err := g.Begin(t.Context(), who, "a")
	if err != nil {
		t.Fatal(err)
	}
	a.Refused(true)
	switch err := g.Check(who, "a"); {
	case err == nil:
		t.Error("a second logon is let through")
	case !strings.Contains(err.Error(), "for the rest of this run") || strings.Contains(err.Error(), " due at "):
		t.Errorf("it speaks of a time that it does not live to see: %v", err)
	}
}
