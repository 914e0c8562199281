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

// hasEscapes tells whether there is anything for unescape, by escape and by inCSS: where that is the same, by one of them.
func hasEscapes(text string) (plain, css bool) {
	for i := 0; i < len(text) && (!plain || !css); i++ {
		if is(text[i], isEscape) {
			n, _, _ := escape(text[i:])
			plain = plain || n > 0
			css = css || beginsCSS(text[i:])
		}
	}
	return plain, css
}

// atEscape tells whether a text begins with an escape.
func atEscape(text string) bool {
	n, _, _ := escape(text)
	return n > 0 || beginsCSS(text)
}

// unescape undoes escapes, all at once: those of URLs, JSON, JavaScript and C, HTML and quoted-printable, or with read inCSS those of
// CSS in place of C's. It leaves out zero bytes, which UTF-16 has in most texts.
func (v *view) unescape(text string, start int, read func(string) (int, rune, bool)) {
	for i := start; i < len(text); {
		n, r, raw := 0, rune(0), false
		if is(text[i], isEscape) {
			n, r, raw = read(text[i:])
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

// beginsCSS tells whether a text begins with an escape of CSS that is a number.
func beginsCSS(text string) bool { return len(text) > 1 && text[0] == '\\' && is(text[1], isHex) }

// inCSS is escape, with the escapes of CSS: up to six hexadecimal digits, which a blank may end.
func inCSS(text string) (n int, r rune, raw bool) {
	if !beginsCSS(text) {
		return escape(text)
	}
	end := 1
	for end < min(len(text), 7) && is(text[end], isHex) {
		end++
	}
	n, r = digits(text, 1, end-1, 16)
	if end < len(text) && strings.IndexByte(" \t\r\n\f", text[end]) >= 0 {
		n++
	}
	return n, r, false
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
	case (c == 'u' || c == 'x' || c == 'o') && len(text) > 2 && text[2] == '{':
		return braced(text)
	case c == 'u':
		return unit(text)
	case c == 'U':
		n, r = digits(text, 2, 8, 16)
		return n, r, false
	case c == 'x', c == 'X':
		n, r = digits(text, 2, 2, 16)
		return n, r, true
	case c >= '0' && c <= '7':
		n, r = octal(text)
		return n, r, true
	case strings.IndexByte(`"'/\`, c) >= 0:
		return 2, rune(c), true
	}
	return 0, 0, false
}

// braced reads \u{53}, \x{53} or \o{123}.
func braced(text string) (n int, r rune, raw bool) {
	base := 16
	if text[1] == 'o' {
		base = 8
	}
	for length := 1; length <= 7 && len(text) > 3+length; length++ {
		if text[3+length] == '}' {
			if n, r = digits(text, 3, length, base); n > 0 {
				n++
			}
			return n, r, false
		}
	}
	return 0, 0, false
}

// octal reads as many digits behind a backslash as make a byte.
func octal(text string) (n int, r rune) {
	for n = 1; n < min(len(text), 4) && text[n] >= '0' && text[n] <= '7' && r<<3 < 256; n++ {
		r = r<<3 | rune(text[n]-'0')
	}
	return n, r
}

// maxReference is the longest name of a character that is read, in bytes; the longest there is has 33.
const maxReference = 36

// reference reads a reference of HTML or XML: &#83; &#x53; &dollar;
func reference(text string) (n int, r rune, raw bool) {
	if strings.HasPrefix(text, "&#") {
		return numeric(text)
	}
	end := 1
	for end < len(text) && end < maxReference && sextet(text[end]) >= 0 {
		end++
	}
	if end == len(text) || text[end] != ';' {
		return 0, 0, false
	}
	whole := text[:end+1]
	if stands := html.UnescapeString(whole); stands != whole {
		r, size := utf8.DecodeRuneInString(stands)
		return len(whole) - (len(stands) - size), r, false
	}
	return 0, 0, false
}

// numeric reads a reference by number, however many zeros it begins with; the semicolon may lack.
func numeric(text string) (n int, r rune, raw bool) {
	begin, class := "&#", uint8(isDigit)
	if len(text) > 2 && text[2]|0x20 == 'x' {
		begin, class = "&#x", isHex
	}
	end := len(begin)
	for end < len(text) && text[end] == '0' {
		end++
	}
	number := end
	for end < len(text) && is(text[end], class) {
		end++
	}
	if end == len(begin) {
		return 0, 0, false
	}
	r = utf8.RuneError
	if end > number && end-number < 9 {
		r, _ = utf8.DecodeRuneInString(html.UnescapeString(begin + text[number:end] + ";"))
	}
	if end < len(text) && text[end] == ';' {
		end++
	}
	return end, r, false
}
