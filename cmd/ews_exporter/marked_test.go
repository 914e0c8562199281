package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"html"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// mark makes a secret of a name. Both its ends are of letters and digits, so that they are found in a part of it too,
// and unlike anything else. Between them stands what URLs, HTML, JSON and YAML escape.
func mark(name string) string {
	return "zQ7x" + name + `9kVw&"<+ %/` + `\` + "uT3m" + name + "8rJp"
}

// markToken is a mark that can stand in an Authorization field.
func markToken(name string) string { return "zQ7x" + name + "9kVw-._~+/uT3m" + name + "8rJp" }

// shapes are the forms in which a marked secret, or either of its ends, could show: as it is, in hex, and in base64 at
// each alignment, also of UTF-16. What URLs, JSON and HTML escape is between the ends.
func shapes(secret string) []string {
	const end = 8
	var all []string
	for _, part := range []string{secret[:end], secret[len(secret)-end:]} {
		for _, raw := range []string{part, wide(part)} {
			lower := hex.EncodeToString([]byte(raw))
			all = append(all, raw, lower, strings.ToUpper(lower))
			for before := range 3 {
				encoded := base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + raw))
				inside := encoded[(8*before+5)/6 : 8*(before+len(raw))/6] // what its bits alone decide
				all = append(all, inside, strings.NewReplacer("-", "+", "_", "/").Replace(inside))
			}
		}
	}
	return all
}

// wide is text in UTF-16LE, as NTLM writes it.
func wide(s string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(unit))
		b.WriteByte(byte(unit >> 8))
	}
	return b.String()
}

// encoded is a secret in the forms in which targets may show it, in one line.
func encoded(secret string) string {
	std, hexed := base64.StdEncoding, hex.EncodeToString([]byte(secret))
	return strings.Join([]string{
		std.EncodeToString([]byte(secret)), std.EncodeToString([]byte("u:" + secret + ":")), std.EncodeToString([]byte("d\\u:" + secret)),
		base64.RawURLEncoding.EncodeToString([]byte(secret)), std.EncodeToString([]byte(wide(secret))),
		hexed, strings.ToUpper(hexed), url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
	}, " ")
}

// leaks looks for marked secrets in what was shown somewhere. It is safe for concurrent use.
type leaks struct {
	shapes [1 << 16][]shape // by their first two bytes, so that a text is gone through once for all of them

	mu    sync.Mutex
	found map[string]bool // whose and where, told already
}

// shape is a form of a secret.
type shape struct{ text, of string }

func newLeaks(secrets map[string]string) *leaks {
	l := &leaks{found: map[string]bool{}}
	for name, secret := range secrets {
		for _, text := range shapes(secret) {
			begin := binary.BigEndian.Uint16([]byte(text))
			if s := (shape{text, name}); !slices.Contains(l.shapes[begin], s) {
				l.shapes[begin] = append(l.shapes[begin], s)
			}
		}
	}
	return l
}

// look reports each secret that is in text, once for each place.
func (l *leaks) look(t *testing.T, where, text string) {
	t.Helper()
	for at := range max(0, len(text)-1) {
		for _, s := range l.shapes[uint16(text[at])<<8|uint16(text[at+1])] {
			if strings.HasPrefix(text[at:], s.text) && l.first(s.of+" in "+where) {
				t.Errorf("the secret %s shows in %s, as %q: …%q…", s.of, where, s.text, text[max(0, at-120):min(len(text), at+120)])
			}
		}
	}
}

// first tells whether that was not told before.
func (l *leaks) first(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.found[what]
	l.found[what] = true
	return !before
}
