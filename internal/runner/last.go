package runner

import (
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// maxLast bounds the bytes of the last results that are kept for modules with a min_interval.
const maxLast = 64 << 20

// lastResults answers for a module's min_interval, so that many scrapers cost the servers one probe. Requests with
// another time limit do not share: what a short limit cut off is not what a longer one would have measured.
type lastResults struct {
	mu    sync.Mutex
	of    map[key]*result.Result
	bytes int
}

// get gives the last result of the same request while it is fresh, else nil.
func (l *lastResults) get(j *job) *result.Result {
	if j.module.MinInterval == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	res := l.of[j.key()]
	if res == nil || stale(j.key(), res) {
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
	for k, old := range l.of {
		if stale(k, old) || k == j.key() {
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
	l.of[j.key()] = res
}
