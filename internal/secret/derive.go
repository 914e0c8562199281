package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// minDerived is the fewest characters of a derived form that are looked for: shorter ones turn up in any text.
const minDerived = 3

// maxDerived is how much of a value its forms are made of: there are some two hundred, and a target may hand out a token
// of any length.
const maxDerived = 512

// derive returns what to look for when value is secret, without doubles.
func derive(value string) []needle {
	head := value[:headLength(value)]
	rest := value[len(head):]
	needles := []needle{{text: head, rest: rest}}
	known := map[string]bool{head: true}
	add := func(text string, f needle) {
		if len(text) >= minDerived && !known[text] {
			known[text] = true
			needles = append(needles, needle{text: text, left: f.left, right: f.right, open: rest != ""})
		}
	}
	for _, f := range forms(head) {
		for _, text := range escapes(f.text) {
			add(text, f)
		}
	}
	for _, text := range escapes(head) { // which a message of ours may quote by %q
		add(inner(strconv.Quote(text)), needle{})
	}
	return needles
}

// headLength is maxDerived, or up to three bytes less: a character that is cut in two is written in other ways than whole.
func headLength(value string) int {
	if len(value) <= maxDerived {
		return len(value)
	}
	for n := maxDerived; n > maxDerived-utf8.UTFMax; n-- {
		if utf8.RuneStart(value[n]) {
			return n
		}
	}
	return maxDerived
}

// forms returns the value and its encodings: as it is and in UTF-16LE, each also in hex and base64.
func forms(value string) []needle {
	var all []needle
	if other := utf16BE(value); len(other) != 2*len(value) { // of ASCII alone, undoing finds it
		all = append(all, needle{text: other})
	}
	for _, raw := range []string{value, utf16LE(value)} {
		lower := hex.EncodeToString([]byte(raw))
		all = append(all, needle{text: raw}, needle{text: lower}, needle{text: strings.ToUpper(lower)})
		for offset := range 3 {
			all = append(all, base64At(base64.RawStdEncoding, offset, raw), base64At(base64.RawURLEncoding, offset, raw))
		}
	}
	return all
}

// utf16LE is how NTLM writes text ([MS-NLMP] §2.2).
func utf16LE(s string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

// utf16BE is the same with the high byte first, as the internet's other protocols write it (RFC 2781 section 3.3).
func utf16BE(s string) string {
	b := []byte(utf16LE(s))
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// base64At returns the characters that raw alone decides when it stands offset bytes into what is encoded. A character
// is six bits (RFC 4648 §4), so those at either end may be shared with what stands beside raw.
func base64At(enc *base64.Encoding, offset int, raw string) needle {
	encoded := enc.EncodeToString([]byte(strings.Repeat("\x00", offset) + raw))
	bits := 8 * (offset + len(raw))
	start, end := (8*offset+5)/6, bits/6
	if start > end {
		return needle{}
	}
	return needle{text: encoded[start:end], left: offset != 0, right: bits%6 != 0}
}

// escapes returns the ways in which URLs, JSON, HTML, Go's %q and package plain write text, the text itself first.
func escapes(text string) []string {
	all := []string{text}
	if !strings.ContainsFunc(text, escaped) {
		return all
	}
	query := url.QueryEscape(text)
	for _, s := range []string{query, strings.ReplaceAll(query, "+", "%20"), url.PathEscape(text)} {
		all = append(all, s, lowerPercent(s))
	}
	for _, s := range []string{jsonText(text, true), jsonText(text, false), inner(strconv.Quote(text))} {
		all = append(all, s, strings.ReplaceAll(s, "/", `\/`))
	}
	inHTML := html.EscapeString(text) // &#34; and &#39;, as encoding/xml and browsers' tools write them
	quot := strings.ReplaceAll(inHTML, "&#34;", "&quot;")
	all = append(all, inHTML, quot, strings.ReplaceAll(quot, "&#39;", "&apos;"), textNode.Replace(text))
	return append(all, plain.Escape(text), plain.Escape(strings.Join(strings.Fields(text), " "))) // as what a target says is shown
}

// escaped tells whether something writes a character in another way: all but RFC 3986's unreserved ones.
func escaped(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-._~", c)
}

// lowerPercent writes %2F as %2f.
func lowerPercent(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			b[i+1], b[i+2] = lower(b[i+1]), lower(b[i+2])
			i += 2
		}
	}
	return string(b)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'F' {
		c += 'a' - 'A'
	}
	return c
}

var textNode = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// jsonText returns text as the inside of a JSON string; forHTML also escapes <, > and &.
func jsonText(text string, forHTML bool) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(forHTML)
	_ = enc.Encode(text) // a string is always encoded
	return inner(strings.TrimSuffix(b.String(), "\n"))
}

// inner takes the quotation marks off.
func inner(quoted string) string { return quoted[1 : len(quoted)-1] }
