package secret

import (
	"strings"
	"unicode/utf8"
)

// What a target repeats it may write in more ways than can be listed: every byte escaped, hex with blanks, one encoding within
// another. So encodings are undone, and what comes of it is looked through as the text itself is.

// The bounds of that. What a text costs is bounded by its length, and what a probe's texts cost in sum by undoAll: beyond it a
// text that has anything to be undone is hidden as a whole, as nobody can tell.
const (
	maxLayers = 3       // of encodings within each other
	undoAll   = 8 << 20 // bytes that may come of undoing, for all texts of a redactor; twice that for short ones
	minUndone = 4       // bytes of what is looked for there; fewer stand in what comes of any text
)

// view is what comes of undoing an encoding: a text, and where in the original each of its bytes stands.
type view struct {
	text     []byte
	from, to []int32
}

func newView(n int) *view {
	return &view{make([]byte, 0, n), make([]int32, 0, n), make([]int32, 0, n)}
}

func (v *view) add(b byte, from, to int) {
	v.text = append(v.text, b)
	v.from, v.to = append(v.from, int32(from)), append(v.to, int32(to)) // #nosec G115 -- within MaxText
}

func (v *view) rune(r rune, from, to int) {
	var buffer [utf8.UTFMax]byte
	for _, b := range buffer[:utf8.EncodeRune(buffer[:], r)] {
		v.add(b, from, to)
	}
}

// undoing looks for needles behind encodings.
type undoing struct {
	index *index
	left  int // bytes that may still come of it

	scratch []byte
	found   []span
}

// undo gives what the needles hide in s behind encodings, at the cost of left, of which it gives the rest: below 0 where that
// did not suffice. It is given as 0 where it was below before and no more was needed.
func (x *index) undo(s string, left int) ([]span, int) {
	if !x.promises(s) {
		return nil, max(left, 0)
	}
	u := undoing{index: x, left: max(left, 0)} // what has nothing to undo takes nothing
	u.layer(s, nil, 1)
	return u.found, u.left
}

// promises tells at a glance whether anything in s may be undone: an escape, zero bytes as UTF-16 has them, or digits enough on end.
// Most texts have none of these.
func (x *index) promises(s string) bool {
	begin, zeros := 0, 0 // of what may be base64
	for i := range len(s) {
		c := classes[s[i]]
		if c&(isSextet|isFold) != 0 {
			continue
		}
		if i-begin >= x.least*4/3 {
			return true
		}
		begin = i + 1
		switch {
		case s[i] == 0:
			if zeros++; zeros >= x.least-1 {
				return true
			}
		case c&isEscape != 0:
			if atEscape(s[i:]) {
				return true
			}
		}
	}
	return len(s)-begin >= x.least*4/3 || series(s, x.least)
}

// series tells whether so many numbers may stand behind each other in s as hex and decimals undo them. There may be fewer; where there
// are as many, it tells.
func series(s string, least int) bool {
	var small decimals
	pairs, behind := 0, 0
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&isHex == 0 {
			continue
		}
		if i-behind > maxBetween {
			pairs = 0
		}
		begin := i
		for ; i < len(s) && classes[s[i]]&isHex != 0; i++ {
			if s[i] <= '9' && small.digit(i) >= least {
				return true
			}
		}
		digits := i - begin
		if pairs += digits / 2; pairs >= least {
			return true
		}
		if digits%2 == 1 && !prefix(s, i-1) { // none that began before goes on behind it
			pairs = digits / 2
		}
		behind = i
	}
	return false
}

// decimals counts numbers of up to three digits that stand behind each other.
type decimals struct{ numbers, digits, behind int }

// digit goes on with the digit at i.
func (d *decimals) digit(i int) int {
	if d.behind != i || d.digits == 0 {
		if i-d.behind > maxBetween || d.digits > 3 {
			d.numbers = 0
		}
		d.numbers, d.digits = d.numbers+1, 0
	}
	d.digits++
	d.behind = i + 1
	return d.numbers
}

// What a byte may be, as bits.
const (
	isEscape  = 1 << iota // it begins an escape
	isSextet              // base64
	isQuintet             // base32
	isHex
	isDigit
	isFold // it ends a line
)

// classes is what each byte may be.
var classes = func() (all [256]uint8) {
	for i := range all {
		c := byte(i) // #nosec G115 -- up to 255
		for class, is := range map[uint8]bool{
			isEscape: strings.IndexByte("%\\&=\x00", c) >= 0, isSextet: sextet(c) >= 0, isQuintet: quintet(c) >= 0,
			isHex: c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f', isDigit: c >= '0' && c <= '9', isFold: c == '\r' || c == '\n',
		} {
			if is {
				all[i] |= class
			}
		}
	}
	return all
}()

