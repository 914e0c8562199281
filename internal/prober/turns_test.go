package prober

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// TestTurns: probes with one auth take turns, those of others and those without one do not wait.
func TestTurns(t *testing.T) {
	t.Parallel()
	turns := &Turns{}
	run := func(auth string) *Run {
		return &Run{Turns: turns, Recorder: &Recorder{Result: &result.Result{Auth: auth}}}
	}
	take := func(auth string) (func(), error) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		return run(auth).Turn(ctx)
	}
	release, err := take("monitor")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := take("monitor"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second probe with the same auth has the turn too (%v)", err)
	}
	for _, auth := range []string{"other", "", ""} {
		if _, err := take(auth); err != nil {
			t.Errorf("auth %q: %v", auth, err)
		}
	}
	late, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 32 { // a turn that is free is nobody's, however late it is
		if _, err := run(fmt.Sprint(i)).Turn(late); err != nil {
			t.Fatalf("no turn although it is free: %v", err)
		}
	}
	waiting := make(chan error)
	go func() {
		_, err := run("monitor").Turn(t.Context())
		waiting <- err
	}()
	release()
	if err := <-waiting; err != nil {
		t.Errorf("who waits does not get the turn that was given back: %v", err)
	}
}

// TestTurnsAtTargets: what a target bears once at a time waits for its turn there, whatever the auth, and nowhere else; a turn
// that nobody has or wants is forgotten.
func TestTurnsAtTargets(t *testing.T) {
	t.Parallel()
	turns := &Turns{}
	take := func(host, auth string) (func(), error) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		r := &Run{Turns: turns, Target: target.Target{Name: host, Host: host, Port: 443}, Recorder: &Recorder{Result: &result.Result{Auth: auth}}}
		return r.TurnAt(ctx, "calls")
	}
	var releases []func()
	for _, host := range []string{"vpn.contoso.test", "vpn.fabrikam.test"} {
		release, err := take(host, "")
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		releases = append(releases, release)
	}
	if _, err := take("vpn.contoso.test", "monitor"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("two at one target at once (%v)", err)
	}
	for _, release := range releases {
		release()
	}
	if len(turns.of) != 0 {
		t.Errorf("%d turns are kept that nobody has", len(turns.of))
	}
}
