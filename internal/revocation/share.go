package revocation

import (
	"context"
	"slices"
	"sync"
)

// share bounds how many places are asked at once in all probes together, and what one target, whose certificates name them, and
// one place take of that. A certificate may name many that hang, and others have to get in: nobody may hold more than is free, so
// that who hangs alone takes half, and whoever waits gets in in turn. It is safe for concurrent use.
type share struct {
	most int

	mu      sync.Mutex
	taken   int
	held    map[party]int
	turns   int
	last    map[party]int // the turn in which a target last got in; only as long as it is there
	waiting []*waiter
}

// party is one of those that share.
type party struct{ kind, name string }

// waiter waits for a slot for a target and a place.
type waiter struct {
	target, place party
	in            chan struct{} // closed when it has one
}

func newShare(most int) *share {
	return &share{most: most, held: map[party]int{}, last: map[party]int{}}
}

// take waits for a slot, which release gives back. The error is ctx's.
func (s *share) take(ctx context.Context, target, place string) (release func(), err error) {
	w := &waiter{party{"target", target}, party{"place", place}, make(chan struct{})}
	s.change(func() { s.waiting = append(s.waiting, w) })
	release = func() { s.change(func() { s.leave(w) }) }
	select {
	case <-w.in:
		return release, nil
	case <-ctx.Done():
		s.change(func() {
			if i := slices.Index(s.waiting, w); i >= 0 {
				s.waiting = slices.Delete(s.waiting, i, i+1)
				s.forget(w.target)
			} else { // it got in meanwhile
				s.leave(w)
			}
		})
		return nil, ctx.Err()
	}
}

// change does something, and lets in who may get in then.
func (s *share) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	for w := s.next(); w != nil; w = s.next() {
		s.waiting = slices.DeleteFunc(s.waiting, func(one *waiter) bool { return one == w })
		s.taken++
		s.turns++
		s.last[w.target] = s.turns
		s.held[w.target]++
		s.held[w.place]++
		close(w.in)
	}
}

// next is who gets in: of those that may, the first of the target that has not been in for longest. Nil where nobody may.
func (s *share) next() (next *waiter) {
	free := s.most - s.taken
	for _, w := range s.waiting {
		if s.held[w.target] < free && s.held[w.place] < free && (next == nil || s.last[w.target] < s.last[next.target]) {
			next = w
		}
	}
	return next
}

func (s *share) leave(w *waiter) {
	s.taken--
	for _, p := range []party{w.target, w.place} {
		if s.held[p]--; s.held[p] == 0 {
			delete(s.held, p)
		}
	}
	s.forget(w.target)
}

// forget forgets the turn of a target of which nobody is there any more.
func (s *share) forget(target party) {
	if s.held[target] == 0 && !slices.ContainsFunc(s.waiting, func(w *waiter) bool { return w.target == target }) {
		delete(s.last, target)
	}
}
