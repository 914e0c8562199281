// Package wire is the measured connection that every prober stands on.
//
// It resolves, connects and hands TLS shakes one step at a time, each timed and bounded; it writes a request's head and
// body separately, reads every interim response and the final one, keeps their raw heads, counts bytes, and never
// changes connection behind its caller's back. HTTP/1.1 only; proxies from the
// environment are ignored, and one that the configuration names is asked to lead on (CONNECT).
package wire

import (
	"net/netip"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// Seconds is a moment (seconds since the probe began) or a length of time.
type Seconds float64

// Span is a measured stretch of time. A nil *Span was not measured.
type Span struct {
	Start Seconds `json:"start"`
	End   Seconds `json:"end"`
}

// Length is End − Start; 0 for a nil Span.
func (s *Span) Length() Seconds {
	if s == nil {
		return 0
	}
	return s.End - s.Start
}

// State is what became of a connection.
type State string

// The states of a connection after its last response.
const (
	Open   State = "open"   // the peer keeps it open
	Closed State = "closed" // the peer ended it (FIN, or TLS close_notify)
	Reset  State = "reset"  // the peer reset it (RST)
)

// Connection records one connection: what was dialled, how long each part took, what the peer showed.
type Connection struct {
	ID      int            `json:"id"`      // counts from 1 within a probe
	Name    string         `json:"name"`    // the name that Host, SNI and the certificate check go by
	Address netip.AddrPort `json:"address"` // the address dialled, or that a proxy was asked to lead to
	Resolve *Span          `json:"resolve,omitempty"`
	Connect *Span          `json:"connect,omitempty"` // to the proxy, where there is one
	TLS     *Span          `json:"tls,omitempty"`
	Secure  *Secure        `json:"secure,omitempty"` // nil without TLS
	State   State          `json:"state,omitempty"`
	Proxy   *Hop           `json:"proxy,omitempty"` // that it goes through; nil for none
	// LeftOver counts bytes that came after the last final response and were not part of it.
	LeftOver     int   `json:"left_over,omitempty"`
	WireSent     int64 `json:"wire_sent"`     // bytes below TLS
	WireReceived int64 `json:"wire_received"` // bytes below TLS
	// Gap tells that a later part of what the peer sent came, and its beginning never did: something lost the first segments, and
	// whatever was sent again in their place. Only Linux tells.
	Gap bool `json:"gap,omitempty"`
	// Lossy tells that segments were lost, or overtook each other: what was measured in time need not be the peer's doing. What the
	// peer had to send again without anything behind it does not show. Only Linux tells.
	Lossy bool `json:"lossy,omitempty"`
}

// place is the address and, where it differs, the name.
func (c *Connection) place() string {
	if c.Name == c.Address.Addr().String() {
		return c.Address.String()
	}
	return c.Address.String() + " (" + c.Name + ")"
}

// Secure is what a TLS handshake showed. Certificates are kept even when they were refused.
type Secure struct {
	ServerName      string `json:"server_name"`                  // sent as SNI; empty when none was sent
	Version         string `json:"version,omitempty" redact:"-"` // as crypto/tls calls it
	Cipher          string `json:"cipher,omitempty" redact:"-"`  // likewise
	ALPN            string `json:"alpn,omitempty"`
	AsksCertificate bool   `json:"asks_client_certificate,omitempty"` // of the client
	// ShownUntil is when the client's certificate ends that was sent; nil where none was. It is public, and not kept all the same.
	ShownUntil  *time.Time    `json:"client_certificate_not_after,omitempty"`
	Chain       []Certificate `json:"chain,omitempty"`        // as sent, leaf first
	PathExpires *time.Time    `json:"path_expires,omitempty"` // the last path to an authority ends, see Peer.pathExpires
	Verified    bool          `json:"verified"`               // by chain and name, or by a pin
	VerifyError string        `json:"verify_error,omitempty"`
}

// Exchange records one HTTP request and what came back on one connection. Moments are nil while they have not come.
type Exchange struct {
	Method     string         `json:"method" redact:"-"` // the prober's
	URL        string         `json:"url"`
	Header     []origin.Field `json:"header"`      // as sent, in order
	BodyLength int            `json:"body_length"` // bytes of body that the request announces

	Head  *Span    `json:"head,omitempty"`       // first to last byte of the head written, or until writing failed
	Body  *Span    `json:"body,omitempty"`       // first to last byte of the body written, or until writing failed
	First *Seconds `json:"first_byte,omitempty"` // first byte of the first response, interim or final
	End   *Seconds `json:"end,omitempty"`        // last byte of the final response
	Quiet *Seconds `json:"quiet,omitempty"`      // for how long nothing had come, or gone, when a response's head was waited for no more

	Interim []*Response `json:"interim,omitempty"` // 1xx, in order; those after the final response too
	Final   *Response   `json:"final,omitempty"`

	// Unfinished counts the bytes that came where a response's head was due and are none: of one that did not end, or cannot be read.
	Unfinished int64 `json:"unfinished,omitempty"`

	BytesSent     int64 `json:"bytes_sent"`     // HTTP, above TLS, as IIS logs cs-bytes
	BytesReceived int64 `json:"bytes_received"` // HTTP, above TLS, as IIS logs sc-bytes
	WireSent      int64 `json:"wire_sent"`      // below TLS, while this exchange ran
	WireReceived  int64 `json:"wire_received"`

	// Stray counts bytes that came after the final response and are no interim response.
	Stray int `json:"stray,omitempty"`
	// StrayLine is the status line of the response that they begin with, where they are one.
	StrayLine string `json:"stray_line,omitempty"`
}

// Response is one response head and what is known of its body.
type Response struct {
	First      Seconds        `json:"first_byte"`       // its first byte
	At         Seconds        `json:"at"`               // its head was complete
	Proto      string         `json:"proto" redact:"-"` // "HTTP/1.1", or 1 and another digit
	Status     int            `json:"status"`
	AfterFinal bool           `json:"after_final,omitempty"` // an interim one that came behind the final one; clocks are too coarse to tell by
	Reason     string         `json:"reason"`
	Header     []origin.Field `json:"header"`
	Raw        string         `json:"raw"`                   // the head as it came: order, case, line ends
	BodyLength int64          `json:"body_length,omitempty"` // decoded bytes read
	Truncated  bool           `json:"truncated,omitempty"`   // the body went on beyond the limit
	Coding     string         `json:"coding,omitempty"`      // the content coding that the body came in
	Unreadable string         `json:"unreadable,omitempty"`  // why that could not be undone
	Excerpt    string         `json:"excerpt,omitempty"`     // the beginning of an error page; never mail content
}
