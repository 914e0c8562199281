package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// disk is where gates of one test remember.
type disk struct {
	text []byte
	err  error // of writes
}

// restarted is a Gate that knows what others left on the disk.
func (d *disk) restarted(t *testing.T, c *clock) gate {
	t.Helper()
	g := NewGate(c.now)
	if len(d.text) > 0 {
		if err := g.Restore(d.text); err != nil {
			t.Fatal(err)
		}
	}
	g.Remember(func() error {
		if d.err != nil {
			return d.err
		}
		text, err := json.Marshal(g.Snapshot())
		d.text = text
		return err
	})
	return gate{g, c, t}
}

func TestASuspensionOutlivesARestart(t *testing.T) {
	t.Parallel()
	d, c := &disk{}, newClock()
	g := d.restarted(t, c)
	g.begin("a").RefusedFor(Connection)
	g.Explain(subject("right"), "a", "h", split)
	g.advance(time.Minute)
	g.begin("b").Refused(false)
	for range 3 {
		g.advance(time.Minute)
		g = d.restarted(t, c)
		g.suspended(true) // before any probe
		g.held("c", Suspended, "a refused it and b refused it", "since 2026-03-01 12:01:00 UTC", "due at 2026-03-01 12:16:00 UTC")
		if cause, ok := g.Cause(subject("right"), "a", "h"); !ok || cause != split {
			t.Errorf("the cause is forgotten: %v", cause)
		}
	}
	g.advance(12 * time.Minute) // 12:16
	g = d.restarted(t, c)
	g.begin("c").Accepted()
	g = d.restarted(t, c)
	g.suspended(true) // at a and b
	g.begin("d").Accepted()
}

func TestWhatWasNotJudgedCountsAsRefused(t *testing.T) {
	t.Parallel()
	d, c := &disk{}, newClock()
	for i := range maxTries {
		g := d.restarted(t, c)
		if a := g.at(subject("right"), fmt.Sprint("t", i)); a == nil {
			t.Fatalf("logon %d was held back", i)
		} // and the process is killed
		g.advance(time.Second)
	}
	g := d.restarted(t, c)
	g.held("t5", Suspended, "t0 was sent it and gave no verdict and t1 was sent it", "Nothing says that the secret is wrong")
	g.advance(RetryAfter)
	g.begin("t5").Accepted()
	g = d.restarted(t, c)
	g.begin("t5").Accepted()
	g.begin("t6").Accepted()
}

func TestAfterARestartAChangedSecretIsTried(t *testing.T) {
	t.Parallel()
	d, c := &disk{}, newClock()
	g := d.restarted(t, c)
	g.begin("a").Refused(true)
	changed := subject("new")
	g.advance(time.Minute)
	changed.Changed = c.now()
	old := subject("old")
	old.Changed = c.now().Add(-time.Hour)

	g = d.restarted(t, c)
	if g.at(old, "a") != nil {
		t.Error("a secret whose file is older than the refusal was sent")
	}
	g = d.restarted(t, c)
	g.at(changed, "a").Refused(false)
	g = d.restarted(t, c)
	changed.Fingerprint, changed.Changed = "newer", c.now()
	if g.at(changed, "a") != nil {
		t.Error("a third secret was sent within 15 minutes")
	}
}

func TestTheSuspensionOfAnotherAuthIsNotInherited(t *testing.T) {
	t.Parallel()
	d, c := &disk{}, newClock()
	g := d.restarted(t, c)
	wrong := Subject{Auth: "other", Account: "user:svc@contoso", Fingerprint: "wrong"}
	g.at(wrong, "a").Refused(false)
	g = d.restarted(t, c)
	g.begin("a").Accepted()
	if g.at(wrong, "a") != nil {
		t.Error("the other auth's suspension is forgotten")
	}
}

// TestNothingIsSentThatCannotBeNoted: without a memory a process does not know what one before it has just sent.
func TestNothingIsSentThatCannotBeNoted(t *testing.T) {
	t.Parallel()
	d, c := &disk{}, newClock()
	d.err = errors.New("no space left on device")
	g := d.restarted(t, c)
	g.held("a", NotRemembered, "no space left on device", "before 2026-03-01 12:15:00 UTC")
	g.suspended(false)
	d.err = nil
	g.begin("a").Accepted()
	d.err = errors.New("read-only file system")
	g.begin("a").Accepted() // a proven secret needs no note
	g.advance(RetryAfter)
	g.begin("a").Refused(false)
	d.err = nil
	g.held("a", Suspended)
	g.at(subject("new"), "a").Accepted() // writes what was not
	if !bytes.Contains(d.text, []byte(`"refused it"`)) {
		t.Errorf("what could not be written is not made up for: %s", d.text)
	}
}

// TestKilledAtAnyMoment: whenever a process is killed, those after it make at most two logons in 15 minutes.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	d, c := &disk{}, newClock()
	random := rand.New(rand.NewPCG(1, 2))
	var logons []time.Time
	for range 2000 {
		g := d.restarted(t, c)
		for range random.IntN(4) {
			a := g.at(subject(fmt.Sprint("wrong", random.IntN(2))), fmt.Sprint("t", random.IntN(5)))
			if a != nil {
				logons = append(logons, c.now())
				if random.IntN(3) == 0 {
					break // killed before the verdict
				}
				[]func(){func() { a.Refused(false) }, func() { a.Refused(true) }, a.Unknown}[random.IntN(3)]()
			}
			c.advance(time.Duration(random.IntN(10)) * time.Second)
		}
	}
	for i := maxTries; i < len(logons); i++ {
		if logons[i].Sub(logons[i-maxTries]) < RetryAfter {
			t.Fatalf("three logons within 15 minutes: %v", logons[i-2:i+1])
		}
	}
	if len(logons) < 10 {
		t.Errorf("only %d logons", len(logons))
	}
}

