package runner

import (
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// maxLast bounds the bytes of the last results that are kept for modules with a min_interval.
const maxLast = 64 << 20

// lastResults answers for a module's min_interval, so that many scrapers cost the servers one probe. Requests with
// another time limit, by whole seconds, do not share: what a short limit cut off is not what a longer one would have measured.
// They are those of one configuration: a reload makes new modules, and what is kept of old ones would hold all of their
// configuration.
type lastResults struct {
	mu    sync.Mutex
	from  *config.Config
	of    map[key]*result.Result
	bytes int
}

// lastKey is a job's key, for which the next second is near enough.
func lastKey(j *job) key {
	k := j.key()
	k.limit = (k.limit + time.Second - 1).Truncate(time.Second)
	return k
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
	res := l.of[lastKey(j)]
	if res == nil || stale(lastKey(j), res) {
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
