package secret

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"
)

// each writes every character of s by a format.
func each(format, s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

// bytewise writes every byte of s by a format.
func bytewise(format, s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

func inBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
func inBase32(s string) string { return base32.StdEncoding.EncodeToString([]byte(s)) }

// folded writes s, which was padded, in lines of so many characters.
func folded(s string, width int) string {
	s = strings.TrimRight(s, "=")
	var b strings.Builder
	for ; len(s) > width; s = s[width:] {
		b.WriteString(s[:width] + "\r\n")
	}
	return b.String() + s
}

// mixed writes every second letter large.
func mixed(s string) string {
	b := []byte(strings.ToLower(s))
	for i := 0; i < len(b); i += 2 {
		b[i] = strings.ToUpper(string(b[i]))[0]
	}
	return string(b)
}

// TestRedactorUndoesEncodings: what a target repeats is found whatever it escapes, also what no escape would be needed for, and
// in encodings within each other.
func TestRedactorUndoesEncodings(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"S3cret-Horse!", planted} {
		var r Redactor
		r.Add(secret)
		quoted := bytewise("=%02X", secret)
		forms := map[string]string{
			"URL, every byte":                  bytewise("%%%02X", secret),
			"URL, mixed case":                  mixed(bytewise("%%%02x", secret)),
			"URL, twice":                       bytewise("%%25%02x", secret),
			"IIS's URL":                        each("%%u%04X", secret),
			"JSON, every character":            each(`\u%04x`, secret),
			"JSON, mixed case":                 strings.ReplaceAll(mixed(each(`\u%04X`, secret)), `\U`, `\u`),
			"JSON within JSON":                 strings.ReplaceAll(each(`\u%04x`, secret), `\`, `\\`),
			"JavaScript":                       each(`\u{%x}`, secret),
			"C":                                bytewise(`\x%02x`, secret),
			"C, octal":                         bytewise(`\%03o`, secret),
			"Python":                           each(`\U%08x`, secret),
			"HTML":                             each("&#%d;", secret),
			"HTML, hex":                        each("&#x%X;", secret),
			"HTML, zeros":                      each("&#x0000%x;", secret),
			"HTML, 40 zeros":                   each("&#%042d;", secret),
			"HTML, hex, 40 zeros":              each("&#x%042x;", secret),
			"CSS":                              each(`\%x `, secret),
			"CSS, six digits":                  each(`\%06x`, secret),
			"CSS, five digits":                 each(`\%05X `, secret),
			"CSS, one character":               each(`\%x `, secret[:1]) + secret[1:],
			"C, octal, as short as can be":     bytewise(`\%o`, secret),
			"Perl":                             each(`\x{%x}`, secret),
			"Perl, octal":                      each(`\o{%o}`, secret),
			"a JSON array":                     "[" + strings.TrimSuffix(bytewise("%d, ", secret), ", ") + "]",
			"decimals":                         strings.TrimSpace(bytewise("%d ", secret)),
			"decimals, three digits":           strings.TrimSpace(bytewise("%03d\r\n", secret)),
			"decimals of UTF-16":               strings.TrimSuffix(bytewise("%d,", utf16LE(secret)), ","),
			"HTML within HTML":                 each("&amp;#%d;", secret),
			"hex with blanks":                  strings.TrimSpace(bytewise("%02x ", secret)),
			"hex with colons":                  strings.Trim(bytewise("%02X:", secret), ":"),
			"hex with dashes":                  strings.Trim(bytewise("%02x-", secret), "-"),
			"hex with pluses":                  strings.Trim(bytewise("%02x+", secret), "+"),
			"hex with stars":                   strings.Trim(bytewise("%02x*", secret), "*"),
			"hex with four blanks":             strings.TrimSpace(bytewise("%02x    ", secret)),
			"hex in quotes":                    strings.TrimSuffix(strings.TrimPrefix(bytewise("'%02x', ", secret), "'"), "', "),
			"hex in angle brackets":            strings.Trim(bytewise("<%02x>", secret), "<>"),
			"hex as assemblers write it":       strings.TrimSuffix(bytewise("%02xh ", secret), "h "),
			"hex in an array of texts":         strings.TrimSuffix(strings.TrimPrefix(bytewise(`"0x%02x", `, secret), `"0x`), `", `),
			"hex as C writes arrays":           strings.Trim(bytewise("0x%02x, ", secret), ", "),
			"hex, mixed case":                  mixed(hex.EncodeToString([]byte(secret))),
			"hex in lines":                     strings.TrimSpace(bytewise("%02x\r\n", secret)),
			"hex of UTF-16, high byte first":   hex.EncodeToString([]byte(utf16BE(secret))),
			"hex of hex":                       hex.EncodeToString([]byte(hex.EncodeToString([]byte(secret)))),
			"base32":                           strings.TrimRight(inBase32(secret), "="),
			"base32, lower case":               strings.ToLower(strings.TrimRight(inBase32(secret), "=")),
			"base64 of base32":                 strings.TrimRight(inBase64(inBase32(secret)), "="),
			"base64 twice":                     strings.TrimRight(inBase64(inBase64(secret)), "="),
			"base64 three times":               strings.TrimRight(inBase64(inBase64(inBase64(secret))), "="),
			"base64 of UTF-16":                 strings.TrimRight(inBase64(utf16BE(secret)), "="),
			"base64 of an escaped text":        strings.TrimRight(inBase64(each(`\u%04x`, secret)), "="),
			"base64, 4 in a line":              folded(inBase64(secret), 4),
			"base64, 10 in a line":             folded(inBase64(inBase64(secret)), 10),
			"base32, 8 in a line":              folded(inBase32(secret), 8),
			"base64, escaped":                  bytewise("%%%02x", strings.TrimRight(inBase64(secret), "=")),
			"quoted-printable":                 quoted,
			"quoted-printable, with soft ends": quoted[:12] + "=\r\n" + quoted[12:],
			"UTF-16, high byte first":          utf16BE(secret),
			"NTLM's, escaped":                  bytewise("%%%02X", utf16LE(secret)),
			"query of base64":                  url.QueryEscape(strings.TrimRight(inBase64(inBase64(secret)), "=")),
		}
		for name, text := range forms {
			got := r.String("<- " + text + " ->")
			left := strings.TrimSuffix(strings.TrimPrefix(got, "<- "), " ->")
			if !strings.Contains(got, Mask) || len(left) > len(Mask)+10 { // what it was padded with may be left, and 0x
				t.Errorf("%s of %q: %q became %q", name, secret, text, got)
			}
		}
	}
}

// TestRedactorFindsHexWithAnythingBetween: up to six bytes that are no digits, others at each place.
func TestRedactorFindsHexWithAnythingBetween(t *testing.T) {
	t.Parallel()
	const secret = "S3cret-Horse!"
	var r Redactor
	r.Add(secret)
	random := rand.New(rand.NewPCG(1, 2))
	between := func(class uint8) string {
		var b []byte
		for range 1 + random.IntN(maxBetween) {
			for {
				if c := byte(random.IntN(256)); !is(c, class) && c != 0 {
					b = append(b, c)
					break
				}
			}
		}
		return string(b)
	}
	for range 2000 {
		var hex, decimal strings.Builder
		hex.WriteString("41 a") // a pair, and a digit that belongs to nothing
		for _, c := range []byte(secret) {
			fmt.Fprintf(&hex, "%02x%s", c, between(isHex))
			fmt.Fprintf(&decimal, "%d%s", c, between(isDigit))
		}
		for _, text := range []string{hex.String(), decimal.String()} {
			if got := r.String(text); !strings.Contains(got, Mask) {
				t.Fatalf("%q became %q", text, got)
			}
		}
	}
}

// TestUndoingLeavesOrdinaryTextsAlone.
func TestUndoingLeavesOrdinaryTextsAlone(t *testing.T) {
	t.Parallel()
	var r Redactor
	r.Add("S3cret-Horse!", "hunter2")
	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nrequest-id: 5f1e3c1a-0b7f-4c2d-9e55-8a6d2f1c0b9e\r\nX-FEServer: EX01\r\nDate: Sun, 29 Nov 2026 23:06:11 GMT\r\n",
		`{"a": "\u00e4\/b"} &amp; &#228; %41%42 =C3=A4 dead:beef:00:11 ` + strings.Repeat("QUJDREVGR0g", 20),
	} {
		if got := r.String(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

// TestUndoingIsBounded: texts that are nothing but encodings, within each other or not, are undone up to a bound in sum: what was
// not looked through is hidden.
func TestUndoingIsBounded(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it spends all that undoing may cost in sum")
	}
	nested := strings.Repeat("a", 6000)
	for range 5 {
		nested = inBase64(nested)
	}
	texts := []string{nested, strings.Repeat("%25", 300_000), strings.Repeat("AAAA", 250_000), strings.Repeat("4141", 250_000), strings.Repeat("%41", 300_000), strings.Repeat("&#x41;", 160_000), strings.Repeat("MFRGG", 200_000), strings.Repeat("\\u", 400_000), strings.Repeat("&", 900_000), strings.Repeat("83, ", 250_000), strings.Repeat(`\53 `, 250_000), "&#" + strings.Repeat("0", 900_000), strings.Repeat("&#0", 300_000), strings.Repeat("f ", 450_000)}
	var r Redactor
	r.Add("S3cret-Horse!")
	for range 60 {
		for _, text := range texts {
			_ = r.String(text[:min(len(text), MaxText)])
		}
	}
	if r.undone < undoAll || r.undone > undoAll+8<<20 {
		t.Errorf("%d MiB were undone", r.undone>>20)
	}
	escaped := "<- " + bytewise("%%%02X", "S3cret-Horse!")
	if got := r.String(escaped + strings.Repeat(".", maxShort)); got != Withheld {
		t.Errorf("beyond the bound a text that may hide something is shown: %q", got)
	}
	if got := r.String(escaped); got != "<- "+Mask {
		t.Errorf("a short one is not looked through any more: %q", got)
	}
	r.undone = 2 * undoAll
	if got := r.String(escaped); got != Withheld {
		t.Errorf("short ones have no bound: %q", got)
	}
	if got := r.String("an ordinary text"); got != "an ordinary text" {
		t.Errorf("one that cannot is not: %q", got)
	}
}

// TestLineEndsWithoutEnd: where a stretch of base64 ends is told without going through all line ends behind it, from each of them
// again.
func TestLineEndsWithoutEnd(t *testing.T) {
	t.Parallel()
	var r Redactor
	r.Add("S3cret-Horse!")
	text := "%41" + strings.Repeat("\n", MaxText-3)
	begun := time.Now()
	for range 200 {
		_ = r.String(text)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}

// FuzzUndo: whatever comes, undoing ends, and gives stretches of the text.
func FuzzUndo(f *testing.F) {
	for _, s := range []string{"%53", `\u0053\ud83d\ude00`, "&#83;&#x53;&dollar;", "53 33:63-72", inBase64(inBase64("S3cret-Horse!")), inBase32("S3cret-Horse!"), "=53=\r\n33", `\53 3\000063 `, "[83, 51, 99]", "&#0000000000000000000000000000000000083;", "530x33, 0x63 a63", "\x00S\x003"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r Redactor
		r.Add("S3cr", "hunter2")
		index, _ := r.known(0)
		found, _ := index.undo(s, 1<<20)
		for _, at := range found {
			if at.start < 0 || at.start >= at.end || at.end > len(s) {
				t.Fatalf("%d to %d of %d bytes", at.start, at.end, len(s))
			}
		}
		_ = r.String(s)
		for i := range min(len(s), 500) {
			hex, _ := pairs(s, i, nil)
			decimal := 0
			if i == 0 || !is(s[i-1], isDigit) {
				decimal, _ = numbers(s, i, nil)
			}
			if max(hex, decimal) >= minUndone && !series(s, minUndone) {
				t.Fatalf("what stands at %d of %q is not seen at a glance", i, s)
			}
		}
	})
}
