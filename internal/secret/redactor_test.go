package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"unicode/utf8"
)

// planted has a character of each kind that something escapes.
const planted = `Gr&ün/<7>"? p'a+s%s\x`

func TestRedactorFindsEveryForm(t *testing.T) {
	t.Parallel()
	var r Redactor
	r.Add(planted)
	asJSON, err := json.Marshal(planted)
	check(t, err)
	upper := url.QueryEscape(planted)
	texts := map[string]string{
		"plain":             planted,
		"hex":               hex.EncodeToString([]byte(planted)),
		"HEX":               strings.ToUpper(hex.EncodeToString([]byte(planted))),
		"query":             upper,
		"query, lower case": lowerPercent(upper),
		"query with %20":    strings.ReplaceAll(upper, "+", "%20"),
		"path":              url.PathEscape(planted),
		"JSON":              inner(string(asJSON)),
		"JSON for PHP":      strings.ReplaceAll(inner(string(asJSON)), "/", `\/`),
		"HTML":              html.EscapeString(planted),
		"XML":               strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(planted),
		"Go":                inner(fmt.Sprintf("%q", planted)),
		"UTF-16LE":          utf16LE(planted),
		"UTF-16LE in hex":   hex.EncodeToString([]byte(utf16LE(planted))),
	}
	for name, text := range texts {
		if got := r.String("<- " + text + " ->"); got != "<- "+Mask+" ->" {
			t.Errorf("%s: %q became %q", name, text, got)
		}
	}
}

func TestRedactorFindsBase64InEachAlignment(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{planted, "hunter2", "abc", "longer-by-one-byte", "longer-by-two-bytes"} {
		var r Redactor
		r.Add(secret)
		for _, form := range []string{secret, utf16LE(secret)} {
			for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
				for before := range 7 {
					text := enc.EncodeToString([]byte("svc-prob"[:before] + form + "tail"))
					aligned(t, &r, text, before, len(form), 0)
					aligned(t, &r, url.QueryEscape(text), before, len(form), 1)
				}
			}
		}
	}
}

// aligned checks that of an encoded text, of which four bytes follow the secret, no more is left than slack characters
// that hold a bit of the secret.
func aligned(t *testing.T, r *Redactor, text string, before, length, slack int) {
	t.Helper()
	characters := func(bytes int) int { return (8*bytes + 5) / 6 }
	got := r.String(text)
	head, tail, found := strings.Cut(got, Mask)
	tail, err := url.QueryUnescape(tail)
	check(t, err)
	if tail = strings.TrimRight(tail, "="); !found || len(head) > 8*before/6 ||
		len(tail) > characters(before+length+4)-characters(before+length)+slack {
		t.Errorf("%d bytes before: %q became %q", before, text, got)
	}
}

