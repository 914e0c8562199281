package hostile

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// entities is the bomb that is called billion laughs: each of its entities stands for ten of the one before.
func entities() string {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY a0 "ha">`)
	for i := range 9 {
		now, before := string(rune('1'+i)), string(rune('0'+i))
		b.WriteString("<!ENTITY a" + now + ` "` + strings.Repeat("&a"+before+";", 10) + `">`)
	}
	return b.String() + "]><bomb>&a9;</bomb>"
}

// within answers with a document that goes on and on inside of its first element.
func within(begin, piece string, n int) func(*testing.T) site {
	return https(lab.Branch(func(head string) []lab.Step {
		root := "<Autodiscover>"
		if !strings.Contains(strings.ToLower(head), "/autodiscover/") {
			root = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">`
		}
		return append(received(head), lab.Write(ok+"\r\n"+root+begin), many(piece, n))
	}))
}

// utf16Document is a document in UTF-16, with its mark.
func utf16Document(d string) string {
	b := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(`<?xml version="1.0" encoding="utf-16"?>` + d)) {
		b = append(b, byte(unit), byte(unit>>8))
	}
	return string(b)
}

// changed answers with what the client takes for a good document, after something has been done to it.
func changed(change func(string) string) func(*testing.T) site {
	return https(suited(func(d string) string { return sized(change(d)) }, lab.Hang))
}

// byJSON answers the version 2 look-up.
func byJSON(body string) func(*testing.T) site {
	return func(t *testing.T) site {
		s := https(answers(sized(body)))(t)
		s.settings = map[string]string{autodiscover: "email: probe@contoso.test, methods: [json], attempts: 1"}
		return s
	}
}

func documents() group {
	constant := func(text string) func(string) string { return func(string) string { return text } }
	malformed := func() verdicts { return verdicts{ewsSync: "content/malformed_xml", autodiscover: "content/malformed"} }
	return group{"Documents", "the peer", []fault{
		{does: "sends a billion laughs (entities within entities)", peer: changed(constant(entities())), reports: malformed()},
		{does: "sends an entity that is a file", peer: changed(constant(`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>`)), reports: malformed()},
		{does: "sends an entity that is a URL", peer: changed(constant(`<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://169.254.169.254/x.dtd"><x/>`)), reports: malformed()},
		{does: "nests 1,000,000 elements", peer: within("", "<a>", 3_000_000), reports: malformed(), floods: true},
		{does: "sends 100 MB of elements", peer: within("", "<a>text</a>", 100<<20), reports: malformed(), floods: true},
		{does: "sends 100 MB of text", peer: within("<a>", "text ", 100<<20), reports: malformed(), floods: true},
		{does: "sends 100 MB of a comment", peer: within("<!-- ", "text ", 100<<20), reports: malformed(), floods: true},
		{does: "sends an attribute of 100 MB", peer: within(`<a b="`, "text ", 100<<20), reports: malformed(), floods: true},
		{does: "sends a million attributes", peer: within("<a", ` b="c"`, 6_000_000), reports: malformed(), floods: true},
		{does: "sends a name of 100 MB", peer: within("<", "abcd", 100<<20), reports: malformed(), floods: true},
		{does: "breaks off within the document", peer: changed(func(d string) string { return d[:len(d)/2] }), reports: inXML("content/truncated")},
		{does: "closes elements crosswise", peer: changed(func(d string) string { return strings.Replace(d, "</", "</x", 1) }), reports: malformed()},
		{does: "says UTF-16, and means it", peer: changed(utf16Document), reports: malformed()},
		{does: "says UTF-7", peer: changed(func(d string) string { return `<?xml version="1.0" encoding="utf-7"?>` + d }), reports: malformed()},
		{does: "says UTF-8, and sends other bytes", peer: changed(func(d string) string { return strings.Replace(d, "</", "\xff\xfe</", 1) }), reports: malformed()},
		{does: "puts a NUL into the document", peer: changed(func(d string) string { return strings.Replace(d, "</", "\x00</", 1) }), reports: malformed()},
		{does: "sends a page for people", peer: changed(constant("<!DOCTYPE html><html><body>Log on</body></html>")), reports: verdicts{ewsSync: "content/html", autodiscover: "content/not_autodiscover"}},
		{does: "sends another document", peer: changed(constant(`<?xml version="1.0"?><rss/>`)), reports: verdicts{ewsSync: "content/not_soap", autodiscover: "content/not_autodiscover"}},
		{does: "sends an empty body", peer: changed(constant("")), reports: verdicts{ewsSync: "content/empty_response", autodiscover: "content/not_autodiscover"}},
		{does: "sends a good answer, and something after it", peer: changed(func(d string) string { return d + "<!-- fine --><more/>" }), reports: malformed()},
		{does: "sends a good answer twice in one document", peer: changed(func(d string) string { return d + d }), reports: malformed()},
		{does: "sends text before a good answer", peer: changed(func(d string) string { return `<?xml version="1.0"?>OK` + d }), reports: malformed()},
		{does: "uses a prefix that is bound to no namespace", peer: changed(func(d string) string { return strings.Replace(d, ">", "><x:y/>", 1) }), reports: malformed()},
		{does: "gives an element an attribute twice", peer: changed(func(d string) string { return strings.Replace(d, "Response xmlns", `Response a="1" a="2" xmlns`, 1) }), reports: malformed()},
		{does: "answers in namespaces of its own", peer: changed(func(d string) string {
			return strings.NewReplacer("schemas.microsoft.com", "schemas.example.com", "schemas.xmlsoap.org", "schemas.example.com").Replace(d)
		}), reports: verdicts{ewsSync: "content/not_soap", autodiscover: "content/not_autodiscover"}},
		{does: "puts a SOAP fault beside a good answer", peer: changed(func(d string) string {
			return strings.Replace(d, "</s:Body>", "<s:Fault><faultstring>no</faultstring></s:Fault></s:Body>", 1)
		}), reports: verdicts{ewsSync: "content/soap_fault"}},
		{does: "sends the answer to another question", peer: changed(func(d string) string { return strings.ReplaceAll(d, "GetFolder", "FindFolder") }), reports: verdicts{ewsSync: "content/wrong_operation"}},
		{does: "nests 1,000,000 arrays of JSON", peer: byJSON("{\"Url\":" + strings.Repeat("[", 1_000_000)), reports: verdicts{autodiscover: "content/malformed"}, floods: true},
		{does: "sends a text of 10 MB in JSON", peer: byJSON(`{"Protocol":"` + strings.Repeat("x", 10<<20)), reports: verdicts{autodiscover: "content/malformed"}, floods: true},
		{does: "sends numbers where JSON should have texts", peer: byJSON(`{"Protocol":1e999999999,"Url":[{}]}`), reports: verdicts{autodiscover: "content/malformed"}},
	}}
}
