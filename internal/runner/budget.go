package runner

import (
	"context"
	"net/netip"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// DefaultMemory is how much all probes together may take of memory for what targets send, in bytes.
const DefaultMemory = 256 << 20

// What is counted, in bytes.
const (
	perProbe = 48 << 10 // of a probe from its beginning on: its stacks, buffers and records, and the first 12 KiB that it is sent
	perByte  = 4        // for each that came: the buffer that grows, a copy, what is read out of it, and garbage
	atOnce   = 64 << 10 // taken ahead, so that probes seldom ask
	ofAll    = 4        // an address holds no more than one in so many
)

// budget bounds what all probes together hold in memory. A bound for each is none for all, and targets may agree on when they
// send much. A probe waits before it sends anything, and never later: two that wait for each other would not end. It is safe
// for concurrent use.
type budget struct {
	most int

	mu      sync.Mutex
	used    int
	at      map[netip.Addr]int
	waiting int
	freed   chan struct{} // closed when something was given back, where somebody waits
}

func newBudget(most int) *budget {
	return &budget{most: most, at: map[netip.Addr]int{}, freed: make(chan struct{})}
}

// Held is what all probes count as holding in memory at the moment, in bytes; see Options.Memory.
func (r *Runner) Held() int {
	r.memory.mu.Lock()
	defer r.memory.mu.Unlock()
	return r.memory.used
}

// claim is what one probe holds.
type claim struct {
	budget *budget
	end    func() // ends the probe

	mu   sync.Mutex
	left int // taken and not yet used
	at   map[netip.Addr]int
	over *failure.Failure // why the probe had to end; nil as long as it has not
}

// claim waits until there is memory for one more probe, which end ends. The error is a failure of stage internal.
func (b *budget) claim(ctx context.Context, end func()) (*claim, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.used+perProbe > b.most {
		b.waiting++
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
		}
		b.mu.Lock()
		b.waiting--
		if ctx.Err() != nil {
			return nil, failure.New(failure.Internal, failure.OutOfMemory, "wait for memory to probe in: until the time limit other probes held the %d MiB that --limit.memory allows, nearly all of it for what their targets send; nothing was sent", b.most>>20)
		}
	}
	b.used += perProbe
	return &claim{budget: b, end: end, left: perProbe}, nil
}

// grow takes more for a probe that is under way.
func (b *budget) grow(a netip.Addr, n int) *failure.Failure {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.at[a]+n > b.most/ofAll:
		return failure.New(failure.Internal, failure.OutOfMemory, "what %s sends to the probes that are there holds a quarter of the %d MiB that --limit.memory allows, and no address may hold more; the probe was ended", a, b.most>>20)
	case b.used+n > b.most:
		return failure.New(failure.Internal, failure.OutOfMemory, "what targets send to the probes in flight takes all of the %d MiB that --limit.memory allows; the probe was ended", b.most>>20)
	}
	b.used += n
	b.at[a] += n
	return nil
}

// hold is wire.Dialer's Hold.
func (c *claim) hold(a netip.Addr, bytes int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over != nil {
		return c.over
	}
	need := perByte * bytes
	if need > c.left {
		more := max(atOnce, need-c.left)
		if over := c.budget.grow(a, more); over != nil {
			c.over = over
			c.end()
			return over
		}
		if c.at == nil {
			c.at = map[netip.Addr]int{}
		}
		c.at[a] += more
		c.left += more
	}
	c.left -= need
	return nil
}

// exceeded says why the probe had to end; nil where it had not.
func (c *claim) exceeded() *failure.Failure {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over
}

// release gives all of it back.
func (c *claim) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= perProbe
	for a, n := range c.at {
		b.used -= n
		if b.at[a] -= n; b.at[a] == 0 {
			delete(b.at, a)
		}
	}
	c.at = nil
	if b.waiting > 0 {
		close(b.freed)
		b.freed = make(chan struct{})
	}
}
