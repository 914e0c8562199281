package runner

import (
	"net/netip"
	"sync"

	"golang.org/x/net/publicsuffix"

	"github.com/ews-exporter/ews_exporter/internal/target"
)

// slots bounds how many probes run at once, and what one host, or one block of hosts, takes of them: targets that hang hold
// their slots for as long as they may, and others have to get in. Nobody may hold more than is free: a host that hangs alone
// takes half, two take two thirds, and whoever has none gets one. A block may hold three times what is free, so that it leaves a
// quarter. It is safe for concurrent use.
type slots struct {
	most int

	mu    sync.Mutex
	taken int
	held  map[string]int // by host, and by block
}

// ofBlock is how many times as much as one host a block of them may hold.
const ofBlock = 3

func newSlots(most int) *slots { return &slots{most: most, held: map[string]int{}} }

// take takes a slot for a probe of this target; false where there is none, and whose share was used up: empty where all are taken.
func (s *slots) take(t target.Target) (whose string, ok bool) {
	host, block := t.Host, blockOf(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch free := s.most - s.taken; {
	case free == 0:
		return "", false
	case s.held[host] >= free:
		return host, false
	case s.held[block] >= ofBlock*free:
		return block, false
	}
	s.taken++
	s.held[host]++
	s.held[block]++
	return "", true
}

// free gives the slot back.
func (s *slots) free(t target.Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	for _, of := range []string{t.Host, blockOf(t)} {
		if s.held[of]--; s.held[of] == 0 {
			delete(s.held, of)
		}
	}
}

// blockOf is what a target's host is part of: of a name the domain that somebody registered, by the Public Suffix List, of an address
// its network, of the size that one site usually has (/24, or /48 of IPv6).
func blockOf(t target.Target) string {
	if t.Addr.IsValid() {
		bits := 24
		if t.Addr.Is6() {
			bits = 48
		}
		return netip.PrefixFrom(t.Addr, bits).Masked().String()
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(t.Host)
	if err != nil { // a name of one label, or one below which others register theirs
		domain = t.Host
	}
	return "*." + domain
}
