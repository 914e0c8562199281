package secret

import (
	"strings"
	"sync"
)

// needle is a text to look for. In base64 the characters beside it may hold a few more bits of the secret: left and
// right say whether to hide one more on that side.
type needle struct {
	text        string
	left, right bool
	rest        string // of a value whose beginning text is: hidden as far as it follows
	open        bool   // text is the beginning of something whose end is not known: all that follows is hidden
}

// at is the stretch of s that the needle, which stands at start, hides.
func (n *needle) at(s string, start int) span {
	end := start + len(n.text)
	if n.left && start > 0 && isBase64(s[start-1]) {
		start--
	}
	switch {
	case n.open:
		end = len(s)
	case n.right && end < len(s) && isBase64(s[end]):
		end++
	}
	return span{start, end}
}

// How comparing is counted: glimpse bytes take one step, and what goes on beyond takes one for each perStep.
const (
	glimpse = 64
	perStep = 16
)

// stands tells whether the needle's text is what s begins with, and what it took to tell.
func (n *needle) stands(s string) (same bool, work int) {
	if !strings.HasPrefix(s, n.text[:min(len(n.text), glimpse)]) {
		return false, 1
	}
	return strings.HasPrefix(s, n.text), 1 + len(n.text)/perStep
}

// common is the length of what two texts begin with alike.
func common(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// index finds needles by how they begin, all in one pass over a text, whatever their number.
type index struct {
	size   int // of a beginning, in bytes
	begins [1 << 16 / 64]uint64
	under  map[string][]*needle
	least  int // bytes of the shortest value that is looked for behind encodings

	cut func() *stubs // made when the first text comes that was cut
}

// maxBegin is the most bytes of a beginning: enough to tell encodings apart.
const maxBegin = 8

func newIndex(needles []needle, least int) *index {
	x := &index{size: maxBegin, least: max(least, minUndone), under: make(map[string][]*needle, len(needles)), cut: sync.OnceValue(func() *stubs { return newStubs(needles) })}
	for i := range needles {
		x.size = min(x.size, len(needles[i].text))
	}
	for i := range needles {
		n := &needles[i]
		if x.size > 1 {
			pair := pair(n.text[0], n.text[1])
			x.begins[pair>>6] |= 1 << (pair & 63)
		}
		x.under[n.text[:x.size]] = append(x.under[n.text[:x.size]], n)
	}
	return x
}

// pair is the first two bytes of a text, as one number.
func pair(first, second byte) uint16 { return uint16(first)<<8 | uint16(second) }

// find gives what the needles hide in s, nearly in order: one may start a byte before the one that it follows. Those
// that overlap are one. Work is what it took: a target may hand out needles that begin as each byte of its text does.
func (x *index) find(s string) (found []span, work int) {
	found, work = x.whole(s)
	if strings.Contains(s, ellipsis) {
		cut, more := x.cut().find(s)
		found, work = append(found, cut...), work+more
	}
	return found, work
}

func (x *index) whole(s string) (found []span, work int) {
	var followed map[*needle]int // how far the rest of a value was followed: once, be it found again within itself
	work = len(s)
	for i := 0; i+x.size <= len(s); i++ {
		if x.size > 1 {
			if p := pair(s[i], s[i+1]); x.begins[p>>6]>>(p&63)&1 == 0 {
				continue
			}
		}
		for _, n := range x.under[s[i:i+x.size]] {
			same, more := n.stands(s[i:])
			if work += more; !same {
				continue
			}
			at := n.at(s, i)
			if n.rest != "" && i >= followed[n] {
				more := common(s[at.end:], n.rest)
				at.end += more
				work += more
				if followed == nil {
					followed = map[*needle]int{}
				}
				followed[n] = at.end
			}
			found = join(found, at)
		}
	}
	return found, work
}

// join appends a span, or widens the last one where they overlap or touch.
func join(found []span, at span) []span {
	if last := len(found) - 1; last >= 0 && at.start <= found[last].end {
		found[last] = span{min(found[last].start, at.start), max(found[last].end, at.end)}
		return found
	}
	return append(found, at)
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("+/-_", c) >= 0
}
