package prober

import (
	"encoding/json"
	"testing"
	"time"
)

// TestPausesOutliveARestart, and none is longer than a pause may be, whatever the file says.
func TestPausesOutliveARestart(t *testing.T) {
	t.Parallel()
	var before Pauses
	now := time.Now()
	key := "monitor" + keySeparator + "10.1.2.3:443" + keySeparator + "mail.contoso.com"
	before.set(key, now, 5*time.Minute)
	before.set("a"+keySeparator+"b:443"+keySeparator, now, -time.Minute)
	text, err := json.Marshal(before.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	var after Pauses
	if err := after.Restore(text); err != nil {
		t.Fatal(err)
	}
	if left := after.left(key, now); left < 4*time.Minute || left > 6*time.Minute || len(after.until) != 1 {
		t.Errorf("%s left of 5 minutes, of %d pauses", left, len(after.until))
	}
	if err := after.Restore(json.RawMessage(`[{"target": "x:443", "until": "2100-01-01T00:00:00Z"}]`)); err != nil {
		t.Fatal(err)
	}
	if left := after.left(keySeparator+"x:443"+keySeparator, now); left > MaxPause+time.Minute || left == 0 {
		t.Errorf("a pause of %s", left)
	}
	if after.Restore(json.RawMessage(`{}`)) == nil {
		t.Error("what is no list was taken")
	}
}

// TestAPauseIsSaved when a target asks for it.
func TestAPauseIsSaved(t *testing.T) {
	t.Parallel()
	var p Pauses
	saved := 0
	p.Remember(func() error { saved++; return nil })
	runFor(t, &p, "monitor", "mail.contoso.test", "").Pause(time.Minute)
	if saved != 1 {
		t.Errorf("saved %d times", saved)
	}
}
