package secret

import (
	"html"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// line is where the line ends that begins at start, with those that quoted-printable goes on with behind its soft ends.
func line(text string, start int) int {
	for i := start; i < len(text); i++ {
		if text[i] == '\n' && !strings.HasSuffix(strings.TrimSuffix(text[start:i], "\r"), "=") {
			return i + 1
		}
	}
	return len(text)
}

// hasEscapes tells whether there is anything for unescape.
func hasEscapes(text string) bool {
	for i := range len(text) {
		if is(text[i], isEscape) {
			if n, _, _ := escape(text[i:]); n > 0 {
				return true
			}
		}
	}
	return false
}

// unescape undoes the escapes of URLs, JSON, JavaScript and C, HTML and quoted-printable, all at once, and leaves out zero bytes,
// which UTF-16 has in most texts.
func (v *view) unescape(text string, start int) {
	for i := start; i < len(text); {
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
func escape(text string) (n int, r rune, raw bool) {
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
func digits(text string, at, count, base int) (n int, r rune) {
	if len(text) < at+count {
		return 0, 0
	}
	value, err := strconv.ParseUint(text[at:at+count], base, 32)
	if err != nil {
		return 0, 0
	}
	return at + count, rune(value) // #nosec G115 -- eight digits, and what is no character is replaced
}

// unit reads \uXXXX or %uXXXX, and the second half of a pair.
func unit(text string) (n int, r rune, raw bool) {
	n, r = digits(text, 2, 4, 16)
	if n > 0 && utf16.IsSurrogate(r) && len(text) > n+1 && text[n] == text[0] {
		if second, low := digits(text[n:], 2, 4, 16); second > 0 {
			return n + second, utf16.DecodeRune(r, low), false
		}
	}
	return n, r, false
}

func backslash(text string) (n int, r rune, raw bool) {
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
func reference(text string) (n int, r rune, raw bool) {
	end := 1
	for end < len(text) && end < maxReference && (text[end] == '#' || sextet(text[end]) >= 0) {
		end++
	}
	if end < len(text) && text[end] == ';' {
		end++
	} else if end < 3 || text[1] != '#' {
		return 0, 0, false
	}
	whole := text[:end]
	if stands := html.UnescapeString(whole); stands != whole {
		r, size := utf8.DecodeRuneInString(stands)
		return end - (len(stands) - size), r, false // what follows a number without a semicolon stays
	}
	return 0, 0, false
}
