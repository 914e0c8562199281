package revocation

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
)

// asks has somebody wait for slots, one for each place, and notes who got in.
func asks(t *testing.T, s *share, in chan<- func(), target string, places ...string) {
	t.Helper()
	for _, place := range places {
		go func() {
			if release, err := s.take(t.Context(), target, place); err == nil {
				in <- release
			}
		}()
		synctest.Wait()
	}
}

// several are places of one certificate.
func several(n int, host string) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf(host, i))
	}
	return all
}

// TestShare: a target whose certificates name places that hang, in however many probes, keeps no other from asking its own; nor
// does a place that hangs for all who name it.
func TestShare(t *testing.T) {
	t.Parallel()
	const most = 4
	for name, hang := range map[string]func(t *testing.T, s *share, in chan<- func()){
		"one target, two probes, a name for each place": func(t *testing.T, s *share, in chan<- func()) {
			asks(t, s, in, "evil", several(16, "crl%d.evil.test:80")...)
		},
		"one place, many targets": func(t *testing.T, s *share, in chan<- func()) {
			for i := range 16 {
				asks(t, s, in, fmt.Sprint("server", i), "crl.broken.test:80")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, in := newShare(most), make(chan func(), 40)
				hang(t, s, in)
				if len(in) != most/2 {
					t.Errorf("%d of %d are held by what hangs", len(in), most)
				}
				healthy := make(chan func(), 1)
				if asks(t, s, healthy, "healthy", "crl.contoso.test:80"); len(healthy) != 1 {
					t.Error("another waits")
				}
				asks(t, s, in, "a third", several(9, "ocsp%d.third.test:80")...)
				if n := len(in) + len(healthy); n > most {
					t.Errorf("%d at once, want %d at most", n, most)
				}
			})
		})
	}
}

// TestShareInTurn: where more targets want to ask than there is room for, each gets in before another does again, and nothing is
// kept of those that are done or have given up.
func TestShareInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShare(4)
		first, in := make(chan func(), 4), make(chan func(), 40)
		for i := range 4 { // who holds all, and wants more
			asks(t, s, first, fmt.Sprint("evil", i), "hangs:80")
		}
		if len(first) != 2 {
			t.Fatalf("%d got in", len(first))
		}
		var order []string
		next := func(target string, n int) {
			for _, place := range several(n, target+"%d:80") {
				go func() {
					if release, err := s.take(t.Context(), target, place); err == nil {
						order = append(order, target)
						in <- release
					}
				}()
				synctest.Wait()
			}
		}
		next("a", 4)
		next("b", 2)
		next("c", 1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.take(ctx, "late", "late:80"); err == nil {
			t.Error("who has given up got in")
		}
		for len(first)+len(in) > 0 { // one leaves after the other, those that hang first
			leaving := in
			if len(first) > 0 {
				leaving = first
			}
			(<-leaving)()
			synctest.Wait()
		}
		if got := strings.Join(order, " "); got != "a b c a b a a" {
			t.Errorf("in the order %s", got)
		}
		if s.taken+len(s.held)+len(s.last)+len(s.waiting) != 0 {
			t.Errorf("left over: %+v", s)
		}
	})
}