// is tells whether a byte is of a class.
func is(c byte, class uint8) bool { return classes[c]&class != 0 }

// layer undoes what one layer of a text may be encoded by; outer is the view that the text is of, nil for the original.
func (u *undoing) layer(text string, outer *view, depth int) {
	for start := 0; start < len(text) && u.left >= 0; {
		end := line(text, start)
		plain, css := hasEscapes(text[start:end])
		if plain {
			var v view
			v.unescape(text[:end], start, escape)
			u.take(&v, outer, depth)
		}
		if css {
			var v view
			v.unescape(text[:end], start, inCSS)
			u.take(&v, outer, depth)
		}
		start = end
	}
	for i := 0; i < len(text) && u.left >= 0; {
		end := run(text, i, isSextet)
		if end-i >= u.index.least*4/3 {
			u.base64(text, i, end, outer, depth)
		}
		i = max(end, i) + 1
	}
	if series(text, u.index.least) {
		u.hex(text, outer, depth)
		u.decimals(text, outer, depth)
	}
}

// take looks through a view, and through what it may be encoded by in turn.
func (u *undoing) take(v, outer *view, depth int) {
	if u.left -= len(v.text); u.left < 0 || len(v.text) < u.index.least {
		return
	}
	if outer != nil {
		for i := range v.from {
			v.from[i], v.to[i] = outer.from[v.from[i]], outer.to[v.to[i]-1]
		}
	}
	text := string(v.text)
	for _, at := range u.find(text) {
		if at.end-at.start >= minUndone {
			u.found = append(u.found, span{int(v.from[at.start]), int(v.to[at.end-1])})
		}
	}
	if depth < maxLayers && u.index.promises(text) {
		u.layer(text, v, depth+1)
	}
}

// find looks through what came of undoing. The bytes of that are counted already, and so what it takes beyond is counted alone.
func (u *undoing) find(text string) []span {
	found, work := u.index.find(text)
	u.left -= work - len(text)
	return found
}

// base64 undoes a stretch of characters that base64 and base32 are written in, at each alignment: what stands before may be no
// part of it.
func (u *undoing) base64(text string, start, end int, outer *view, depth int) {
	for phase := range 4 {
		u.joined(text[:end], start+phase, 6, &sextets, outer, depth)
	}
	for i := start; i < end; {
		stop := min(end, run(text, i, isQuintet))
		if stop-i >= u.index.least*8/5 {
			for phase := range 8 {
				u.joined(text[:stop], i+phase, 5, &quintets, outer, depth)
			}
		}
		i = stop + 1
	}
}

// joined looks through what the bits of characters from start on are together. What is nothing of interest, as nearly all, is seen
// before it is noted where each of its bytes stands.
func (u *undoing) joined(text string, start, width int, value *[256]int8, outer *view, depth int) {
	u.scratch = u.scratch[:0]
	acc, have := 0, 0
	for i := start; i < len(text); i++ {
		if n := int(value[text[i]]); n >= 0 {
			if acc, have = acc<<width|n, have+width; have >= 8 {
				have -= 8
				u.scratch = append(u.scratch, byte(acc>>have))
				acc &= 1<<have - 1
			}
		}
	}
	if u.left -= len(u.scratch); u.left < 0 || len(u.scratch) < u.index.least || width == 6 && !readable(u.scratch, u.index.least/2) {
		return
	}
	if seen := string(u.scratch); len(u.find(seen)) == 0 && (depth == maxLayers || !u.index.promises(seen)) {
		return
	}
	var v view
	v.bits(text, start, width, value)
	u.take(&v, outer, depth)
}

// readable tells whether there is a stretch in bytes that may be text, of about so many bytes, as every further encoding is; what
// base64 makes of a secret itself is looked for in any text. In noise three bytes of eight look like text.
func readable(bytes []byte, enough int) bool {
	score := 0
	for _, b := range bytes {
		if b >= ' ' && b <= '~' || b == 0 {
			if score++; score >= enough {
				return true
			}
		} else {
			score = max(0, score-2)
		}
	}
	return false
}

