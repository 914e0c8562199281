package runner

import (
	"context"
	"net/netip"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// places bounds how many probes are at one address at once; further ones queue until their deadline, as long as the queue is
// not too long: each that waits holds a slot, which others want.
type places struct {
	limit int
	most  int // at the address or waiting

	mu sync.Mutex
	at map[netip.Addr]*place
}

type place struct {
	seats chan struct{}
	users int // holding or waiting; the last one takes the place away
}

func newPlaces(limit, most int) *places {
	return &places{limit: limit, most: most, at: map[netip.Addr]*place{}}
}

func (p *places) take(ctx context.Context, a netip.Addr) error {
	if err := ctx.Err(); err != nil { // nobody is in the way
		return failure.New(failure.Connect, "timeout", "connect to %s: the time limit had come before: %w", a, err)
	}
	p.mu.Lock()
	here := p.at[a]
	if here == nil {
		here = &place{seats: make(chan struct{}, p.limit)}
		p.at[a] = here
	}
	if here.users >= p.most {
		p.mu.Unlock()
		return failure.New(failure.Connect, reasonBusy, "wait for a place at %s: %d other probes were there or waited already", a, p.most)
	}
	here.users++
	p.mu.Unlock()
	select {
	case here.seats <- struct{}{}:
		if ctx.Err() == nil {
			return nil
		}
		<-here.seats // too late: to connect now would only fail, with a reason that blames the address
	case <-ctx.Done():
	}
	p.leave(a, here)
	return failure.New(failure.Connect, reasonBusy, "wait for a place at %s: %d other probes were there until the time limit", a, p.limit)
}

func (p *places) free(a netip.Addr) {
	p.mu.Lock()
	here := p.at[a]
	p.mu.Unlock()
	<-here.seats
	p.leave(a, here)
}

func (p *places) leave(a netip.Addr, here *place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if here.users--; here.users == 0 {
		delete(p.at, a)
	}
}

// stay is one probe's places: however many connections it has to an address at once, it takes one place there.
type stay struct {
	places *places

	mu   sync.Mutex
	held map[netip.Addr]*seat
}

type seat struct {
	connections int
	ready       chan struct{} // closed when the place was had, or not
	err         error
}

func (p *places) stay() *stay { return &stay{places: p, held: map[netip.Addr]*seat{}} }

// acquire is wire.Dialer's Acquire.
func (s *stay) acquire(ctx context.Context, a netip.Addr) (func(), error) {
	s.mu.Lock()
	mine := s.held[a]
	first := mine == nil
	if first {
		mine = &seat{ready: make(chan struct{})}
		s.held[a] = mine
	}
	mine.connections++
	s.mu.Unlock()
	if first {
		mine.err = s.places.take(ctx, a)
		close(mine.ready)
	}
	<-mine.ready
	if mine.err != nil {
		s.release(a, mine)
		return nil, mine.err
	}
	return func() { s.release(a, mine) }, nil
}

func (s *stay) release(a netip.Addr, mine *seat) {
	s.mu.Lock()
	mine.connections--
	last := mine.connections == 0
	if last {
		delete(s.held, a)
	}
	s.mu.Unlock()
	if last && mine.err == nil {
		s.places.free(a)
	}
}
