package autodiscover_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
)

var update = flag.Bool("update", false, "write the golden files anew")

// samples reads the answers in testdata. They are written after the shapes that MS-OXDSCLI and Microsoft Learn document.
func samples(tb testing.TB) map[string]string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.xml"))
	if err != nil || len(files) == 0 {
		tb.Fatal("no samples in testdata", err)
	}
	texts := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		texts[strings.TrimSuffix(filepath.Base(file), ".xml")] = string(text)
	}
	return texts
}

// parse reads a sample in the dialect that its name begins with.
func parse(name, text string) *autodiscover.Answer {
	if strings.HasPrefix(name, "soap_") {
		return autodiscover.ParseSOAP(strings.NewReader(text))
	}
	return autodiscover.ParsePOX(strings.NewReader(text))
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, text := range samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.MarshalIndent(parse(name, text), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			for _, private := range []string{"secret", "private", "MailboxId"} {
				if strings.Contains(string(got), private) {
					t.Errorf("the answer keeps %q", private)
				}
			}
		})
	}
}

func TestBrokenOffAnywhereIsNeverAnAnswer(t *testing.T) {
	t.Parallel()
	for name, text := range samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := strings.Index(text, "<User")
			if name == "pox_settings" || begin < 0 {
				begin = 0 // what comes before is much the same in all of them
			}
			for i := begin; i < strings.LastIndex(text, ">"); i++ {
				if a := parse(name, text[:i]); a.Kind != autodiscover.Truncated && (a.Kind != autodiscover.Empty || i > 0) {
					t.Fatalf("broken off after %d bytes: %s", i, a.Kind)
				}
			}
		})
	}
}

func TestWhatIsNoAnswer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body            string
		xml, jsonAnswer autodiscover.Kind
	}{
		"nothing":            {"", autodiscover.Empty, autodiscover.Empty},
		"a page":             {"<html><body>400 Bad Request</body></html>", autodiscover.HTML, autodiscover.HTML},
		"text":               {"Bad Request", autodiscover.Foreign, autodiscover.Foreign},
		"other XML":          {"<rss><channel/></rss>", autodiscover.Foreign, autodiscover.HTML},
		"the document's end": {`<Autodiscover/>`, autodiscover.Foreign, autodiscover.HTML},
		"no settings":        {`<Autodiscover><Response/></Autodiscover>`, autodiscover.Foreign, autodiscover.HTML},
		"entities":           {`<!DOCTYPE a [<!ENTITY a "b">]><Autodiscover>&a;</Autodiscover>`, autodiscover.Malformed, autodiscover.HTML},
		"too deep":           {strings.Repeat("<Protocol>", 100), autodiscover.Malformed, autodiscover.HTML},
		"half JSON":          {`{"Protocol":"EWS","Url":"https://`, autodiscover.Foreign, autodiscover.Truncated},
		"other JSON":         {`{"a":[1,2,3]}`, autodiscover.Foreign, autodiscover.Foreign},
		"wrong JSON":         {`{"Url":{}}`, autodiscover.Foreign, autodiscover.Malformed},
		"long JSON":          {`{"a":"` + strings.Repeat("x", 1<<20) + `"}`, autodiscover.Foreign, autodiscover.Malformed},
		"deep JSON":          {`{"a":` + strings.Repeat("[", 60000), autodiscover.Foreign, autodiscover.Malformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for dialect, got := range map[string]*autodiscover.Answer{
				"pox":  autodiscover.ParsePOX(strings.NewReader(test.body)),
				"soap": autodiscover.ParseSOAP(strings.NewReader(test.body)),
			} {
				if got.Kind != test.xml || got.Problem == "" {
					t.Errorf("%s: %+v, want %s", dialect, got, test.xml)
				}
			}
			if got := autodiscover.ParseJSON(strings.NewReader(test.body), "EWS"); got.Kind != test.jsonAnswer || got.Problem == "" {
				t.Errorf("json: %+v, want %s", got, test.jsonAnswer)
			}
		})
	}
}

func TestParseJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body string
		want autodiscover.Answer
	}{
		"a URL": {
			`{"Protocol":"EWS","Url":"https://Mail.contoso.test/EWS/Exchange.asmx?x=1"}`,
			autodiscover.Answer{Kind: autodiscover.Settings, URLs: []autodiscover.Setting{{Protocol: "JSON.EWS", Value: "https://mail.contoso.test/EWS/Exchange.asmx"}}},
		},
		"an error": {
			"\ufeff" + `{"ErrorCode":"ProtocolNotSupported","ErrorMessage":"The given protocol value 'x' is invalid."}`,
			autodiscover.Answer{
				Kind: autodiscover.Failed, Code: "ProtocolNotSupported", Text: "The given protocol value 'x' is invalid.",
				Problem: "the service answered with the error ProtocolNotSupported: The given protocol value 'x' is invalid.",
			},
		},
		"a URL of no server": {
			`{"Protocol":"EWS","Url":"javascript:alert(1)"}`,
			autodiscover.Answer{Kind: autodiscover.Foreign, Problem: "it is JSON, but holds neither a URL nor an error"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(&test.want, autodiscover.ParseJSON(strings.NewReader(test.body), "EWS")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
	if a := autodiscover.ParseJSON(iotest.ErrReader(errors.New("reset")), "EWS"); a.Kind != autodiscover.Truncated {
		t.Errorf("a body that cannot be read: %s", a.Kind)
	}
}

func TestCleanURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://u:p@Mail.Contoso.test:444/EWS/Exchange.asmx?a=b#c": "https://mail.contoso.test:444/EWS/Exchange.asmx",
		"http://[2001:DB8::1]/x":                                    "http://[2001:db8::1]/x",
		"https://bücher.test/owa/":                                  "https://xn--bcher-kva.test/owa/",
		"https://mail.test/a b/\n":                                  "",
		"https://mail.test/%0a":                                     "https://mail.test/%0a",
		"ftp://mail.test/":                                          "",
		"//mail.test/":                                              "",
		"mail.test":                                                 "",
		"https:mail.test":                                           "",
		"https:///EWS":                                              "",
		"https://0x7f.1/":                                           "",
		"":                                                          "",
		"https://a/" + strings.Repeat("x", 2000):                    "",
	} {
		if got, ok := autodiscover.CleanURL(in); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", in, got, ok, want)
		}
	}
}

// leaf reads the text of the only element of this name in a document that must be well formed.
func leaf(t *testing.T, document []byte, space, name string) string {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(document)))
	text, found := "", 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well formed: %v\n%s", err, document)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == name && start.Name.Space == space {
			found++
			if err := d.DecodeElement(&text, &start); err != nil {
				t.Fatal(err)
			}
		}
	}
	if found != 1 {
		t.Fatalf("%d elements %s in %s", found, name, document)
	}
	return text
}

func TestRequests(t *testing.T) {
	t.Parallel()
	email := `a"b'<c>&d]]>@contoso.test`
	const ns = "http://schemas.microsoft.com/exchange/"
	if got := leaf(t, autodiscover.POX(email), ns+"autodiscover/outlook/requestschema/2006", "EMailAddress"); got != email {
		t.Errorf("POX asks for %q", got)
	}
	soap := autodiscover.GetUserSettings(email, "https://h/?a&b", autodiscover.UserSettings[:1])
	for name, want := range map[string]string{"Mailbox": email, "Setting": "InternalEwsUrl"} {
		if got := leaf(t, soap, ns+"2010/Autodiscover", name); got != want {
			t.Errorf("SOAP's %s is %q, want %q", name, got, want)
		}
	}
	if got := leaf(t, soap, "http://www.w3.org/2005/08/addressing", "To"); got != "https://h/?a&b" {
		t.Errorf("SOAP is sent to %q", got)
	}
	for _, body := range [][]byte{autodiscover.POX(email), autodiscover.GetUserSettings(email, "", nil)} {
		if strings.Contains(string(body), "https://schemas") {
			t.Error("an https: namespace: a server rejects it")
		}
	}
	path := autodiscover.JSONPath("a&b+c@contoso.test", "EWS", 2)
	u, err := url.Parse(path)
	if err != nil || u.Path != "/autodiscover/autodiscover.json" || u.Query().Get("Email") != "a&b+c@contoso.test" ||
		u.Query().Get("Protocol") != "EWS" || u.Query().Get("RedirectCount") != "2" {
		t.Errorf("JSON asks for %s", path)
	}
}

func fuzz(f *testing.F, parse func(io.Reader) *autodiscover.Answer) {
	f.Helper()
	for _, text := range samples(f) {
		f.Add([]byte(text))
	}
	f.Add([]byte(`{"Protocol":"EWS","Url":"https://mail.contoso.test/EWS/Exchange.asmx"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		a := parse(strings.NewReader(string(body)))
		switch a.Kind {
		case autodiscover.Settings:
			if len(a.URLs)+len(a.Servers) == 0 {
				t.Error("settings without any")
			}
		case autodiscover.RedirectAddress, autodiscover.RedirectURL:
			if a.Redirect == "" {
				t.Error("a redirect to nowhere")
			}
		default:
			if a.Problem == "" {
				t.Errorf("%s without a word", a.Kind)
			}
		}
		for _, u := range a.URLs {
			if again, ok := autodiscover.CleanURL(u.Value); !ok || again != u.Value || len(u.Value) > 4096 {
				t.Errorf("%q is not clean: %q", u.Value, again)
			}
		}
	})
}

func FuzzParsePOX(f *testing.F)  { fuzz(f, autodiscover.ParsePOX) }
func FuzzParseSOAP(f *testing.F) { fuzz(f, autodiscover.ParseSOAP) }
func FuzzParseJSON(f *testing.F) {
	fuzz(f, func(r io.Reader) *autodiscover.Answer { return autodiscover.ParseJSON(r, "EWS") })
}

func BenchmarkParse(b *testing.B) {
	texts := samples(b)
	for _, name := range []string{"pox_settings", "soap_settings"} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(texts[name])))
			b.ReportAllocs()
			for b.Loop() {
				if a := parse(name, texts[name]); a.Kind != autodiscover.Settings {
					b.Fatal(a.Kind)
				}
			}
		})
	}
}
