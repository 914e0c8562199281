package prober

import (
	"sync"
	"time"
)

// MaxPause is the longest that a target is left alone because it asked for that: an error in what it asks for must not
// end the monitoring.
const MaxPause = 10 * time.Minute

// maxPauses bounds how many targets are remembered; whoever asks for probes decides how many there are.
const maxPauses = 10_000

// Pauses remembers which targets asked, through throttling, to be left alone, and until when. The process has one, which
// outlives reloads. It is safe for concurrent use; the zero value is ready.
type Pauses struct {
	save  func() error // see Remember; nil: they end with the process
	mu    sync.Mutex
	until map[string]time.Time
}

// Pause remembers that the target asks this probe's auth to leave it alone for d, and gives how long it will be: MaxPause
// at most.
func (r *Run) Pause(d time.Duration) time.Duration {
	d = min(d, MaxPause)
	if r.Pauses != nil {
		r.Pauses.set(r.pauseKey(), time.Now(), d)
		r.Pauses.remember()
	}
	return d
}

// Paused is how long the target is still to be left alone; 0 when it may be probed.
func (r *Run) Paused() time.Duration {
	if r.Pauses == nil {
		return 0
	}
	return r.Pauses.left(r.pauseKey(), time.Now())
}

// keySeparator stands between the parts of a pause's key, and in none of them.
const keySeparator = "\x00"

// pauseKey tells an auth and a target. One server behind a balancer, probed under the service's name, is another target.
func (r *Run) pauseKey() string {
	return r.Result.Auth + keySeparator + r.Target.HostPort() + keySeparator + r.Target.Name
}

func (p *Pauses) set(key string, now time.Time, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.until == nil {
		p.until = map[string]time.Time{}
	}
	for k, until := range p.until {
		if !now.Before(until) {
			delete(p.until, k)
		}
	}
	if len(p.until) < maxPauses {
		p.until[key] = now.Add(d)
	}
}

func (p *Pauses) left(key string, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.until[key].Sub(now))
}
