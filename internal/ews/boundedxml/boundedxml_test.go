package boundedxml_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ews-exporter/ews_exporter/internal/ews/boundedxml"
)

// leaves collects the texts of a document by the path of their elements.
type leaves struct{ seen []string }

func (*leaves) Start(boundedxml.Path, []xml.Attr) {}

func (l *leaves) End(p boundedxml.Path, text []byte) {
	if s := strings.TrimSpace(string(text)); s != "" {
		l.seen = append(l.seen, strings.Join(p, "/")+"="+s)
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	document := "\ufeff\n" + `<?xml version="1.0" encoding="UTF-8"?><!-- a --><x:a xmlns:x="urn:x"><b>1 &lt; 2</b><c/><x:d><![CDATA[<raw>]]></x:d></x:a>`
	for name, r := range map[string]io.Reader{
		"at once":      strings.NewReader(document),
		"byte by byte": iotest.OneByteReader(strings.NewReader(document)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var l leaves
			if err := boundedxml.NewReader(r).Next(&l); err != nil {
				t.Fatal(err)
			}
			if got, want := strings.Join(l.seen, " "), "a/b=1 < 2 a/d=<raw>"; got != want {
				t.Errorf("leaves %q, want %q", got, want)
			}
		})
	}
}

func TestSeveralDocumentsInOneStream(t *testing.T) {
	t.Parallel()
	r := boundedxml.NewReader(strings.NewReader("<?xml version=\"1.0\"?><a/>\r\n<?xml version=\"1.0\"?><b>x</b>\n"))
	for range 2 {
		if err := r.Next(&leaves{}); err != nil {
			t.Fatal(err)
		}
	}
	if kind := kindOf(t, r.Next(&leaves{})); kind != boundedxml.Empty {
		t.Errorf("after the last document: %s, want empty", kind)
	}
}

// kindOf fails the test when err is no *Error.
func kindOf(t *testing.T, err error) boundedxml.Kind {
	t.Helper()
	var e *boundedxml.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error is %v, want an *Error", err)
	}
	if e.Problem == "" {
		t.Error("the error says nothing")
	}
	return e.Kind
}

func TestRefused(t *testing.T) {
	t.Parallel()
	laughs := `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY l0 "ha"><!ENTITY l1 "&l0;&l0;">]><a>&l1;</a>`
	tests := map[string]struct {
		document string
		want     boundedxml.Kind
	}{
		"nothing":                          {"", boundedxml.Empty},
		"white space":                      {" \r\n\t", boundedxml.Empty},
		"plain text":                       {"Service Unavailable", boundedxml.NotXML},
		"JSON":                             {`{"ErrorCode":"x"}`, boundedxml.NotXML},
		"HTML":                             {"<html><body>no</body></html>", boundedxml.HTML},
		"HTML with a document type":        {"\n<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n<HTML>", boundedxml.HTML},
		"XHTML":                            {`<?xml version="1.0"?><!-- x --><!DOCTYPE html PUBLIC "x" "y"><html/>`, boundedxml.HTML},
		"HTML that is no XML":              {"<html lang=en><br>", boundedxml.HTML},
		"a heading":                        {"<h1>404 - File or directory not found.</h1>", boundedxml.HTML},
		"broken off in the declaration":    {`<?xml version="1.0"`, boundedxml.Truncated},
		"broken off in a name":             {"<envel", boundedxml.Truncated},
		"broken off in a character":        {"<a>\xc3", boundedxml.Truncated},
		"broken off before the end":        {"<a><b></b>", boundedxml.Truncated},
		"billion laughs":                   {laughs, boundedxml.Malformed},
		"an entity of its own":             {"<a>&nbsp;</a>", boundedxml.Malformed},
		"an external entity":               {`<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>`, boundedxml.Malformed},
		"tags that do not match":           {"<a><b></a></b>", boundedxml.Malformed},
		"not UTF-8":                        {"<a>\xff\xfe</a>", boundedxml.Malformed},
		"another encoding":                 {`<?xml version="1.0" encoding="iso-8859-1"?><a/>`, boundedxml.Malformed},
		"UTF-16 with a byte order mark":    {"\xff\xfe<\x00a\x00/\x00>\x00", boundedxml.Malformed},
		"UTF-16 without a byte order mark": {"\x00<\x00a\x00/\x00>", boundedxml.Malformed},
		"too deep":                         {strings.Repeat("<a>", boundedxml.MaxDepth+1), boundedxml.Malformed},
		"too long a text":                  {"<a>" + strings.Repeat("x", boundedxml.MaxText+1) + "</a>", boundedxml.Malformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := boundedxml.NewReader(strings.NewReader(test.document)).Next(&leaves{})
			if got := kindOf(t, err); got != test.want {
				t.Errorf("%s (%v), want %s", got, err, test.want)
			}
		})
	}
}