func TestTheMemoryHoldsNoSecret(t *testing.T) {
	t.Parallel()
	d, c := &disk{}, newClock()
	g := d.restarted(t, c)
	who := subject("fingerprint-of-hunter2")
	g.at(who, "a").Refused(false)
	g.at(who, "b").Refused(false)
	for _, bad := range []string{"hunter2", "fingerprint"} {
		if bytes.Contains(d.text, []byte(bad)) {
			t.Errorf("%q is in %s", bad, d.text)
		}
	}
	if !bytes.Contains(d.text, []byte("user:svc@contoso")) {
		t.Errorf("nothing was written: %s", d.text)
	}
}

func TestAClockThatWasSetHoldsNothingBackForLong(t *testing.T) {
	t.Parallel()
	d, c := &disk{}, newClock()
	c.advance(1000 * time.Hour)
	g := d.restarted(t, c)
	g.begin("a").Refused(false)
	g.begin("b").Refused(false)
	c.advance(-1000 * time.Hour)
	g = d.restarted(t, c)
	g.held("a", Suspended)
	g.advance(RetryAfter)
	g.begin("a").Accepted()
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte(`{"accounts":[{"account":"user:a@b","logons":[{"target":"t","what":"refused it","meaning":"secret","at":"2026-03-01T12:00:00Z","auth":"monitor"}],"secrets":[{"auths":["monitor"],"judged":"2026-03-01T12:00:00Z","everywhere":{"due":"2026-03-01T12:15:00Z"},"targets":{"t":null}}]}]}`))
	f.Add([]byte(`{"accounts":[{"secrets":[{"auths":["monitor"],"targets":{"t":{"due":"2036-03-01T12:15:00Z","by":["x"],"found":{"h":{}}}}}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c := newClock()
		g := NewGate(c.now)
		if g.Restore(text) != nil {
			return
		}
		again, err := json.Marshal(g.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := NewGate(c.now).Restore(again); err != nil {
			t.Fatalf("%v: %s", err, again)
		}
		c.advance(2 * RetryAfter)
		who := subject("f")
		if a := (gate{g, c, t}).at(who, "t"); a == nil {
			t.Errorf("still held back after half an hour: %v", g.Check(who, "t"))
		}
	})
}

// TestSuspensionsAreLogged once when they begin, and once when they end.
// TestAClockThatIsSetAfterTheStart: what is remembered lasts for a quarter of an hour that passes, and not until the clock
// shows one, which a machine that learns the time from the network sets by years soon after the start. A time that knows
// how much time has passed since (package time, "Monotonic Clocks") loses that by Round(0).
func TestAClockThatIsSetAfterTheStart(t *testing.T) {
	t.Parallel()
	d, c := &disk{}, newClock()
	c.nanoseconds.Store(time.Now().UnixNano())
	g := d.restarted(t, c)
	g.begin("a").Refused(false)
	g.begin("b").Refused(false)
	for _, ahead := range []time.Duration{0, -24 * time.Hour, RetryAfter / 2} {
		restarted := NewGate(func() time.Time { return time.Now().Add(ahead) })
		if err := restarted.Restore(d.text); err != nil {
			t.Fatal(err)
		}
		acc, s := restarted.last("monitor")
		if s == nil || s.everywhere == nil || len(s.targets) != 2 || len(acc.tries) != 2 {
			t.Fatalf("%v ahead: the suspension is forgotten", ahead)
		}
		for what, at := range map[string]time.Time{
			"due": s.everywhere.due, "due at a": s.targets["a"].due, "judged": s.judged, "the first logon": acc.tries[0].at,
		} {
			if at == at.Round(0) { //nolint:staticcheck // Equal does not see the difference
				t.Errorf("%v ahead: %s, %v, goes by the clock alone", ahead, what, at)
			}
		}
	}
}

func TestSuspensionsAreLogged(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	g := newGate(t)
	g.LogTo(slog.New(slog.NewTextHandler(&text, nil)))
	said := func(want ...string) {
		t.Helper()
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		text.Reset()
		if len(want) == 0 && lines[0] == "" {
			return
		}
		if len(lines) != len(want) {
			t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), strings.Join(lines, "\n"))
		}
		for i, parts := range want {
			for part := range strings.SplitSeq(parts, " | ") {
				if !strings.Contains(lines[i], part) {
					t.Errorf("%q is not in %s", part, lines[i])
				}
			}
		}
	}
	g.begin("a").Refused(false)
	said(`level=WARN | auth=monitor | target=a | a refused it | 2026-03-01 12:15:00 UTC`)
	for range 10 {
		g.held("a", Suspended)
	}
	g.begin("b").Refused(false)
	said(`level=WARN | target=all | a refused it and b refused it`)
	g.advance(RetryAfter)
	g.begin("a").Refused(false) // goes on
	g.suspended(true)
	said()
	g.advance(RetryAfter)
	g.begin("a").Accepted()
	said(`level=INFO | auth=monitor | target=all | accepted`, `level=INFO | target=a`)
	g.advance(2 * RetryAfter)
	g.suspended(false)
	said(`level=INFO | target=b | no probe asked for its try`)
	g.begin("a").Refused(true)
	said(`level=WARN | target=all | holds for every target`)
	g.at(subject("new"), "a").Accepted()
	said(`level=INFO | target=all | its secret was changed`)
	if failure.Is(g.Check(subject("new"), "b"), failure.Auth) {
		t.Error("the new secret is held back")
	}
}
