package hostile

import (
	"strings"
	"unicode/utf16"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
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
func within(begin, piece string, n int) peer {
	return func(w world) lab.Peer {
		root, _, _ := strings.Cut(w.good, ">")
		return script.HTTPS(w, script.Request(lab.Write(script.OK+"\r\n"+root+">"+begin), script.Many(piece, n)))
	}
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
func changed(change func(string) string) peer {
	return suited(func(d string) string { return script.Sized(change(d)) }, lab.Hang)
}

func documents() Group {
	constant := func(text string) func(string) string { return func(string) string { return text } }
	return Group{"Documents", "the peer", []Behaviour{
		{Does: "sends a billion laughs (entities within entities)", Reports: "content/malformed_xml", peer: changed(constant(entities()))},
		{Does: "sends an entity that is a file", Reports: "content/malformed_xml", peer: changed(constant(`<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>`))},
		{Does: "sends an entity that is a URL", Reports: "content/malformed_xml", peer: changed(constant(`<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://169.254.169.254/x.dtd"><x/>`))},
		{Does: "nests 1,000,000 elements", Reports: "content/malformed_xml", Floods: true, peer: within("", "<a>", 3_000_000)},
		{Does: "sends 100 MB of elements", Reports: "content/malformed_xml", Floods: true, peer: within("", "<a>text</a>", 100<<20)},
		{Does: "sends 100 MB of text", Reports: "content/malformed_xml", Floods: true, peer: within("<a>", "text ", 100<<20)},
		{Does: "sends 100 MB of a comment", Reports: "content/malformed_xml", Floods: true, peer: within("<!-- ", "text ", 100<<20)},
		{Does: "sends an attribute of 100 MB", Reports: "content/malformed_xml", Floods: true, peer: within(`<a b="`, "text ", 100<<20)},
		{Does: "sends a million attributes", Reports: "content/malformed_xml", Floods: true, peer: within("<a", ` b="c"`, 6_000_000)},
		{Does: "sends a name of 100 MB", Reports: "content/malformed_xml", Floods: true, peer: within("<", "abcd", 100<<20)},
		{Does: "breaks off within the document", Reports: "content/truncated", peer: changed(func(d string) string { return d[:len(d)/2] })},
		{Does: "closes elements crosswise", Reports: "content/malformed_xml", peer: changed(func(d string) string { return strings.Replace(d, "</", "</x", 1) })},
		{Does: "says UTF-16, and means it", Reports: "content/malformed_xml", peer: changed(utf16Document)},
		{Does: "says UTF-7", Reports: "content/malformed_xml", peer: changed(func(d string) string { return `<?xml version="1.0" encoding="utf-7"?>` + d })},
		{Does: "says UTF-8, and sends other bytes", Reports: "content/malformed_xml", peer: changed(func(d string) string { return strings.Replace(d, "</", "\xff\xfe</", 1) })},
		{Does: "puts a NUL into the document", Reports: "content/malformed_xml", peer: changed(func(d string) string { return strings.Replace(d, "</", "\x00</", 1) })},
		{Does: "sends a page for people", Reports: "content/html", peer: changed(constant("<!DOCTYPE html><html><body>Log on</body></html>"))},
		{Does: "sends another document", Reports: "content/not_soap", peer: changed(constant(`<?xml version="1.0"?><rss/>`))},
		{Does: "sends an empty body", Reports: "content/empty_response", peer: changed(constant(""))},
		{Does: "sends a good answer, and something after it", Reports: "content/malformed_xml", peer: changed(func(d string) string { return d + "<!-- fine --><more/>" })},
		{Does: "sends a good answer twice in one document", Reports: "content/malformed_xml", peer: changed(func(d string) string { return d + d })},
		{Does: "sends text before a good answer", Reports: "content/malformed_xml", peer: changed(func(d string) string { return `<?xml version="1.0"?>OK` + d })},
		{Does: "uses a prefix that is bound to no namespace", Reports: "content/malformed_xml", peer: changed(func(d string) string { return strings.Replace(d, ">", "><x:y/>", 1) })},
		{Does: "gives an element an attribute twice", Reports: "content/malformed_xml", peer: changed(func(d string) string { return strings.Replace(d, "Response xmlns", `Response a="1" a="2" xmlns`, 1) })},
		{Does: "answers in namespaces of its own", Reports: "content/not_soap", peer: changed(func(d string) string {
			return strings.NewReplacer("schemas.microsoft.com", "schemas.example.com", "schemas.xmlsoap.org", "schemas.example.com").Replace(d)
		})},
		{Does: "puts a SOAP fault beside a good answer", Reports: "content/soap_fault", peer: changed(func(d string) string {
			return strings.Replace(d, "</s:Body>", "<s:Fault><faultstring>no</faultstring></s:Fault></s:Body>", 1)
		})},
		{Does: "sends the answer to another question", Reports: "content/wrong_operation", peer: changed(func(d string) string { return strings.ReplaceAll(d, "GetFolder", "FindFolder") })},
	}}
}
