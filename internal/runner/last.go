package runner

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// maxLast bounds the bytes of the last results that are kept for modules with a min_interval.
const maxLast = 64 << 20

// lastResults answers for a module's min_interval, so that many scrapers cost the servers one probe, each with a time limit of
// its own: see answers. They are those of one configuration: a reload makes new modules, and what is kept of old ones would hold
// all of their configuration.
type lastResults struct {
	mu    sync.Mutex
	from  *config.Config
	of    map[key]*result.Result
	bytes int
}

// lastKey is a job's key, whatever its time limit.
func lastKey(j *job) key {
	k := j.key()
	k.limit = 0
	return k
}

// answers tells whether a result is what a request within limit would get. What a longer limit left time for is more than that,
// and what a shorter one cut off is less; the next second is near enough.
func answers(res *result.Result, limit time.Duration) bool {
	return wholeSeconds(limit) <= wholeSeconds(time.Duration(float64(res.Limit)*float64(time.Second))) || untimed(res)
}

func wholeSeconds(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }

// untimed tells whether a longer limit would have changed nothing: half of it was left, and nothing was given up or left out.
// Probers share a limit out, so one of many steps may end by it early.
func untimed(res *result.Result) bool {
	return 2*res.Duration <= res.Limit && res.UndecidedReason != result.NotAsked && !timedOut(res.Failure) && !anyTimedOut(res.Steps)
}

func anyTimedOut(steps []*result.Step) bool {
	return slices.ContainsFunc(steps, func(s *result.Step) bool { return timedOut(s.Failure) || anyTimedOut(s.Steps) })
}

func timedOut(f *failure.Failure) bool {
	return f != nil && (f.Reason == "timeout" || strings.HasSuffix(f.Reason, "_timeout"))
}

// use forgets what is of another configuration than the one in force, which is now.
func (l *lastResults) use(now *config.Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.from != now {
		l.from, l.of, l.bytes = now, nil, 0
	}
}

// get gives the last result of the same request while it is fresh, else nil.
func (l *lastResults) get(j *job) *result.Result {
	if j.module.MinInterval == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	k := lastKey(j)
	res := l.of[k]
	if res == nil || stale(k, res) || !answers(res, j.limit) {
		return nil
	}
	return res
}

func stale(k key, res *result.Result) bool { return time.Since(res.Start) >= k.module.MinInterval }

// put keeps a result for as long as it is fresh. When there is no room it is not kept, and the next request probes.
func (l *lastResults) put(j *job, res *result.Result) {
	if j.module.MinInterval == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.from.Modules[j.module.Name] != j.module { // the probe is of a configuration that is no longer in force
		return
	}
	mine := lastKey(j)
	if old := l.of[mine]; old != nil && !stale(mine, old) && answers(old, j.limit) && !untimed(res) {
		return // a probe that began earlier, or beside this one, had more time
	}
	for k, old := range l.of {
		if stale(k, old) || k == mine {
			delete(l.of, k)
			l.bytes -= old.Size()
		}
	}
	if l.bytes += res.Size(); l.bytes > maxLast {
		l.bytes -= res.Size()
		return
	}
	if l.of == nil {
		l.of = map[key]*result.Result{}
	}
	l.of[mine] = res
}
