package runner

import (
	"context"
	"errors"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// flights lets identical requests share one probe: two Prometheus servers scrape the same target.
type flights struct {
	mu    sync.Mutex
	under map[key]*flight
}

type flight struct {
	done    chan struct{}
	result  *result.Result
	err     error
	waiters int
	cancel  context.CancelCauseFunc
}

// Why a flight ends before its time.
var (
	errAbandoned = errors.New("nobody waits for the probe any more")
	errHurried   = errors.New("the exporter is about to stop")
)

// join makes the probe of k by fly, or waits for it where another request's flight is under way. It ends with ctx for
// those who wait; the flight itself ends early only when its last waiter has gone. Whoever comes first flies it himself: a
// goroutine of its own would have to grow a stack for each probe, and wake a thread.
func (f *flights) join(ctx context.Context, k key, fly func(context.Context) (*result.Result, error)) (*result.Result, error) {
	f.mu.Lock()
	if mine := f.under[k]; mine != nil {
		mine.waiters++
		f.mu.Unlock()
		return f.wait(ctx, k, mine)
	}
	flying, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	mine := &flight{done: make(chan struct{}), cancel: cancel, waiters: 1}
	if f.under == nil {
		f.under = map[key]*flight{}
	}
	f.under[k] = mine
	f.mu.Unlock()

	stays := context.AfterFunc(ctx, func() { f.leave(k, mine) })
	mine.result, mine.err = fly(flying) // which recovers its own panics
	f.end(k, mine)
	close(mine.done)
	if !stays() {
		return nil, callerGone(ctx)
	}
	return mine.result, mine.err
}

// wait waits for a flight of somebody else's.
func (f *flights) wait(ctx context.Context, k key, mine *flight) (*result.Result, error) {
	defer f.leave(k, mine)
	select {
	case <-mine.done:
		return mine.result, mine.err
	case <-ctx.Done():
		return nil, callerGone(ctx)
	}
}

func callerGone(ctx context.Context) *Refusal {
	return refuse(statusClientGone, CallerGone, "the caller gave up before the probe ended: %v", ctx.Err())
}

func (f *flights) end(k key, mine *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	mine.cancel(nil)
	if f.under[k] == mine {
		delete(f.under, k)
	}
}

// hurry ends all flights now; those who wait get what was measured.
func (f *flights) hurry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, mine := range f.under {
		mine.cancel(errHurried)
	}
}

// leave ends a flight that nobody waits for; a request that comes now starts its own.
func (f *flights) leave(k key, mine *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if mine.waiters--; mine.waiters > 0 {
		return
	}
	mine.cancel(errAbandoned)
	if f.under[k] == mine {
		delete(f.under, k)
	}
}