func TestRedactorTakesOverlappingSecretsTogether(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		secrets []string
		text    string
		want    string
	}{
		{"one within the other", []string{"pass", "password1"}, "a password1 b", "a <secret> b"},
		{"whatever the order", []string{"password1", "pass"}, "a password1 b", "a <secret> b"},
		{"one begins in the other", []string{"abXY", "XYcdef"}, "-abXYcdef-", "-<secret>-"},
		{"one that overlaps itself", []string{"abab"}, "-ababab-", "-<secret>-"},
		{"side by side", []string{"hunter2"}, "hunter2hunter2", "<secret>"},
		{"apart", []string{"hunter2"}, "hunter2 hunter2", "<secret> <secret>"},
		{"at the end", []string{"hunter2"}, "is hunter2", "is <secret>"},
		{"empty ones are ignored", []string{"", "hunter2"}, "a b", "a b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r Redactor
			r.Add(tt.secrets...)
			if got := r.String(tt.text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestRedactorFindsWhatIsShownOfATarget: before it is redacted, package plain may have written it on one line.
func TestRedactorFindsWhatIsShownOfATarget(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"two  spaces", " around\t", "soft\u00adhyphen", "bytes \x00\xff\xfe", "a\u202eb\x7fc"} {
		var r Redactor
		r.Add(secret)
		for _, shown := range []string{plain.Text("it said "+secret, 100), "it said " + plain.Escape(secret), "it said " + plain.Escape(utf16LE(secret))} {
			if got := r.String(shown); got != "it said "+Mask {
				t.Errorf("of %q shows %q", secret, got)
			}
		}
	}
}

// TestRedactorFindsALongTokenByItsBeginning, and hides all of it: exactly where it stands as it is, and to the end of the
// text where it stands in another form.
func TestRedactorFindsALongTokenByItsBeginning(t *testing.T) {
	t.Parallel()
	token := longToken()[:20_000]
	var r Redactor
	r.Add(token)
	for name, tt := range map[string]struct{ text, want string }{
		"plain":           {"<- " + token + " ->", "<- " + Mask + " ->"},
		"plain, cut off":  {"<- " + token[:10<<10] + " ->", "<- " + Mask + " ->"},
		"hex, too long":   {"<- " + hex.EncodeToString([]byte(token)) + " ->", "<- " + Mask + ellipsis},
		"base64":          {"<- " + base64.StdEncoding.EncodeToString([]byte(token)) + " ->", "<- " + Mask},
		"query":           {"<- " + url.QueryEscape(token) + " ->", "<- " + Mask},
		"UTF-16LE":        {"<- " + utf16LE(token[:10<<10]) + " ->", "<- " + Mask},
		"another's token": {"<- " + token[1:2000] + " ->", "<- " + token[1:2000] + " ->"},
	} {
		if got := r.String(tt.text); got != tt.want {
			t.Errorf("%s: %d bytes became %d: %.80q", name, len(tt.text), len(got), got)
		}
	}
}

// TestRedactorFindsALongSecretOfAnyLanguage, wherever among its characters the part ends that is looked for.
func TestRedactorFindsALongSecretOfAnyLanguage(t *testing.T) {
	t.Parallel()
	for shift := range 4 {
		text := strings.Repeat("x", shift) + strings.Repeat("€ß\"😀", maxDerived/4)
		var r Redactor
		r.Add(text)
		inJSON, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for name, form := range map[string]string{
			"quoted": strconv.Quote(text), "JSON": string(inJSON), "UTF-16LE": utf16LE(text), "UTF-16LE in base64": base64.StdEncoding.EncodeToString([]byte(utf16LE(text))),
		} {
			if got := strings.Trim(r.String(form), `"`); got != Mask {
				t.Errorf("%d bytes further, %s: %.40q", shift, name, got)
			}
		}
	}
}

// longToken is 80 kB of base64, as a hostile server may send in a challenge.
func longToken() string {
	raw := make([]byte, 60_000)
	for i := range raw {
		raw[i] = byte(i * i >> 3)
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// BenchmarkRedactor is what a probe pays to take its secrets out of 16 kB, without them as a rule.
func BenchmarkRedactor(b *testing.B) {
	token := longToken()
	var cookies []string
	for i := range 32 {
		cookies = append(cookies, fmt.Sprintf("%d-%.4000s", i, token[i:]))
	}
	var alike []string
	for i := range 32 {
		alike = append(alike, strings.Repeat("X-Some-Field: and what it says\r\n", 100+i))
	}
	text := strings.Repeat("X-Some-Field: and what it says\r\n", 500)
	for _, bb := range []struct {
		name    string
		secrets []string
	}{
		{"a password", []string{"correct-horse-battery"}},
		{"a password and NTLM's three messages", []string{"correct-horse-battery", token[:56], token[:300], token[:700]}},
		{"a hostile token of 80 kB", []string{token}},
		{"hostile cookies, 32 of 4 kB", cookies},
		{"hostile cookies, 32 of 4 kB that begin as the text does", alike},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var r Redactor
				r.Add(bb.secrets...)
				_ = r.String(text)
			}
		})
	}
}

func TestRedactorHidesAllWhenItKnowsTooMany(t *testing.T) {
	t.Parallel()
	var r Redactor
	for i := range maxValues + 1 {
		if got := r.String("harmless"); got != "harmless" {
			t.Fatalf("after %d values: %q", i, got)
		}
		r.Add(fmt.Sprintf("cookie-%d", i))
	}
	if got := r.String("harmless"); got != Withheld {
		t.Errorf("got %q", got)
	}
}

func TestRedactorCostsNothingWithoutAMatch(t *testing.T) {
	var none, one Redactor
	one.Add("hunter2")
	text := strings.Repeat("nothing to see here ", 100)
	for name, r := range map[string]*Redactor{"nothing added": &none, "no match": &one} {
		if n := testing.AllocsPerRun(10, func() { _ = r.String(text) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestIndexJoinsWhatOverlaps: of two needles at one place, the one that hides a character before it counts too, whichever is
// looked at first.
func TestIndexJoinsWhatOverlaps(t *testing.T) {
	t.Parallel()
	long, short := needle{text: "abcd12", left: true}, needle{text: "abcd"}
	for _, needles := range [][]needle{{long, short}, {short, long}} {
		if got, _ := newIndex(needles, 1).find("-- xabcd12 --"); len(got) != 1 || got[0] != (span{3, 10}) {
			t.Errorf("%v", got)
		}
	}
}

func TestRedactorMayBeAddedToWhileInUse(t *testing.T) {
	t.Parallel()
	var r Redactor
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			s := fmt.Sprintf("secret-%d-", i)
			r.Add(s)
			if got := r.String(s); got != Mask {
				t.Errorf("got %q", got)
			}
		})
	}
	all.Wait()
}

func FuzzRedactor(f *testing.F) {
	f.Add("hunter2", "xhunter", "a hunter2 and xhunter2")
	f.Add("abab", "baba", "abababa")
	f.Add("aaaa", "aaaaa", "aaaaaaaaaaaaaa")
	f.Add("\xff\xfe00", "0000", "\xff\xfe00000")
	f.Fuzz(func(t *testing.T, one, two, text string) {
		var r Redactor
		long := strings.Repeat(one, maxDerived/(len(one)+1)+2) + text // beyond what is looked for as a whole
		r.Add(one, two, long)
		redacted := r.String(text + one + text + two + long + text)
		box := struct{ S string }{text + one + two}
		r.Walk(&box)
		for _, s := range []string{one, two, long} {
			// The mask itself may hold, or make together with what stands beside it, what happens to be a secret.
			if len(s) < 4 || strings.ContainsAny(s, "<>") || strings.Contains(Mask, s) {
				continue
			}
			if strings.Contains(redacted, s) || strings.Contains(box.S, s) {
				t.Errorf("%q survives in %q or %q", s, redacted, box.S)
			}
		}
	})
}

// TestRedactorFindsWhatWasCut: of a secret that an ellipsis cut in two, the first half is found in each of its forms, and
// nothing else is taken for one.
func TestRedactorFindsWhatWasCut(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse/battery"
	var r Redactor
	r.Add(secret)
	for name, form := range map[string]string{
		"plain": secret, "hex": hex.EncodeToString([]byte(secret)), "base64": base64.StdEncoding.EncodeToString([]byte(secret)), "URL": url.QueryEscape(secret),
	} {
		for n := minStub; n < len(form); n++ {
			if got := r.String("it said " + form[:n] + "…: no"); got != "it said "+Mask+"…: no" {
				t.Errorf("%s, %d bytes: %q", name, n, got)
			}
		}
	}
	for _, text := range []string{"cor…", "corr", "correct-Horse…", "a core…", "…", strings.Repeat("…", 2*maxCuts)} {
		if got := r.String(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := r.String("first corre… then correc…"); got != "first "+Mask+"… then "+Mask+"…" {
		t.Errorf("two cuts: %q", got)
	}
}

// TestALongTextIsCutAroundItsSecrets: what lies across the place where it is cut is hidden as if it were not, in each form, and what
// hiding makes of the text brings nothing to light that was not looked through.
func TestALongTextIsCutAroundItsSecrets(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse/battery"
	var r Redactor
	r.Add(secret, strings.Repeat("long.", 100))
	behind := strings.Repeat("\n", MaxText)
	for name, form := range map[string]string{
		"plain": secret, "hex": hex.EncodeToString([]byte(secret)), "base64": base64.StdEncoding.EncodeToString([]byte(secret)), "URL": url.QueryEscape(secret),
		"each byte escaped": bytewise("%%%02X", secret), "hex with blanks": bytewise("%02x ", secret), "twice": inBase64(inBase64(secret)), "HTML": each("&#x%06x;", secret),
	} {
		for start := maxShown - len(form) - 1; start <= maxShown; start++ {
			before := strings.Repeat("\n", start)
			want := (before + form)[:min(maxShown, start+len(form))] + "\n" + ellipsis
			if start < maxShown {
				want = before + Mask
			}
			got := r.String(before + form + behind)
			if got = strings.TrimRight(strings.TrimSuffix(got, ellipsis), "= \n"); got != strings.TrimRight(strings.TrimSuffix(want, ellipsis), " \n") {
				t.Fatalf("%s, %d bytes before the cut: ends in %q", name, maxShown-start, got[max(0, len(got)-40):])
			}
		}
	}
	for name, text := range map[string]string{
		"behind many that are long": strings.Repeat(strings.Repeat("long.", 100)+",", MaxText/501) + strings.Repeat(bytewise("%%%02X", secret)+",", 1000),
		"a character":               strings.Repeat("\n", maxShown-1) + "ü" + behind,
	} {
		if got := r.String(text); strings.Contains(got, "%63") || !utf8.ValidString(got) || !strings.HasSuffix(got, ellipsis) || len(got) > maxShown+len(ellipsis) {
			t.Errorf("%s: %.80q", name, got[max(0, len(got)-80):])
		}
	}
}

// TestLookingForSecretsIsBoundedInSum: a target that hands out what its texts consist of has them hidden, at a cost that does not
// grow with them. Short texts, as that which was probed, are told all the same.
func TestLookingForSecretsIsBoundedInSum(t *testing.T) {
	t.Parallel()
	same := strings.Repeat("a", maxDerived)
	for name, send := range map[string]struct{ cookie, text string }{
		"as it is":       {same, strings.Repeat("a", MaxText)},
		"nearly":         {same, strings.Repeat(same[:glimpse+1]+"b", MaxText/(glimpse+2))},
		"cut":            {strings.Repeat("a", 300), strings.Repeat(strings.Repeat("a", 295)+ellipsis, MaxText/300)},
		"behind escapes": {same, strings.Repeat("%61", MaxText/3)},
	} {
		var r Redactor
		for i := range 32 {
			r.Add(send.cookie[:len(send.cookie)-i])
		}
		text := send.text + strings.Repeat("\n", MaxText-len(send.text))
		for range 2000 {
			_ = r.String(text)
		}
		const atOnce = 64 << 20 // of one text
		if most := workAll + atOnce; r.worked > most || r.undone > undoAll+atOnce {
			t.Errorf("%s: %d Mi of work, %d of undoing", name, r.worked>>20, r.undone>>20)
		}
		if got := r.String(text); got != Withheld {
			t.Errorf("%s: a long text is still looked through: %.80q", name, got)
		}
		if got := r.String("mail.contoso.test is asked"); got != "mail.contoso.test is asked" {
			t.Errorf("%s: a short one is not told: %q", name, got)
		}
		t.Logf("%s: %d Ki of work, %d Ki of undoing", name, r.worked>>10, r.undone>>10)
	}
}
