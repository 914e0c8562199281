// Package origin reads who answered: Exchange, IIS, http.sys, a box in front of them, or a server of another kind.
package origin

import "slices"

// Kind says who made a response. The set is closed; it is the label `origin` of the metrics.
type Kind string

// The kinds. Middlebox needs a positive rule or contrast (see Contrast); missing headers alone are Unknown, because
// hardened sites strip them.
const (
	Exchange  Kind = "exchange"
	IIS       Kind = "iis"
	HTTPSys   Kind = "http_sys"
	Middlebox Kind = "middlebox"
	EWSServer Kind = "ews_server" // it speaks as EWS does, and bears no name of Exchange
	Unknown   Kind = "unknown"

	// Who answers in other protocols than HTTP.
	MailServer Kind = "mail_server" // one that is not Exchange
	DNSServer  Kind = "dns_server"
	Gateway    Kind = "gateway" // of Windows: for remote desktops, for VPNs
	Proxy      Kind = "proxy"   // on the way out, which the module's configuration names
)

// Serves tells whether it is the server that was to be reached which speaks, or IIS on it: no box in front of it.
func (k Kind) Serves() bool { return k == Exchange || k == IIS || k == EWSServer }

// Known are the kinds by which a server shows itself, so that a logon may be meant for it.
var Known = []Kind{Exchange, IIS, HTTPSys, Gateway}

// Wanted ends a sentence about a logon that o asked for: nobody is told to send one to who does not show himself.
func (o Origin) Wanted() string {
	if slices.Contains(Known, o.Kind) {
		return "; set an auth (on the command line --username)"
	}
	return "; see first whether that is the server"
}

// Field is one header field as it came, in order and case.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Response is what Identify looks at. Body is the decoded body's beginning; it may be empty or cut.
type Response struct {
	Proto  string // "HTTP/1.1"
	Status int
	Reason string
	Header []Field
	Body   []byte
	URL    string // what was asked for; empty for the web services of Exchange, or where it does not matter
}

// Origin is who made a response, and why we think so.
type Origin struct {
	Kind     Kind   `json:"kind" redact:"-"`
	Product  string `json:"product,omitempty" redact:"-"` // lower case from the rules' closed list: "kemp", "nginx", …; empty where it does not show
	Frontend string `json:"frontend,omitempty"`           // Exchange's front-end server (X-FEServer), empty where unknown
	Backend  string `json:"backend,omitempty"`            // Exchange's back-end server (X-BEServer, X-CalculatedBETarget, …)
	Server   string `json:"server,omitempty"`             // the Server header as it came; of name servers, the address of the one at fault
	Version  string `json:"version,omitempty"`            // Exchange's version where a header tells (X-OWA-Version)
	Portal   string `json:"portal,omitempty" redact:"-"`  // whose page to log on by this is, or leads to; from a closed list, empty for none
	Rule     string `json:"rule,omitempty" redact:"-"`    // the rule that matched, or "contrast"
	Evidence string `json:"evidence,omitempty"`           // what matched, for a person: "header X-FEServer: EX01"
}
