package secret

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// Withheld is what stands in place of a whole text in which nobody can tell what is secret: it, and those before it, take more
// looking through than there is for one probe.
const Withheld = "<hidden: looking for secrets in all of this takes too long>"

// The bounds of the work that a target can cause by what it sends and by values that count as secret, cookies above all.
const (
	maxValues = 256
	MaxText   = 32 << 10 // bytes at a text's beginning that are looked through
	maxShown  = 16 << 10 // of a longer text: what lies across the end of that is still looked through whole
	maxShort  = 1 << 10  // bytes of a text that is short, as are those that tell what was probed, and of what it failed
	workAll   = 32 << 20 // bytes that are looked at, or steps of comparing that take as long, for all texts; twice that for short ones
)

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
// folded into lines, and encodings within each other are undone, three deep, and what comes of it is looked through as well: for four
// bytes or more.
//
// Of a text of more than 32 KiB the first 16 are kept.
//
// What Own knows of this program's sentences is left as it is.
//
// It does not find a secret that was hashed, encrypted, compressed or cut in pieces, nor one of two bytes in base64 or
// hex. Once it was given more than 256 values, or had too much to look through, it replaces texts as a whole, as it can no longer
// tell.
type Redactor struct {
	mu      sync.Mutex
	values  map[string]bool
	pending []string // values that the index does not know yet
	needles []needle
	least   int    // bytes of the shortest value
	index   *index // what texts are held against; nil while no value is known
	undone  int    // bytes that came of undoing encodings
	worked  int    // of workAll
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
// made known long before the first text is redacted. It does not tell any more of a text of so many bytes once that is too much.
func (r *Redactor) known(length int) (i *index, tells bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.pending) > 0 && !r.full {
		for _, v := range r.pending {
			r.needles = append(r.needles, derive(v)...)
		}
		r.pending, r.index = nil, newIndex(r.needles, r.least)
	}
	return r.index, !r.full && r.worked < bound(workAll, length)
}

// bound is what texts may cost in sum by the time that one of so many bytes comes: short ones have as much again, so that no long
// ones can take out of a result what was probed.
func bound(all, length int) int {
	if length <= maxShort {
		return 2 * all
	}
	return all
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
	known, tells := r.known(len(s))
	switch {
	case s == "" || known == nil && tells:
		return s
	case !tells:
		return Withheld
	}
	text := s[:min(len(s), MaxText)]
	found, work := known.find(text)
	undone, tells := r.undo(known, text, work)
	if !tells {
		return Withheld
	}
	if found = append(found, undone...); len(found) > 0 {
		found = spare(text, found)
	}
	slices.SortFunc(found, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	switch {
	case len(s) > MaxText:
		return mask(text, found, cutAt(text, maxShown)) + ellipsis
	case len(found) > 0:
		return mask(text, found, len(text))
	}
	return s
}

// cutAt is where a text may be cut so that n bytes at most are left, and no character is cut in two.
func cutAt(text string, n int) int {
	for n > maxShown-utf8.UTFMax && !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

// undo gives what is hidden in s behind encodings, and counts the work so far; false where there is more than can be undone.
func (r *Redactor) undo(known *index, s string, work int) (found []span, tells bool) {
	r.mu.Lock()
	r.worked += work
	left := bound(undoAll, len(s)) - r.undone
	r.mu.Unlock()
	found, rest := known.undo(s, left)
	if rest < left {
		r.mu.Lock()
		r.undone += left - rest
		r.mu.Unlock()
	}
	return found, rest >= 0
}

// mask replaces the spans of s, which are sorted by where they start, and gives what comes of it up to end.
func mask(s string, found []span, end int) string {
	var b strings.Builder
	done := 0 // everything before it is written or masked
	for i, f := range found {
		if f.start >= end {
			break
		}
		if i == 0 || f.start > done {
			b.WriteString(s[done:f.start])
			b.WriteString(Mask)
		}
		done = max(done, f.end)
	}
	b.WriteString(s[min(done, end):end])
	return b.String()
}