func TestAProblemQuotesLittleAndHarmlessly(t *testing.T) {
	t.Parallel()
	name := strings.Repeat("a\u202e", 5000)
	for _, document := range []string{"<a></" + name + ">", "<a>&" + name + ";</a>", `<?xml version="1.0" encoding="` + name + `"?>`} {
		err := boundedxml.NewReader(strings.NewReader(document)).Next(&leaves{})
		if kindOf(t, err) != boundedxml.Malformed || len(err.Error()) > 300 || strings.Contains(err.Error(), "\u202e") {
			t.Errorf("%d bytes: %q", len(err.Error()), err)
		}
	}
}

func TestDeepestAllowed(t *testing.T) {
	t.Parallel()
	document := strings.Repeat("<a>", boundedxml.MaxDepth) + strings.Repeat("</a>", boundedxml.MaxDepth)
	if err := boundedxml.NewReader(strings.NewReader(document)).Next(&leaves{}); err != nil {
		t.Error(err)
	}
}

// endless repeats a text for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[e.at%len(e.text)]
		e.at++
	}
	return len(p), nil
}

func TestEndlessElementsEnd(t *testing.T) {
	t.Parallel()
	r := io.MultiReader(strings.NewReader("<a>"), &endless{text: "<b/>"})
	if kind := kindOf(t, boundedxml.NewReader(r).Next(&leaves{})); kind != boundedxml.Malformed {
		t.Errorf("%s, want malformed", kind)
	}
}

// TestLongTags: a tag beyond the bound is malformed before all of it is kept; what only looks like one is not.
func TestLongTags(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x ", boundedxml.MaxTag/2)
	for document, want := range map[string]bool{
		`<a b="` + long + `"/>`:                                             false,
		`<a ` + strings.ReplaceAll(long, "x", "x=''"):                       false,
		`<a b=">" c='` + long + `'/>`:                                       false,
		`<` + strings.ReplaceAll(long, " ", "x"):                            false,
		`<a>` + long + `</a>`:                                               true,
		`<!--` + long + `--><a>'</a>`:                                       true,
		`<?p ` + long + `?><a/>`:                                            true,
		`<a b="` + long[:len(long)-100] + `"/>`:                             true,
		strings.Repeat(`<a b="x">`, 60) + long + strings.Repeat("</a>", 60): true,
	} {
		err := boundedxml.NewReader(strings.NewReader(document)).Next(&leaves{})
		if want && err != nil || !want && (err == nil || kindOf(t, err) != boundedxml.Malformed || !strings.Contains(err.Error(), "tags")) {
			t.Errorf("%.40s…: %v", document, err)
		}
	}
}

// TestUnreadRest: who stopped reading does not say that the document breaks off.
func TestUnreadRest(t *testing.T) {
	t.Parallel()
	r := io.MultiReader(strings.NewReader("<a><b>"), iotest.ErrReader(boundedxml.ErrTooLong))
	if err := boundedxml.NewReader(r).Next(&leaves{}); kindOf(t, err) != boundedxml.Malformed {
		t.Errorf("%v, want malformed", err)
	}
}

func TestReadErrorIsKept(t *testing.T) {
	t.Parallel()
	for _, begun := range []string{"", "<a><b>"} {
		boom := errors.New("connection reset")
		err := boundedxml.NewReader(io.MultiReader(strings.NewReader(begun), iotest.ErrReader(boom))).Next(&leaves{})
		if kind := kindOf(t, err); kind != boundedxml.Truncated || !errors.Is(err, boom) {
			t.Errorf("after %q: %s, %v; want truncated, with the cause", begun, kind, err)
		}
	}
}

func FuzzWalk(f *testing.F) {
	for _, s := range []string{"", "<a/>", "<html>", "<a>&lt;</a><b/>", "<!DOCTYPE a><a/>", "\xff\xfe<\x00", "<a xmlns='x' b='&#1;'/>", "<a b=\">'\" c='\"'><!-- <'> --></a>"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		r := boundedxml.NewReader(strings.NewReader(string(document)))
		for range 4 {
			err := r.Next(depth{t})
			var e *boundedxml.Error
			if err != nil && !errors.As(err, &e) {
				t.Fatalf("the error is no *Error: %v", err)
			}
			if err != nil {
				return
			}
		}
	})
}

// depth fails the test when a path breaks the bounds.
type depth struct{ t *testing.T }

func (d depth) Start(p boundedxml.Path, _ []xml.Attr) {
	if len(p) == 0 || len(p) > boundedxml.MaxDepth {
		d.t.Errorf("a path of length %d", len(p))
	}
}

func (d depth) End(p boundedxml.Path, text []byte) {
	if len(p) == 0 || len(text) > boundedxml.MaxText {
		d.t.Errorf("a path of length %d, a text of %d bytes", len(p), len(text))
	}
}

func ExampleReader() {
	r := boundedxml.NewReader(strings.NewReader(`<greeting><to>world</to></greeting>`))
	l := &leaves{}
	fmt.Println(r.Next(l), l.seen)
	// Output: <nil> [greeting/to=world]
}
