package secret

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// What a target repeats it may write in more ways than can be listed: every byte escaped, hex with blanks, one encoding within
// another. So encodings are undone, and what comes of it is looked through as the text itself is.

// The bounds of that. What a text costs is bounded by its length, and what a probe's texts cost in sum by undoAll: beyond it a
// text that has anything to be undone is hidden as a whole, as nobody can tell.
const (
	maxUndone = 32 << 10 // bytes at a text's beginning; less is kept of any
	maxLayers = 3        // of encodings within each other
	undoAll   = 8 << 20  // bytes that may come of undoing, for all texts of a redactor
	minUndone = 4        // bytes of what is looked for there; fewer stand in what comes of any text
)

// view is what comes of undoing an encoding: a text, and where in the original each of its bytes stands.
type view struct {
	text     []byte
	from, to []int32
}

func (v *view) add(b byte, from, to int) {
	v.text = append(v.text, b)
	v.from, v.to = append(v.from, int32(from)), append(v.to, int32(to)) // #nosec G115 -- within maxUndone
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
	found []span
}

// undo gives what the needles hide in s behind encodings, at the cost of left, of which it gives the rest: below 0 where that
// did not suffice. It is given as 0 where it was below before and no more was needed.
func (x *index) undo(s string, left int) ([]span, int) {
	s = s[:min(len(s), maxUndone)]
	if !x.promises(s) {
		return nil, max(left, 0)
	}
	u := undoing{index: x, left: max(left, 0)} // what has nothing to undo takes nothing
	u.layer([]byte(s), nil, 1)
	return u.found, u.left
}

// promises tells at a glance whether anything in s may be undone: an escape, or digits enough on end. Most texts have neither.
func (x *index) promises(s string) bool {
	letters, pairs := 0, 0
	for i := range len(s) {
		c := classes[s[i]]
		switch {
		case c&isEscape != 0 && (s[i] != '=' || i+2 < len(s) && is(s[i+1], isHex|isBetween) && is(s[i+2], isHex|isBetween)):
			return true
		case c&isSextet != 0:
			if letters++; letters >= x.least*4/3 {
				return true
			}
		default:
			letters = 0
		}
		switch {
		case c&isHex != 0:
			if pairs++; pairs >= 2*x.least {
				return true
			}
		case c&isBetween == 0:
			pairs = 0
		}
	}
	return false
}

// What a byte may be, as bits.
const (
	isEscape  = 1 << iota // it begins an escape
	isSextet              // base64
	isQuintet             // base32
	isHex
	isBetween // it stands between two pairs of hexadecimal digits
)

