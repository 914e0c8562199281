// Package ews holds the messages of Exchange Web Services: it writes requests and reads responses. It knows no
// connections.
package ews

import (
	"encoding/xml"
	"strings"
)

// Namespaces of EWS (Exchange Web Services Managed API, Core/EwsUtilities.cs). They begin with http: although some
// published samples say https; a server given those rejects the request, and so do clients given them in a response.
const (
	nsSOAP     = "http://schemas.xmlsoap.org/soap/envelope/"
	nsSOAP12   = "http://www.w3.org/2003/05/soap-envelope" // of faults, by some that answer in EWS's place
	nsMessages = "http://schemas.microsoft.com/exchange/services/2006/messages"
	nsTypes    = "http://schemas.microsoft.com/exchange/services/2006/types"
)

// ContentType is what a SOAP 1.1 request is sent as. EWS needs no SOAPAction (Microsoft Learn, "ResponseCode",
// ErrorInvalidRequest).
const ContentType = "text/xml; charset=utf-8"

// Path is where EWS lives on every Exchange server.
const Path = "/EWS/Exchange.asmx"

// DefaultVersion is the schema version that Exchange 2013 SP1 and everything after it understands.
const DefaultVersion = "Exchange2013_SP1"

// Versions are the schema versions that Microsoft Learn, "RequestServerVersion", lists. Newer servers know more.
var Versions = []string{
	"Exchange2007", "Exchange2007_SP1", "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2", "Exchange2013", "Exchange2013_SP1",
}

// Identity says how a ConnectingSID names the account to impersonate (Microsoft Learn, "ConnectingSID").
type Identity string

// The identities.
const (
	PrincipalName      Identity = "PrincipalName" // user@domain as Active Directory knows it
	SID                Identity = "SID"           // S-1-5-…
	PrimarySMTPAddress Identity = "PrimarySmtpAddress"
	SMTPAddress        Identity = "SmtpAddress"
)

// Identities are all of them.
var Identities = []Identity{PrincipalName, SID, PrimarySMTPAddress, SMTPAddress}

// Builder writes requests. Its zero value asks for DefaultVersion and impersonates nobody.
type Builder struct {
	Version string // RequestServerVersion; empty for DefaultVersion

	// ImpersonateBy and Impersonate name the account to act as; an empty Impersonate is none.
	ImpersonateBy Identity
	Impersonate   string
}

// Operation is an operation of EWS by its name in responses: the body of its response is this and "Response".
type Operation string

// Request is a SOAP envelope and the operation that it asks for, by which its response is judged.
type Request struct {
	Operation Operation
	Body      []byte

	watermark bool // its response has one
}

// request wraps the body's XML in an envelope.
func (b Builder) request(op Operation, body string) Request {
	version := b.Version
	if version == "" {
		version = DefaultVersion
	}
	header := `<t:RequestServerVersion Version="` + escape(version) + `"/>`
	if b.Impersonate != "" {
		header += `<t:ExchangeImpersonation>` +
			element("t:ConnectingSID", element("t:"+string(b.ImpersonateBy), escape(b.Impersonate))) +
			`</t:ExchangeImpersonation>`
	}
	return Request{Operation: op, Body: []byte(`<?xml version="1.0" encoding="utf-8"?>` +
		`<soap:Envelope xmlns:soap="` + nsSOAP + `" xmlns:m="` + nsMessages + `" xmlns:t="` + nsTypes + `">` +
		element("soap:Header", header) + element("soap:Body", body) + `</soap:Envelope>`)}
}

// escape makes a value fit for text and attributes. What XML cannot hold becomes U+FFFD.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder does not fail
	return b.String()
}

// element puts XML, which is escaped already, into an element.
func element(name, content string) string { return "<" + name + ">" + content + "</" + name + ">" }

// optional is element with a value, or nothing without one.
func optional(name, value string) string {
	if value == "" {
		return ""
	}
	return element(name, escape(value))
}
