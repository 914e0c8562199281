package runner

import (
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// maxLast bounds how many last results are kept for modules with a min_interval.
const maxLast = 10000

// lastResults answers for a module's min_interval, so that many scrapers cost the servers one probe.
type lastResults struct {
	mu sync.Mutex
	of map[key]*result.Result
}

func lastKey(j *job) key {
	k := j.key()
	k.limit = 0
	return k
}

func (l *lastResults) get(j *job) (Answer, bool) {
	if j.module.MinInterval == 0 {
		return Answer{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	res := l.of[lastKey(j)]
	if res == nil || time.Since(res.Start) >= j.module.MinInterval {
		return Answer{}, false
	}
	return Answer{Result: res, Age: age(res), Interval: true}, true
}

// age counts from the probe's end.
func age(res *result.Result) time.Duration {
	return max(0, time.Since(res.Start)-time.Duration(float64(res.Duration)*float64(time.Second)))
}

func (l *lastResults) put(j *job, res *result.Result) {
	if j.module.MinInterval == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[key]*result.Result{}
	}
	if len(l.of) >= maxLast {
		for k, old := range l.of {
			if time.Since(old.Start) >= k.module.MinInterval {
				delete(l.of, k)
			}
		}
	}
	if len(l.of) < maxLast {
		l.of[lastKey(j)] = res
	}
}
