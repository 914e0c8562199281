package secret

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// maxValues bounds the work that a target can cause by handing out values that count as secret, cookies above all.
const maxValues = 256

// Redactor replaces secrets by Mask, found by their value, and by what their value turns into on the wire: base64 in
// each alignment, hex, the escapes of URLs, JSON and HTML, and UTF-16LE as NTLM has it. It is safe for concurrent use;
// the zero Redactor knows no secret and changes nothing.
//
// A value of more than 512 bytes is looked for by its first 512. What follows there is hidden too: the rest of the value
// where it stands as it is, and everything to the end of the text where it stands in another form.
//
// Where a text was cut and an ellipsis says so, what stands before it is hidden as well if a secret begins so, in four
// bytes or more.
//
// Encodings of other kinds, each byte escaped though it need not be, hex and decimals with up to six bytes between two of them, base64
// folded into lines, and encodings within each other are undone, three deep, and what comes of it is looked through as well: for four bytes or more, and in a text's first 32 KiB, for no longer one is kept.
//
// What Own knows of this program's sentences is left as it is.
//
// It does not find a secret that was hashed, encrypted, compressed or cut in pieces, nor one of two bytes in base64 or
// hex. Once it was given more than 256 values it replaces every text as a whole, as it can no longer tell.
type Redactor struct {
	mu      sync.Mutex
	values  map[string]bool
	pending []string // values that the index does not know yet
	needles []needle
	least   int    // bytes of the shortest value
	index   *index // what texts are held against; nil while no value is known
	undone  int    // bytes that came of undoing encodings
	full    bool
}

// span is a stretch of a text, by byte offsets.
type span struct{ start, end int }

// Add makes values known as secret. An empty value is ignored.
func (r *Redactor) Add(values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range values {
		switch {
		case v == "" || r.values[v]:
		case len(r.values) == maxValues:
			r.full = true
		default:
			if r.values == nil {
				r.values = map[string]bool{}
			}
			if r.least == 0 || len(v) < r.least {
				r.least = len(v)
			}
			r.values[v] = true
			r.pending = append(r.pending, v)
		}
	}
}

// known gives the index of all values; nil while there is none. It is made when it is wanted, because most values are
// made known long before the first text is redacted.
func (r *Redactor) known() (i *index, full bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.pending) > 0 && !r.full {
		for _, v := range r.pending {
			r.needles = append(r.needles, derive(v)...)
		}
		r.pending, r.index = nil, newIndex(r.needles, r.least)
	}
	return r.index, r.full
}

// knowsNothing tells whether there is nothing to look for.
func (r *Redactor) knowsNothing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.values) == 0
}

// String returns s with each secret, and what is derived from it, replaced by Mask. Secrets that overlap or touch are
// replaced together, so that nothing of the longer one is left beside the shorter.
func (r *Redactor) String(s string) string {
	known, full := r.known()
	switch {
	case s == "" || known == nil && !full:
		return s
	case full:
		return Mask
	}
	found := append(known.find(s), r.undo(known, s)...)
	if len(found) > 0 {
		found = spare(s, found)
	}
	if len(found) == 0 {
		return s
	}
	slices.SortFunc(found, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	return mask(s, found)
}

// undo gives what is hidden in s behind encodings: all of it where they are more than can be undone.
func (r *Redactor) undo(known *index, s string) []span {
	r.mu.Lock()
	left := undoAll - r.undone
	r.mu.Unlock()
	found, rest := known.undo(s, left)
	if rest < left {
		r.mu.Lock()
		r.undone += left - rest
		r.mu.Unlock()
	}
	if rest < 0 {
		return []span{{0, len(s)}}
	}
	return found
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
