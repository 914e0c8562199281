// Package ews holds the messages of Exchange Web Services.
package ews

// Namespaces of EWS (Exchange Web Services Managed API, Core/EwsUtilities.cs). They begin with http: although some
// published samples say https; a server given those rejects the request.
const (
	nsSOAP     = "http://schemas.xmlsoap.org/soap/envelope/"
	nsMessages = "http://schemas.microsoft.com/exchange/services/2006/messages"
	nsTypes    = "http://schemas.microsoft.com/exchange/services/2006/types"
)

// ContentType is what a SOAP 1.1 request is sent as.
const ContentType = "text/xml; charset=utf-8"

// Path is where EWS lives on every Exchange server.
const Path = "/EWS/Exchange.asmx"

// DefaultVersion is the schema version that Exchange 2013 SP1 and everything after it understands.
const DefaultVersion = "Exchange2013_SP1"

// Envelope wraps the body's XML in a SOAP envelope that asks for a schema version.
func Envelope(version, body string) []byte {
	return []byte(`<?xml version="1.0" encoding="utf-8"?>` +
		`<soap:Envelope xmlns:soap="` + nsSOAP + `" xmlns:m="` + nsMessages + `" xmlns:t="` + nsTypes + `">` +
		`<soap:Header><t:RequestServerVersion Version="` + version + `"/></soap:Header>` +
		`<soap:Body>` + body + `</soap:Body></soap:Envelope>`)
}

// GetServerTimeZones asks for the definition of UTC: a real request that touches no mailbox (Microsoft Learn,
// "GetServerTimeZones operation").
func GetServerTimeZones() []byte {
	return Envelope(DefaultVersion, `<m:GetServerTimeZones ReturnFullTimeZoneData="false"><m:Ids><t:Id>UTC</t:Id></m:Ids></m:GetServerTimeZones>`)
}
