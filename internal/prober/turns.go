package prober

import (
	"context"
	"sync"
)

// Turns lets the probes of one auth take turns at what its account may do only a few times at once. The process has one,
// which outlives reloads. It is safe for concurrent use; the zero value is ready.
type Turns struct {
	mu sync.Mutex
	of map[string]chan struct{} // by auth, of which a configuration has few; full while somebody has the turn
}

// Turn waits until no other probe with this probe's auth has the turn, and takes it; release gives it back. The error is
// ctx's, and means that another has it: a turn that is free is had at any time. Without an auth there is no account to be
// spared, and nobody waits.
func (r *Run) Turn(ctx context.Context) (release func(), err error) {
	if r.Turns == nil || r.Result.Auth == "" {
		return func() {}, nil
	}
	turn := r.Turns.turn(r.Result.Auth)
	release = func() { <-turn }
	select {
	case turn <- struct{}{}:
		return release, nil
	default:
	}
	select {
	case turn <- struct{}{}:
		return release, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (t *Turns) turn(auth string) chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[string]chan struct{}{}
	}
	if t.of[auth] == nil {
		t.of[auth] = make(chan struct{}, 1)
	}
	return t.of[auth]
}
