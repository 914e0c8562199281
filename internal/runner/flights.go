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

// join waits for the flight of k, and starts it with fly when there is none. It ends with ctx; the flight itself ends
// early only when its last waiter has gone.
func (f *flights) join(ctx context.Context, k key, fly func(context.Context) (*result.Result, error)) (*result.Result, error) {
	f.mu.Lock()
	mine := f.under[k]
	if mine == nil {
		mine = f.start(ctx, k, fly)
	}
	mine.waiters++
	f.mu.Unlock()
	defer f.leave(k, mine)
	select {
	case <-mine.done:
		return mine.result, mine.err
	case <-ctx.Done():
		return nil, refuse(statusClientGone, CallerGone, "the caller gave up before the probe ended: %v", ctx.Err())
	}
}

// start is called with the lock held.
func (f *flights) start(ctx context.Context, k key, fly func(context.Context) (*result.Result, error)) *flight {
	flying, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	mine := &flight{done: make(chan struct{}), cancel: cancel}
	if f.under == nil {
		f.under = map[key]*flight{}
	}
	f.under[k] = mine
	go func() {
		mine.result, mine.err = fly(flying)
		f.end(k, mine)
		close(mine.done)
	}()
	return mine
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
