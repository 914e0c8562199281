package auth

import (
	"slices"
	"time"
)

// maxTargets bounds the targets that are remembered of a secret. They are listed in the configuration, but a wildcard
// there leaves their number to whoever asks for probes.
const maxTargets = 1000

// standing is what became of one secret of an account.
type standing struct {
	used   time.Time // the last time a logon was asked for
	judged time.Time // the last time one was not accepted

	accepted time.Time            // the last acceptance; zero when there was none, or too much spoke against it since
	proofs   map[string]time.Time // the last acceptance at each target that has not refused it since
	doubts   int                  // logons that were refused since the last acceptance

	targets    map[string]*hold     // for which it is suspended
	everywhere *hold                // nil while it is not suspended everywhere
	resting    map[string]time.Time // targets that gave no verdict, and until when they are sent none

	out     int            // logons without a verdict
	probes  int            // those of them that took a turn
	pending map[string]int // and at which targets
}

// hold is a suspension.
type hold struct {
	since, due time.Time
	why        string // "mail.contoso.com refused it"
	meaning    Meaning
	trying     bool // the one try is out
	counts     bool // no acceptance came since, so that a second target's refusal suspends everywhere

	first verdict          // of a target's suspension
	by    []string         // the targets that led to a suspension everywhere; empty where one verdict held everywhere
	found map[string]Cause // what explains a target's refusals, by the host that was dialled
}

func newStanding() *standing {
	return &standing{
		proofs: map[string]time.Time{}, targets: map[string]*hold{}, resting: map[string]time.Time{}, pending: map[string]int{},
	}
}

// calm tells whether the secret is proven, and nothing has spoken against it since.
func (s *standing) calm(now time.Time) bool {
	return s.doubts == 0 && !s.accepted.IsZero() && now.Sub(s.accepted) < RetryAfter
}

// provenAt tells whether the target itself has accepted the secret, and not refused it since.
func (s *standing) provenAt(now time.Time, target string) bool {
	at, ok := s.proofs[target]
	return ok && now.Sub(at) < RetryAfter && s.doubts < maxDoubts
}

// trusted tells whether a logon at the target is with a secret that is as good as proven there.
func (s *standing) trusted(now time.Time, target string) bool {
	return s.calm(now) || s.provenAt(now, target)
}

// provenSomewhere tells whether some target still vouches for the secret.
func (s *standing) provenSomewhere(now time.Time) bool {
	for target := range s.proofs {
		if s.provenAt(now, target) {
			return true
		}
	}
	return false
}

// holds gives the suspensions that stand in the way of a logon at the target.
func (s *standing) holds(now time.Time, target string) (holds []*hold) {
	if s.everywhere != nil && !s.provenAt(now, target) {
		holds = append(holds, s.everywhere)
	}
	if h := s.targets[target]; h != nil {
		holds = append(holds, h)
	}
	return holds
}

// suspended tells whether there is any.
func (s *standing) suspended() bool { return s.everywhere != nil || len(s.targets) > 0 }

func (s *standing) begin(a *Attempt) {
	s.out++
	if !a.follows {
		s.probes++
		s.pending[a.target]++
	}
}

func (s *standing) end(a *Attempt) {
	s.out--
	if a.follows {
		return
	}
	s.probes--
	if s.pending[a.target]--; s.pending[a.target] == 0 {
		delete(s.pending, a.target)
	}
}

// prove notes an acceptance at the target.
func (s *standing) prove(now time.Time, target string) {
	if len(s.proofs) >= maxTargets {
		clear(s.proofs) // others have to prove it again, one at a time at worst
	}
	s.accepted, s.doubts, s.proofs[target] = now, 0, now
	clear(s.resting)
	for _, h := range s.targets {
		h.counts = false
	}
}

// disprove takes away every proof.
func (s *standing) disprove() {
	s.accepted, s.doubts = time.Time{}, maxDoubts
	clear(s.proofs)
}

// counted is what another target said whose refusal still counts; zero where there is none.
func (s *standing) counted(but string) (other verdict) {
	for name, h := range s.targets {
		if name != but && h.counts {
			other = h.first
		}
	}
	return other
}

// rest lets the target be for a while.
func (s *standing) rest(now time.Time, target string) {
	for other, until := range s.resting {
		if !now.Before(until) {
			delete(s.resting, other)
		}
	}
	s.resting[target] = now.Add(Rest)
}

// stale tells whether the try of a suspension has been due for RetryAfter and nobody tried to end it: its targets are no
// longer probed. A new logon at one of them is then as rare as the one try would have been.
func (h *hold) stale(now time.Time) bool {
	return !h.trying && now.Sub(h.due) >= RetryAfter
}

// explained tells whether a probe found, for every target that refused, what makes it refuse a right secret too.
func (s *standing) explained() bool {
	for _, h := range s.targets {
		if len(h.found) == 0 {
			return false
		}
	}
	if s.everywhere == nil {
		return len(s.targets) > 0
	}
	return len(s.everywhere.by) > 0 && !slices.ContainsFunc(s.everywhere.by, func(target string) bool { return s.targets[target] == nil })
}

// cause is one of those that explain the suspension; zero where nothing does.
func (s *standing) cause(h *hold) (cause Cause) {
	for _, cause = range h.found {
		return cause
	}
	if h == s.everywhere && s.explained() {
		for _, at := range s.targets {
			return s.cause(at)
		}
	}
	return Cause{}
}
