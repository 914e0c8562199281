package secret

import "strings"

// ellipsis ends what was cut, as package plain cuts it. A secret that was cut in two is found by its beginning there.
const ellipsis = "…"

const (
	minStub = 4  // bytes of a beginning; fewer tell nothing, and stand in any text
	maxCuts = 64 // places in a text that are looked at: it bounds what a target full of ellipses costs
)

// stubs finds the beginnings of needles where a text was cut.
type stubs struct {
	begin   map[string][]string // needles by their first bytes
	longest int
}

func newStubs(needles []needle) *stubs {
	s := &stubs{begin: make(map[string][]string, len(needles))}
	for _, n := range needles {
		if len(n.text) > minStub {
			s.begin[n.text[:minStub]] = append(s.begin[n.text[:minStub]], n.text)
			s.longest = max(s.longest, len(n.text))
		}
	}
	return s
}

func (s *stubs) find(text string) (found []span, work int) {
	end := 0
	for range maxCuts {
		at := strings.Index(text[end:], ellipsis)
		if at < 0 {
			break
		}
		at += end
		for start := max(end, at-s.longest); start <= at-minStub; start++ {
			begins, more := s.begins(text[start:at])
			if work += more; begins {
				found = append(found, span{start, at})
				break
			}
		}
		end = at + len(ellipsis)
	}
	return found, work
}

func (s *stubs) begins(stub string) (begins bool, work int) {
	work = 1
	for _, whole := range s.begin[stub[:minStub]] {
		work += 1 + len(stub)/perStep
		if strings.HasPrefix(whole, stub) {
			return true, work
		}
	}
	return false, work
}
