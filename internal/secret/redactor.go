package secret

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// maxValues bounds the work that a target can cause by handing out values that count as secret, cookies above all.
const maxValues = 256

// Redactor replaces secrets by Mask, found by their value, and by what their value turns into on the wire: base64 in
// each alignment, hex, the escapes of URLs, JSON and HTML, and UTF-16LE as NTLM has it. It is safe for concurrent use;
// the zero Redactor knows no secret and changes nothing.
//
// It does not find a secret that was hashed, encrypted, compressed or cut in pieces, nor one of two bytes in base64 or
// hex. Once it was given more than 256 values it replaces every text as a whole, as it can no longer tell.
type Redactor struct {
	mu    sync.Mutex // held while adding
	state atomic.Pointer[state]
}

// state is what a Redactor knows. It is replaced, never changed.
type state struct {
	values  map[string]bool
	needles []needle
	full    bool
}

// span is a stretch of a text, by byte offsets.
type span struct{ start, end int }

// Add makes values known as secret. An empty value is ignored.
func (r *Redactor) Add(values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.state.Load()
	if old == nil {
		old = &state{}
	}
	next := &state{values: map[string]bool{}, needles: slices.Clone(old.needles), full: old.full}
	for v := range old.values {
		next.values[v] = true
	}
	for _, v := range values {
		next.add(v)
	}
	if len(next.values) > 0 {
		r.state.Store(next)
	}
}

func (s *state) add(value string) {
	switch {
	case value == "" || s.values[value]:
	case len(s.values) == maxValues:
		s.full = true
	default:
		s.values[value] = true
		s.needles = append(s.needles, derive(value)...)
	}
}

// String returns s with each secret, and what is derived from it, replaced by Mask. Secrets that overlap or touch are
// replaced together, so that nothing of the longer one is left beside the shorter.
func (r *Redactor) String(s string) string {
	known := r.state.Load()
	if known == nil || s == "" {
		return s
	}
	if known.full {
		return Mask
	}
	var found []span
	for _, n := range known.needles {
		found = n.find(s, found)
	}
	if len(found) == 0 {
		return s
	}
	slices.SortFunc(found, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	return mask(s, found)
}

// mask replaces the spans of s, which are sorted by where they start.
func mask(s string, found []span) string {
	var b strings.Builder
	done := 0 // everything before it is written or masked
	for i, f := range found {
		if i == 0 || f.start > done {
			b.WriteString(s[done:f.start])
			b.WriteString(Mask)
		}
		done = max(done, f.end)
	}
	b.WriteString(s[done:])
	return b.String()
}
