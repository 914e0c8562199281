// Package autodiscover holds the messages of Exchange's Autodiscover service, in its three dialects, and the rules of
// where they may be sent. It knows no connections.
package autodiscover

import (
	"errors"
	"io"
	"net/url"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/ews/boundedxml"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Where Autodiscover lives on every server.
const (
	POXPath  = "/autodiscover/autodiscover.xml"
	SOAPPath = "/autodiscover/autodiscover.svc"
	jsonPath = "/autodiscover/autodiscover.json"
)

// ContentType is what POX and SOAP requests are sent as.
const ContentType = "text/xml; charset=utf-8"

// MaxBody is how much of a response's body is worth reading, in bytes.
const MaxBody = 1 << 20

// Kind says what came in the place of an answer. The set is closed.
type Kind string

// The kinds of answer.
const (
	Settings        Kind = "settings"
	RedirectAddress Kind = "redirect_address" // ask again for another address
	RedirectURL     Kind = "redirect_url"     // ask again somewhere else
	Failed          Kind = "error"            // the service says that it cannot; the status may be 200
	Empty           Kind = "empty"
	HTML            Kind = "html"         // a page for a browser
	Foreign         Kind = "foreign"      // text or a document of another kind
	NotExchange     Kind = "not_exchange" // settings of other services alone, as web hosters give them for IMAP and SMTP
	Truncated       Kind = "truncated"    // it ended before its document did
	Malformed       Kind = "malformed"    // not well formed, or beyond the bounds
)

// Setting is one thing that an answer tells.
type Setting struct {
	// Protocol is TYPE.Element: "EXPR.EwsUrl", "WEB.External.OWAUrl", "mapiHttp.MailStore.InternalUrl". SOAP's
	// InternalX and ExternalX go by the names of POX, EXCH.X and EXPR.X, which they are made of; its other settings
	// are "SOAP.Name". JSON's is "JSON.Protocol".
	Protocol string
	Value    string
}

// Answer is what one look-up was answered.
type Answer struct {
	Kind    Kind
	Problem string // a sentence's end for a person, unless Settings or a redirect

	// URLs are those returned, in order, at most 256, without userinfo, query and fragment. A Protocol may occur more
	// than once: EXHTTP comes for inside and for outside.
	URLs []Setting
	// Servers are the host names returned: EXPR.Server, and EXCH.Server where it is one (Exchange 2013 and later put a
	// mailbox's GUID and a domain there, which is left out).
	Servers []Setting

	Redirect string // the address, or the URL as it came; check it by Redirects

	Code   string // the service's ErrorCode as it came: "600", "InvalidUser"
	Text   string // and what it says about it
	Levels []LevelError
}

// LevelError is an ErrorCode other than NoError in a SOAP answer, and where it stood.
type LevelError struct {
	Level string // "response", "user", "setting", "fault"
	Name  string // the setting's
	Code  string
	Text  string
}

// What is kept of an answer at most.
const (
	maxSettings = 256
	maxURL      = 1024 // bytes
	maxText     = 512
	maxWord     = 128
)

// read walks a document, after which nothing may follow.
func read(r io.Reader, v boundedxml.Visitor) error {
	reader := boundedxml.NewReader(r)
	if err := reader.Next(v); err != nil {
		return err
	}
	return reader.End()
}

// unreadable is the answer for a document that could not be walked.
func unreadable(err error) *Answer {
	a := &Answer{Kind: Malformed, Problem: err.Error()}
	var broken *boundedxml.Error
	if errors.As(err, &broken) {
		a.Kind = kinds[broken.Kind]
	}
	return a
}

var kinds = map[boundedxml.Kind]Kind{
	boundedxml.Empty: Empty, boundedxml.HTML: HTML, boundedxml.NotXML: Foreign,
	boundedxml.Truncated: Truncated, boundedxml.Malformed: Malformed,
}

// add keeps a setting that is a URL or a server's name.
func (a *Answer) add(protocol, value string) {
	value = strings.TrimSpace(value)
	element := protocol[strings.LastIndexByte(protocol, '.')+1:]
	switch {
	case element == "Server" && len(a.Servers) < maxSettings:
		if name, _, err := target.ParseHost(value); err == nil {
			a.Servers = append(a.Servers, Setting{protocol, name})
		}
	case isURL(element) && len(a.URLs) < maxSettings:
		if clean, ok := CleanURL(value); ok {
			a.URLs = append(a.URLs, Setting{protocol, clean})
		}
	}
}

// isURL tells whether an element of this name holds a URL. The suffix's case varies (ASUrl, RedirectURL); EcpUrl-um and
// its kind are fragments of one.
func isURL(element string) bool { return strings.HasSuffix(strings.ToLower(element), "url") }

// CleanURL returns an absolute http or https URL without what may be secret or changes with every answer: userinfo,
// query, fragment. The host is as A-labels in lower case. ok is false for anything else.
func CleanURL(s string) (clean string, ok bool) {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURL || u.Host == "" || u.Opaque != "" {
		return "", false
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	host, _, err := target.ParseHost(u.Hostname())
	if err != nil {
		return "", false
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.Port() != "" {
		host += ":" + u.Port()
	}
	clean = (&url.URL{Scheme: u.Scheme, Host: host, Path: u.Path, RawPath: u.RawPath}).String()
	return plain.Text(clean, maxURL), true
}

func line(text []byte) string { return plain.Text(string(text), maxText) }

func word(text []byte) string { return plain.Text(string(text), maxWord) }
