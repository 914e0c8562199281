package plain

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ in, want string }{
		"ordinary text is untouched":         {"HTTP/1.1 200 OK", "HTTP/1.1 200 OK"},
		"letters of all languages stay":      {"Zürich 東京", "Zürich 東京"},
		"an escape sequence cannot act":      {"\x1b[2J", `\u001b[2J`},
		"the eight-bit CSI cannot act":       {"\u009b2J", `\u009b2J`},
		"a line cannot be faked":             {"a\r\nb", `a\u000d\u000ab`},
		"text cannot be turned round":        {"a\u202etxt.exe", `a\u202etxt.exe`},
		"tags beyond U+FFFF are a pair":      {"\U000E0041", `\udb40\udc41`},
		"invalid UTF-8 becomes U+FFFD":       {"a\xffb", "a\ufffdb"},
		"an ideographic space is left alone": {"a\u3000b", "a\u3000b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Escape(test.in); got != test.want {
				t.Errorf("Escape(%q) = %q, want %q", test.in, got, test.want)
			}
		})
	}
	if got := Lines("a\n\tb\r"); got != "a\n\tb"+`\u000d` {
		t.Errorf("Lines keeps line feeds and tabs alone, got %q", got)
	}
}

func FuzzEscape(f *testing.F) {
	for _, seed := range []string{"", "plain", "\x1b]0;title\x07", "\u202e", "\xff\xfe", "\U000E0041"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range Escape(s) {
			if unsafe(r) {
				t.Fatalf("%q leaves %U in %q", s, r, Escape(s))
			}
		}
		if l := Label(s); len(l) > maxLabel || !utf8.ValidString(l) || strings.ContainsFunc(l, unsafe) {
			t.Fatalf("Label(%q) = %q", s, l)
		}
		// What is escaped inside a JSON string still decodes to what it was.
		encoded, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var before, after string
		if json.Unmarshal(encoded, &before) != nil || json.Unmarshal([]byte(Escape(string(encoded))), &after) != nil || before != after {
			t.Fatalf("escaping changed the JSON of %q: %q, %q", s, before, after)
		}
	})
}

func TestLabel(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 100)
	if got := Label(long); got != strings.Repeat("é", 64) {
		t.Errorf("a label is cut at a rune within 128 bytes, got %d bytes %q", len(got), got)
	}
	if got := Label("a\x1b\u202eb"); got != "a\ufffd\ufffdb" {
		t.Errorf("control and bidirectional characters are replaced, got %q", got)
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	if got := Text(" <html>\r\n\t<b>no\x07</b> ", 80); got != `<html> <b>no\u0007</b>` {
		t.Errorf("a page becomes one harmless line, got %q", got)
	}
	if got := Text("aéé", 4); got != "aé…" {
		t.Errorf("text is cut at a rune, got %q", got)
	}
}