// bits joins the bits that characters stand for, line ends aside, and notes where each byte of them stands.
func (v *view) bits(text string, start, width int, value *[256]int8) {
	acc, have, from := 0, 0, start
	for i := start; i < len(text); i++ {
		n := int(value[text[i]])
		if n < 0 {
			continue
		}
		if have == 0 {
			from = i
		}
		acc, have = acc<<width|n, have+width
		if have >= 8 {
			have -= 8
			v.add(byte(acc>>have), from, i+1)
			acc &= 1<<have - 1
			from = i
		}
	}
}

// run is where the stretch ends that begins at i; line ends within count as part of it, as mails fold base64. None begins with one: line
// ends without end would be gone through from each.
func run(text string, i int, class uint8) int {
	end := i
	if !is(text[i], class) {
		return i
	}
	for ; i < len(text) && is(text[i], class|isFold); i++ {
		if is(text[i], class) {
			end = i + 1
		}
	}
	return end
}

// What each byte stands for in base64 and in base32.
var sextets, quintets = func() (six, five [256]int8) {
	for i := range six {
		six[i], five[i] = int8(sextet(byte(i))), int8(quintet(byte(i))) // #nosec G115 -- up to 63
	}
	return six, five
}()

// sextet is what a character stands for in base64, of either alphabet (RFC 4648 sections 4 and 5); -1 for none.
func sextet(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 26
	case c >= '0' && c <= '9':
		return int(c-'0') + 52
	case c == '+', c == '-':
		return 62
	case c == '/', c == '_':
		return 63
	}
	return -1
}

// quintet is what a character stands for in base32 (RFC 4648 section 6), in either case.
func quintet(c byte) int {
	switch {
	case c >= 'A' && c <= 'Z':
		return int(c - 'A')
	case c >= 'a' && c <= 'z':
		return int(c - 'a')
	case c >= '2' && c <= '7':
		return int(c-'2') + 26
	}
	return -1
}

// maxBetween is how many bytes may stand between two numbers that are read as bytes: as much as `", "0x`.
const maxBetween = 6

// hex undoes stretches of hexadecimal digits, whatever stands between two and two of them, and in whatever case.
func (u *undoing) hex(text string, outer *view, depth int) {
	for i := 0; i+1 < len(text) && u.left >= 0; i++ {
		if !is(text[i], isHex) || !is(text[i+1], isHex) {
			continue
		}
		n, end := pairs(text, i, nil)
		for first := i; n >= u.index.least && first < i+2; first++ { // which two digits belong together may not show
			v := newView(n)
			pairs(text, first, v)
			u.take(v, outer, depth)
		}
		i = max(i, end-2) // the last digit may belong to one that is left over
	}
}

// pairs reads pairs of digits from i on, into v where there is one: how many, and where they end.
func pairs(text string, i int, v *view) (n, end int) {
	for i+1 < len(text) && is(text[i], isHex) && is(text[i+1], isHex) {
		if n++; v != nil {
			v.add(unhex(text[i])<<4|unhex(text[i+1]), i, i+2)
		}
		end = i + 2
		for i = end; i < len(text) && i-end < maxBetween && (!is(text[i], isHex) || prefix(text, i)); {
			i++
		}
	}
	return n, end
}

// prefix tells whether the 0 of 0x stands at i.
func prefix(text string, i int) bool {
	return i >= 0 && i+1 < len(text) && text[i] == '0' && text[i+1]|0x20 == 'x'
}

// decimals undoes lists of the numbers that bytes are, as JSON writes arrays, whatever stands between them.
func (u *undoing) decimals(text string, outer *view, depth int) {
	for i := 0; i < len(text) && u.left >= 0; i++ {
		if !is(text[i], isDigit) {
			continue
		}
		n, end := numbers(text, i, nil)
		if n >= u.index.least {
			v := newView(n)
			numbers(text, i, v)
			u.take(v, outer, depth)
		}
		i = end - 1
	}
}

// numbers reads numbers up to 255 from i on, into v where there is one: how many, and where what was read ends.
func numbers(text string, i int, v *view) (n, end int) {
	for i < len(text) && is(text[i], isDigit) {
		value := 0
		for end = i; end < len(text) && is(text[end], isDigit); end++ {
			value = min(10*value+int(text[end]-'0'), 256)
		}
		if end-i > 3 || value > 255 {
			return n, end
		}
		if n++; v != nil {
			v.add(byte(value), i, end) // #nosec G115 -- up to 255
		}
		for i = end; i < len(text) && i-end < maxBetween && !is(text[i], isDigit); {
			i++
		}
	}
	return n, end
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
