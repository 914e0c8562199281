package prober

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// pauseMemory is a pause as it is written.
type pauseMemory struct {
	Auth   string    `json:"auth,omitempty"`
	Target string    `json:"target"`
	Name   string    `json:"name,omitempty"`
	Until  time.Time `json:"until"`
}

// Remember gives the pauses a memory: save writes Snapshot to where it outlives the process. Call it before they are used.
func (p *Pauses) Remember(save func() error) { p.save = save }

// remember saves what is new. A pause that cannot be saved still holds in this process.
func (p *Pauses) remember() {
	if p.save != nil {
		_ = p.save()
	}
}

// Snapshot is what is to be remembered, for Restore of another process.
func (p *Pauses) Snapshot() any {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := []pauseMemory{}
	for _, key := range slices.Sorted(maps.Keys(p.until)) {
		if parts := strings.Split(key, keySeparator); len(parts) == 3 {
			kept = append(kept, pauseMemory{parts[0], parts[1], parts[2], p.until[key]})
		}
	}
	return kept
}

// Restore takes what Snapshot of an earlier process gave. The error says why the text is none of Snapshot.
func (p *Pauses) Restore(text json.RawMessage) error {
	var kept []pauseMemory
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("the pauses: %w", err)
	}
	now := time.Now()
	for _, k := range kept {
		if left := min(k.Until.Sub(now), MaxPause); left > 0 {
			p.set(strings.Join([]string{k.Auth, k.Target, k.Name}, keySeparator), now, left)
		}
	}
	return nil
}
