// Package plain makes text from a target harmless: for a terminal, a log, a page copied from, and a metric's label.
package plain

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLabel is the most bytes of a target's text that a label holds.
const maxLabel = 128

// unsafe tells whether a rune must not reach a reader as it is: control characters drive terminals, and format
// characters (the bidirectional ones above all) make text read differently from what it is.
func unsafe(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// ordinary tells whether s is printable ASCII alone, as nearly everything is.
func ordinary(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// Escape returns s with control and format characters written as \u escapes (those of JSON: beyond U+FFFF as a
// surrogate pair) and invalid UTF-8 as U+FFFD. Line feeds and tabs are escaped too.
func Escape(s string) string { return escape(s, "") }

// Lines is Escape for text of several lines: it keeps line feeds and tabs.
func Lines(s string) string { return escape(s, "\n\t") }

func escape(s, keep string) string {
	if ordinary(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !unsafe(r) || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			unit(&b, high)
			unit(&b, low)
		default:
			unit(&b, r)
		}
	}
	return b.String()
}

// unit writes one UTF-16 code unit as \uXXXX.
func unit(b *strings.Builder, r rune) {
	const digits = "0123456789abcdef"
	b.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 {
		b.WriteByte(digits[r>>shift&0xF])
	}
}

// Label returns s as a label value: valid UTF-8, control and format characters replaced by U+FFFD, at most 128 bytes.
func Label(s string) string {
	if len(s) <= maxLabel && ordinary(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unsafe(r) {
			r = utf8.RuneError
		}
		if b.Len()+utf8.RuneLen(r) > maxLabel {
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Text returns the beginning of s as one line for a person: white space collapsed, the rest as Escape gives it, at
// most limit bytes, with an ellipsis on top where more came.
func Text(s string, limit int) string {
	s = Escape(strings.Join(strings.Fields(s), " "))
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

// Cut returns s in at most n bytes, ending in an ellipsis where something was left out; no character is cut in two.
func Cut(s string, n int) string {
	const ellipsis = "…"
	if len(s) <= n {
		return s
	}
	n -= len(ellipsis)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + ellipsis
}
