package prober

import (
	"fmt"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

func runFor(t *testing.T, pauses *Pauses, auth, host, name string) *Run {
	t.Helper()
	where, err := target.Parse(host, name)
	if err != nil {
		t.Fatal(err)
	}
	return &Run{Pauses: pauses, Target: where, Recorder: &Recorder{Result: &result.Result{Auth: auth}}}
}

// TestPauses: who is asked to leave a target alone does so, for ten minutes at most; others go on.
func TestPauses(t *testing.T) {
	t.Parallel()
	pauses := &Pauses{}
	run := runFor(t, pauses, "monitor", "mail.contoso.test", "")
	if got := run.Pause(24 * time.Hour); got != MaxPause {
		t.Errorf("a day's pause is %s, want %s", got, MaxPause)
	}
	if got := runFor(t, pauses, "monitor", "mail.contoso.test", "").Paused(); got <= MaxPause-time.Minute || got > MaxPause {
		t.Errorf("%s are left", got)
	}
	for name, other := range map[string]*Run{
		"another auth":    runFor(t, pauses, "other", "mail.contoso.test", ""),
		"another target":  runFor(t, pauses, "monitor", "owa.contoso.test", ""),
		"a server behind": runFor(t, pauses, "monitor", "ex01.contoso.test", "mail.contoso.test"),
		"no memory":       runFor(t, nil, "monitor", "mail.contoso.test", ""),
	} {
		if got := other.Paused(); got != 0 {
			t.Errorf("%s: %s are left", name, got)
		}
	}
}

// TestPausesEnd: what is over is forgotten, and the rest has a bound.
func TestPausesEnd(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := Pauses{until: map[string]time.Time{}}
	for i := range maxPauses {
		p.until[fmt.Sprint(i)] = now.Add(time.Minute)
	}
	p.set("one too many", now, time.Minute)
	if len(p.until) != maxPauses {
		t.Errorf("%d pauses are remembered, want %d", len(p.until), maxPauses)
	}
	p.set("later", now.Add(time.Hour), time.Minute)
	if len(p.until) != 1 || p.left("0", now.Add(time.Hour)) != 0 || p.left("later", now.Add(time.Hour)) != time.Minute {
		t.Errorf("%d pauses are remembered an hour later, want one", len(p.until))
	}
}
