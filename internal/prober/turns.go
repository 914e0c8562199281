package prober

import (
	"context"
	"fmt"
	"sync"
)

// Turns lets probes take turns at what may be done only a few times at once: with one account, or at one target. The process
// has one, which outlives reloads. It is safe for concurrent use; the zero value is ready.
type Turns struct {
	mu sync.Mutex
	of map[string]*turn // by what the turns are at; only as long as somebody has or wants one, for callers choose the targets
}

// turn is at one thing.
type turn struct {
	had   chan struct{} // full while somebody has it
	users int           // who have it, or wait for it
}

// Turn waits until no other probe with this probe's auth has the turn, and takes it; release gives it back. The error is
// ctx's, and means that another has it: a turn that is free is had at any time. Without an auth there is no account to be
// spared, and nobody waits.
func (r *Run) Turn(ctx context.Context) (release func(), err error) {
	if r.Result.Auth == "" {
		return func() {}, nil
	}
	return r.Turns.take(ctx, "auth "+r.Result.Auth)
}

// TurnAt is Turn for what the probe's target bears only once at a time, whatever the module: kind says what.
func (r *Run) TurnAt(ctx context.Context, kind string) (release func(), err error) {
	return r.Turns.take(ctx, fmt.Sprintf("%s at %s of %s:%d", kind, r.Target.Name, r.Target.Host, r.Target.Port))
}

func (t *Turns) take(ctx context.Context, what string) (release func(), err error) {
	if t == nil {
		return func() {}, nil
	}
	mine := t.join(what)
	release = func() {
		<-mine.had
		t.leave(what, mine)
	}
	select {
	case mine.had <- struct{}{}:
		return release, nil
	default:
	}
	select {
	case mine.had <- struct{}{}:
		return release, nil
	case <-ctx.Done():
		t.leave(what, mine)
		return nil, ctx.Err()
	}
}

func (t *Turns) join(what string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[string]*turn{}
	}
	if t.of[what] == nil {
		t.of[what] = &turn{had: make(chan struct{}, 1)}
	}
	t.of[what].users++
	return t.of[what]
}

func (t *Turns) leave(what string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(t.of, what)
	}
}
