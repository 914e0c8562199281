package web

import (
	"slices"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// The bounds of what is remembered. A target may fill response heads with a megabyte each, so bytes are counted too.
const (
	maxRecent      = 200
	maxRecentBytes = 16 << 20
)

// Recent remembers the newest result of each target and module, for the pages. It is safe for concurrent use.
type Recent struct {
	mu      sync.RWMutex
	entries []remembered // oldest first
	bytes   int
}

type remembered struct {
	result *result.Result
	bytes  int
}

// Add remembers r in place of an older result of the same probe. r must not change any more.
func (m *Recent) Add(r *result.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.IndexFunc(m.entries, func(e remembered) bool { return same(e.result, r) }); i >= 0 {
		m.forget(i)
	}
	e := remembered{r, weight(r)}
	m.entries = append(m.entries, e)
	m.bytes += e.bytes
	for len(m.entries) > 1 && (len(m.entries) > maxRecent || m.bytes > maxRecentBytes) {
		m.forget(0)
	}
}

func (m *Recent) forget(i int) {
	m.bytes -= m.entries[i].bytes
	m.entries = slices.Delete(m.entries, i, i+1)
}

func same(a, b *result.Result) bool {
	return a.Module == b.Module && a.Target == b.Target && a.Name == b.Name && a.Auth == b.Auth
}

// weight is about how many bytes r holds. Heads are nearly all of it.
func weight(r *result.Result) int {
	n := 4 << 10
	for _, x := range r.Exchanges {
		if x.Exchange == nil {
			continue
		}
		n += head(x.Final)
		for _, response := range x.Interim {
			n += head(response)
		}
	}
	return n
}

// head counts a head twice: as it came, and read into fields.
func head(r *wire.Response) int {
	if r == nil {
		return 0
	}
	return 2*len(r.Raw) + len(r.Excerpt)
}

// List gives what is remembered, newest first.
func (m *Recent) List() []*result.Result {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := make([]*result.Result, 0, len(m.entries))
	for _, e := range slices.Backward(m.entries) {
		all = append(all, e.result)
	}
	return all
}

// Newest gives the newest result of a module and target, nil without one.
func (m *Recent) Newest(module, target string) *result.Result {
	for _, r := range m.List() {
		if r.Module == module && r.Target == target {
			return r
		}
	}
	return nil
}
