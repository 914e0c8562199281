package autodiscover

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/ews/boundedxml"
)

// Namespaces of POX (plain old XML) Autodiscover (Exchange Web Services Managed API, AutodiscoverService.cs). They
// begin with http: although published samples say https.
const (
	nsPOXRequest  = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
	nsPOXResponse = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
)

// Header fields that make a POX answer complete (MS-OXDSCLI 2.2.2).
const (
	// MapiHTTPField, with the value "1", asks for the mapiHttp protocol.
	MapiHTTPField = "X-MapiHttpCapability"
	// ClientField, with ClientValue, asks for the EXHTTP protocol.
	ClientField = "X-ClientCanHandle"
	ClientValue = "Negotiate,ExHttpInfo"
)

// POX is the body of a POX request for an address's settings.
func POX(email string) []byte {
	return []byte(`<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="` + nsPOXRequest + `"><Request>` +
		`<EMailAddress>` + escape(email) + `</EMailAddress>` +
		`<AcceptableResponseSchema>` + nsPOXResponse + `</AcceptableResponseSchema></Request></Autodiscover>`)
}

// escape makes a value fit for text. What XML cannot hold becomes U+FFFD.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

// ParsePOX reads a POX answer. How much of r may be read is the caller's to bound.
func ParsePOX(r io.Reader) *Answer {
	p := poxParser{}
	if err := read(r, &p); err != nil {
		return unreadable(err)
	}
	return p.finish()
}

// poxParser picks from a document what an Answer keeps. Documentation and servers disagree about the case of names, so
// it compares without it.
type poxParser struct {
	answer    Answer
	foreign   bool   // the root is another document's
	space     string // the namespace of the Response
	response  bool
	failed    bool
	action    string
	address   string
	url       string
	types     []string   // of the outermost protocols
	protocols []protocol // open ones, the outermost first; WEB holds others
}

// protocol is a Protocol element under way. Its Type may come after what it types, so names are made when it ends.
type protocol struct {
	kind  string
	depth int // elements from the root to it
	found []Setting
}

func is(name, want string) bool { return strings.EqualFold(name, want) }

// Enters implements boundedxml.Chooser.
func (p *poxParser) Enters(around boundedxml.Path, name xml.Name) bool {
	if len(around) == 1 && is(name.Local, "Response") {
		p.space = name.Space
	}
	return true
}

// Mixed implements boundedxml.Chooser.
func (p *poxParser) Mixed(boundedxml.Path) {}

// Start implements boundedxml.Visitor.
func (p *poxParser) Start(path boundedxml.Path, attributes []xml.Attr) {
	switch {
	case len(path) == 1:
		p.foreign = !is(path.Name(), "Autodiscover")
	case is(path.Name(), "Response") && len(path) == 2:
		p.response = true
	case is(path.Name(), "Error") && len(path) == 3:
		p.failed = true
	case is(path.Name(), "Protocol"):
		kind := boundedxml.Attribute(attributes, "Type") // mapiHttp's is an attribute, the others' an element
		p.protocols = append(p.protocols, protocol{kind: word([]byte(kind)), depth: len(path)})
	}
}

// End implements boundedxml.Visitor.
func (p *poxParser) End(path boundedxml.Path, text []byte) {
	name := path.Name()
	if n := len(p.protocols); n > 0 {
		if len(path) == p.protocols[n-1].depth {
			p.endProtocol(path)
		} else {
			p.protocols[n-1].take(path, text)
		}
		return
	}
	switch {
	case p.failed && is(path.Parent(), "Error"):
		p.takeError(name, text)
	case is(name, "Action"):
		p.action = word(text)
	case is(name, "RedirectAddr"):
		p.address = bounded(text)
	case is(name, "RedirectUrl"):
		p.url = bounded(text)
	}
}

func (p *poxParser) takeError(name string, text []byte) {
	switch {
	case is(name, "ErrorCode"):
		p.answer.Code = word(text)
	case is(name, "Message"):
		p.answer.Text = line(text)
	}
}

// take keeps a text within a protocol under its path from there, or as the protocol's type.
func (q *protocol) take(path boundedxml.Path, text []byte) {
	within := path[q.depth:]
	switch {
	case len(within) == 1 && is(within[0], "Type"):
		q.kind = word(text)
	case len(q.found) < maxSettings && len(text) <= maxURL && len(text) > 0:
		q.found = append(q.found, Setting{strings.Join(within, "."), string(text)})
	}
}

// endProtocol names what a protocol held, and hands it to the one around or to the answer.
func (p *poxParser) endProtocol(path boundedxml.Path) {
	n := len(p.protocols) - 1
	ended := p.protocols[n]
	p.protocols = p.protocols[:n]
	if n == 0 && !ofExchange(p.types) {
		p.types = noteType(p.types, ended.kind)
	}
	for _, s := range ended.found {
		name := ended.kind + "." + s.Protocol
		if n == 0 {
			p.answer.add(name, s.Value)
			continue
		}
		around := &p.protocols[n-1]
		if between := path[around.depth : len(path)-1]; len(between) > 0 {
			name = strings.Join(between, ".") + "." + name
		}
		if len(around.found) < maxSettings {
			around.found = append(around.found, Setting{name, s.Value})
		}
	}
}

// finish says what kind of answer it was. The Action decides; a redirect without one is a redirect all the same.
func (p *poxParser) finish() *Answer {
	a := &p.answer
	switch {
	case p.foreign, !p.response:
		return &Answer{Kind: Foreign, Problem: "it is XML, but no Autodiscover response"}
	case p.failed:
		a.Kind, a.Problem = Failed, describe(a.Code, a.Text)
	case p.space != nsPOXResponse: // an error's is another one, and does not matter
		return &Answer{Kind: Foreign, Problem: fmt.Sprintf("its Response is in the namespace %q, and clients take only %q", line([]byte(p.space)), nsPOXResponse)}
	case p.address != "" && (p.action == "" || is(p.action, "redirectAddr")):
		a.Kind, a.Redirect = RedirectAddress, p.address
	case p.url != "" && (p.action == "" || is(p.action, "redirectUrl")):
		a.Kind, a.Redirect = RedirectURL, p.url
	case is(p.action, "redirectAddr"), is(p.action, "redirectUrl"):
		a.Kind, a.Problem = Malformed, "it redirects, but not whereto"
	case len(a.URLs) == 0 && len(a.Servers) == 0 && (len(p.types) == 0 || ofExchange(p.types)):
		a.Kind, a.Problem = Foreign, "it has no settings"
	case !ofExchange(p.types):
		return other(p.types, a.Servers)
	default:
		a.Kind = Settings
	}
	return a
}

// describe joins an error's code and text.
func describe(code, text string) string {
	if code == "" {
		code = "without a code"
	}
	if text == "" {
		return "the service answered with the error " + code
	}
	return "the service answered with the error " + code + ": " + text
}

// bounded drops what is too long to be an address or a URL.
func bounded(text []byte) string {
	if len(text) > maxURL {
		return ""
	}
	return strings.TrimSpace(string(text))
}
