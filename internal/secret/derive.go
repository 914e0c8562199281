package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// minDerived is the fewest characters of a derived form that are looked for: shorter ones turn up in any text.
const minDerived = 3

// needle is a text to look for. In base64 the characters beside it may hold a few more bits of the secret: left and
// right say whether to hide one more on that side.
type needle struct {
	text        string
	left, right bool
}

// find appends where the needle is in s to found. Occurrences that overlap each other make one span.
func (n needle) find(s string, found []span) []span {
	first := len(found)
	for from := 0; ; {
		i := strings.Index(s[from:], n.text)
		if i < 0 {
			return found
		}
		at := span{start: from + i, end: from + i + len(n.text)}
		from = at.start + 1
		if n.left && at.start > 0 && isBase64(s[at.start-1]) {
			at.start--
		}
		if n.right && at.end < len(s) && isBase64(s[at.end]) {
			at.end++
		}
		if last := len(found) - 1; last >= first && at.start <= found[last].end {
			found[last].end = at.end
			continue
		}
		found = append(found, at)
	}
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("+/-_", c) >= 0
}

// derive returns what to look for when value is secret, without doubles.
func derive(value string) []needle {
	needles := []needle{{text: value}}
	known := map[string]bool{value: true}
	for _, f := range forms(value) {
		for _, text := range escapes(f.text) {
			if len(text) >= minDerived && !known[text] {
				known[text] = true
				needles = append(needles, needle{text, f.left, f.right})
			}
		}
	}
	return needles
}

// forms returns the value and its encodings: as it is and in UTF-16LE, each also in hex and base64.
func forms(value string) []needle {
	var all []needle
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

// escapes returns the ways in which URLs, JSON, HTML and Go's %q write text, the text itself first.
func escapes(text string) []string {
	all := []string{text}
	query := url.QueryEscape(text)
	for _, s := range []string{query, strings.ReplaceAll(query, "+", "%20"), url.PathEscape(text)} {
		all = append(all, s, percent.ReplaceAllStringFunc(s, strings.ToLower))
	}
	for _, s := range []string{jsonText(text, true), jsonText(text, false), inner(strconv.Quote(text))} {
		all = append(all, s, strings.ReplaceAll(s, "/", `\/`))
	}
	escaped := html.EscapeString(text) // &#34; and &#39;, as encoding/xml and browsers' tools write them
	quot := strings.ReplaceAll(escaped, "&#34;", "&quot;")
	return append(all, escaped, quot, strings.ReplaceAll(quot, "&#39;", "&apos;"), textNode.Replace(text))
}

var (
	percent  = regexp.MustCompile(`%[0-9A-F]{2}`)
	textNode = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

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
