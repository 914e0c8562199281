package result

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// HTTP is the part of a conversation that HTTP alone has: one request and what came back.
type HTTP = wire.Exchange

// Talk is the part of a conversation in lines, packets or questions: what each side said, in order of time.
type Talk = wire.Talk

// Protocol is what a conversation speaks.
type Protocol string

// The protocols of conversations.
const (
	HTTPProtocol Protocol = "http"
	SMTP         Protocol = "smtp"
	IMAP         Protocol = "imap"
	POP3         Protocol = "pop3"
	DNS          Protocol = "dns"
	State        Protocol = "state" // that of ASP.NET's state service, which is HTTP but for its status line
	SSTP         Protocol = "sstp"
	RDGateway    Protocol = "rdg" // the packets of a gateway for remote desktops
)

// Conversation is what was said over one connection for one purpose, the step it belongs to, and who answered. All of it
// is data, so that redaction, bounds and JSON need to know of no protocol: either HTTP or Talk is there.
type Conversation struct {
	Step       string   `json:"step" redact:"-"`
	Protocol   Protocol `json:"protocol" redact:"-"`
	Connection int      `json:"connection"` // wire.Connection.ID
	*HTTP
	*Talk
	Origin origin.Origin `json:"origin"`
	// Reading is what the response says of its own cause; nil for a success.
	Reading *origin.Reading `json:"reading,omitempty"`
	Error   string          `json:"error,omitempty"` // why there is no answer
}

// Response is the final response of a conversation over HTTP; nil for any other, and where none came. It may be asked of
// a nil conversation.
func (c *Conversation) Response() *wire.Response {
	if c == nil || c.HTTP == nil {
		return nil
	}
	return c.Final
}

// Answer is what came back, in a few words: a status line without the protocol, a last reply. It is empty where nothing
// came that could be told, and may be asked of a nil conversation.
func (c *Conversation) Answer() string {
	if f := c.Response(); f != nil {
		return strings.TrimRight(strconv.Itoa(f.Status)+" "+f.Reason, " ")
	}
	if c == nil || c.Talk == nil {
		return ""
	}
	return c.Outcome
}

// Cause is what a failure goes on with that this answer is behind: what it says of its cause, and what that means. Where a
// box made it, the finding tells what to do.
func (c *Conversation) Cause() string {
	if c.Origin.Kind == origin.Middlebox {
		return c.Reading.Said()
	}
	return c.Reading.Text()
}

// ByExchange tells whether Exchange names itself in the answer.
func (c *Conversation) ByExchange() bool {
	return c.Origin.Frontend != "" || c.Origin.Kind == origin.Exchange
}

// IsPage tells whether the final response is a page for people.
func (c *Conversation) IsPage() bool {
	return strings.Contains(strings.ToLower(c.Final.Get("Content-Type")), "html")
}

// Unpublished tells whether the answer says that nobody may go there or nothing is there, and Exchange has no part in it.
func (c *Conversation) Unpublished() bool {
	return slices.Contains([]int{403, 404, 406, 410, 451}, c.Status()) && !c.ByExchange()
}

// Answered tells whether anything came back that shows who is there.
func (c *Conversation) Answered() bool { return c.Answer() != "" }

// Status is the status of the final response; 0 where none came, or where HTTP is not spoken.
func (c *Conversation) Status() int {
	if f := c.Response(); f != nil {
		return f.Status
	}
	return 0
}

// Begun is when the first byte was sent or expected; false where that is not known.
func (c *Conversation) Begun() (wire.Seconds, bool) {
	switch {
	case c.HTTP != nil && c.Head != nil:
		return c.Head.Start, true
	case c.Talk != nil:
		return c.Span.Start, true
	}
	return 0, false
}