// classes is what each byte may be.
var classes = func() (all [256]uint8) {
	for i := range all {
		c := byte(i) // #nosec G115 -- up to 255
		for class, is := range map[uint8]bool{
			isEscape: strings.IndexByte("%\\&=\x00", c) >= 0, isSextet: sextet(c) >= 0, isQuintet: quintet(c) >= 0,
			isHex: c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f', isBetween: strings.IndexByte(" :-.,;_|/\t\r\nxX", c) >= 0,
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
func (u *undoing) layer(text []byte, outer *view, depth int) {
	if hasEscapes(text) {
		var v view
		v.unescape(text)
		u.take(&v, outer, depth)
	}
	for i := 0; i < len(text) && u.left >= 0; {
		end := run(text, i, isSextet)
		if end-i >= u.index.least*4/3 {
			u.base64(text, i, end, outer, depth)
		}
		i = max(end, i) + 1
	}
	u.hex(text, outer, depth)
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
	for _, at := range u.index.find(string(v.text)) {
		if at.end-at.start >= minUndone {
			u.found = append(u.found, span{int(v.from[at.start]), int(v.to[at.end-1])})
		}
	}
	if depth < maxLayers {
		u.layer(v.text, v, depth+1)
	}
}

// base64 undoes a stretch of characters that base64 and base32 are written in, at each alignment: what stands before may be no
// part of it.
func (u *undoing) base64(text []byte, start, end int, outer *view, depth int) {
	for phase := range 4 {
		var v view
		v.bits(text, start+phase, end, 6, sextet)
		u.take(&v, outer, depth)
	}
	for i := start; i < end; {
		stop := min(end, run(text, i, isQuintet))
		if stop-i >= u.index.least*8/5 {
			for phase := range 8 {
				var v view
				v.bits(text, i+phase, stop, 5, quintet)
				u.take(&v, outer, depth)
			}
		}
		i = stop + 1
	}
}

// bits joins the bits that characters stand for, line ends aside.
func (v *view) bits(text []byte, start, end, width int, value func(byte) int) {
	acc, have, from := 0, 0, start
	for i := start; i < end; i++ {
		n := value(text[i])
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

// run is where the stretch ends that begins at i; line ends within a long one count as part of it, as mails fold base64.
func run(text []byte, i int, class uint8) int {
	for line := i; i < len(text); i++ {
		if is(text[i], class) {
			continue
		}
		next := i
		for next < len(text) && (text[next] == '\r' || text[next] == '\n') {
			next++
		}
		if next == i || next == len(text) || !is(text[next], class) || i-line < 60 {
			return i
		}
		i, line = next-1, next
	}
	return i
}

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

// hex undoes stretches of hexadecimal digits, whatever stands between two and two of them, and in whatever case.
func (u *undoing) hex(text []byte, outer *view, depth int) {
	for i := 0; i+1 < len(text) && u.left >= 0; i++ {
		if !is(text[i], isHex) || !is(text[i+1], isHex) {
			continue
		}
		n, end := pairs(text, i, nil)
		for first := i; n >= u.index.least && first < i+2; first++ { // which two digits belong together may not show
			var v view
			pairs(text, first, &v)
			u.take(&v, outer, depth)
		}
		i = max(i, end-1)
	}
}

// pairs reads pairs of digits from i on, into v where there is one: how many, and where they end.
func pairs(text []byte, i int, v *view) (n, end int) {
	for i+1 < len(text) && is(text[i], isHex) && is(text[i+1], isHex) {
		if n++; v != nil {
			v.add(unhex(text[i])<<4|unhex(text[i+1]), i, i+2)
		}
		i += 2
		next := i
		for next < len(text) && next-i < 4 && is(text[next], isBetween) && text[next]|0x20 != 'x' {
			next++
		}
		if next+2 < len(text) && (text[next] == '0' || text[next] == '\\') && text[next+1]|0x20 == 'x' {
			next += 2
		}
		if next+1 >= len(text) || !is(text[next], isHex) || !is(text[next+1], isHex) {
			return n, i
		}
		i = next
	}
	return n, i
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// hasEscapes tells whether there is anything for unescape.
func hasEscapes(text []byte) bool {
	for i, c := range text {
		if is(c, isEscape) {
			if n, _, _ := escape(text[i:]); n > 0 {
				return true
			}
		}
	}
	return false
}

// unescape undoes the escapes of URLs, JSON, JavaScript and C, HTML and quoted-printable, all at once, and leaves out zero bytes,
// which UTF-16 has in most texts.
func (v *view) unescape(text []byte) {
	for i := 0; i < len(text); {
		n, r, raw := 0, rune(0), false
		if is(text[i], isEscape) {
			n, r, raw = escape(text[i:])
		}
		switch {
		case n == 0:
			v.add(text[i], i, i+1)
			n = 1
		case raw && r >= 0:
			v.add(byte(r), i, i+n)
		case r >= 0:
			v.rune(r, i, i+n)
		}
		i += n
	}
}

// escape reads an escape that a text begins with: its length, 0 for none, and the character, or raw the byte, that it stands for;
// -1 for nothing.
func escape(text []byte) (n int, r rune, raw bool) {
	switch text[0] {
	case 0:
		return 1, -1, false
	case '%':
		if n, r := digits(text, 1, 2, 16); n > 0 {
			return n, r, true
		}
		if len(text) > 1 && text[1]|0x20 == 'u' {
			return unit(text)
		}
	case '=':
		if n, r := digits(text, 1, 2, 16); n > 0 {
			return n, r, true
		}
		if len(text) > 1 && text[1] == '\n' {
			return 2, -1, false
		}
		if len(text) > 2 && text[1] == '\r' && text[2] == '\n' {
			return 3, -1, false
		}
	case '\\':
		return backslash(text)
	case '&':
		return reference(text)
	}
	return 0, 0, false
}

// digits reads exactly so many digits from at on.
func digits(text []byte, at, count, base int) (n int, r rune) {
	if len(text) < at+count {
		return 0, 0
	}
	value, err := strconv.ParseUint(string(text[at:at+count]), base, 32)
	if err != nil {
		return 0, 0
	}
	return at + count, rune(value) // #nosec G115 -- eight digits, and what is no character is replaced
}

// unit reads \uXXXX or %uXXXX, and the second half of a pair.
func unit(text []byte) (n int, r rune, raw bool) {
	n, r = digits(text, 2, 4, 16)
	if n > 0 && utf16.IsSurrogate(r) && len(text) > n+1 && text[n] == text[0] {
		if second, low := digits(text[n:], 2, 4, 16); second > 0 {
			return n + second, utf16.DecodeRune(r, low), false
		}
	}
	return n, r, false
}

func backslash(text []byte) (n int, r rune, raw bool) {
	if len(text) < 2 {
		return 0, 0, false
	}
	switch c := text[1]; {
	case (c == 'u' || c == 'x') && len(text) > 2 && text[2] == '{':
		for length := 1; length <= 6 && len(text) > 3+length; length++ {
			if text[3+length] == '}' {
				n, r = digits(text, 3, length, 16)
				return n + 1, r, false
			}
		}
		return 0, 0, false
	case c == 'u':
		return unit(text)
	case c == 'U':
		n, r = digits(text, 2, 8, 16)
		return n, r, false
	case c == 'x', c == 'X':
		n, r = digits(text, 2, 2, 16)
		return n, r, true
	case c >= '0' && c <= '3':
		n, r = digits(text, 1, 3, 8)
		return n, r, true
	case strings.IndexByte(`"'/\`, c) >= 0:
		return 2, rune(c), true
	}
	return 0, 0, false
}

// maxReference is the longest reference to a character that is read, in bytes; the longest name has 33.
const maxReference = 36

// reference reads a reference of HTML or XML: &#83; &#x53; &dollar;
func reference(text []byte) (n int, r rune, raw bool) {
	end := 1
	for end < len(text) && end < maxReference && (text[end] == '#' || sextet(text[end]) >= 0) {
		end++
	}
	if end < len(text) && text[end] == ';' {
		end++
	} else if end < 3 || text[1] != '#' {
		return 0, 0, false
	}
	whole := string(text[:end])
	if stands := html.UnescapeString(whole); stands != whole {
		r, size := utf8.DecodeRuneInString(stands)
		return end - (len(stands) - size), r, false // what follows a number without a semicolon stays
	}
	return 0, 0, false
}
