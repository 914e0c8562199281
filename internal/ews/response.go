package ews

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews/boundedxml"
)

// MaxBody is how much of a response's body is worth reading, in bytes. The largest honest answers are 512 changes and
// a mailbox's first synchronisation state.
const MaxBody = 8 << 20

// Kind says what came in the place of a response. The set is closed.
type Kind string

// The kinds of response.
const (
	Answered  Kind = "response"  // a whole SOAP envelope with an operation's response
	Faulted   Kind = "fault"     // a whole SOAP envelope with a fault
	Empty     Kind = "empty"     // nothing
	HTML      Kind = "html"      // a page for a browser: an error page or a form to log on by
	NotSOAP   Kind = "not_soap"  // text, or XML of another kind
	Truncated Kind = "truncated" // it ended before its envelope did
	Malformed Kind = "malformed" // not well-formed XML, or beyond the bounds
)

// The values of ResponseClass (Microsoft Learn, "ResponseMessages").
const (
	Success = "Success"
	Warning = "Warning"
	Failed  = "Error"
)

// Response is what a response said. It keeps neither mail, nor names, nor the texts of automatic replies, nor busy
// times. Texts are one line each and short; an id that is too long to be one is dropped.
type Response struct {
	Kind    Kind
	Problem string // a phrase for a person: what is wrong with it; empty when Answered or Faulted

	Operation Operation     // what was answered; empty unless Answered
	Server    ServerVersion // of the back end, in the SOAP header; zero where there is none
	Messages  []Message     // at most 100, in order; one for each thing asked for
	Fault     *Fault        // when Faulted

	Folders     []string // ids of the folders got, found or created
	Items       []string // ids of the items found or created
	ItemsInView int      // how many there are in all, of those found; -1 where the response does not tell

	SyncState   string
	Complete    bool     // nothing more has changed than Changes tells (IncludesLastItemInRange, IncludesLastFolderInRange)
	Changes     []Change // at most 1024
	ChangeCount int      // of all changes in this response

	Subscription string
	Watermark    string  // the newest: to be given to the next GetEvents
	MoreEvents   bool    // there are more than Events tells
	Events       []Event // at most 1024
	EventCount   int     // of all events in this response
	// Connection is the state of a streaming response, "OK" or "Closed".
	Connection string
	// LostSubscriptions counts the subscriptions that a streaming response says it cannot serve.
	LostSubscriptions int

	OOFState    string // "Disabled", "Enabled", "Scheduled"; "other" for anything else; empty where there is none
	FreeBusy    int    // how many mailboxes' busy times came
	Resolutions int    // how many directory entries with an address matched
	TimeZones   int    // how many time zones came

	strange string // a message among its ResponseMessages that is not of its operation
}

// Message is the head of one response message.
type Message struct {
	Class string // Success, Warning or Error
	Code  string // ResponseCode as it came: "NoError", "ErrorItemNotFound"
	Text  string // MessageText
	Inner string // the code within ErrorInternalServerError: what the older schema has no name for
	// BackOff is how long to leave the server alone, 0 where it does not tell.
	BackOff time.Duration
}

// Change is one change in a SyncFolderHierarchy or SyncFolderItems response.
type Change struct {
	Type string // "Create", "Update", "Delete", "ReadFlagChange"
	ID   string // the folder's or item's
}

// Event is one event of a notification. A StatusEvent has neither item nor folder.
type Event struct {
	Type   string // "CreatedEvent", …
	Item   string // id; empty when the event is a folder's
	Folder string // id; empty when the event is an item's
}

// ServerVersion is the version of the back-end server that answered (Microsoft Learn, "ServerVersionInfo").
type ServerVersion struct {
	Major, Minor, Build, Revision int
	Schema                        string
}

// String is the version as Exchange's own headers write it, "15.2.1748.10"; empty where it is unknown.
func (v ServerVersion) String() string {
	if v.Major == 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d.%d.%d", v.Major, v.Minor, v.Build, v.Revision)
}

// Fault is a SOAP fault in any of the forms that Exchange and WCF give it (Exchange Web Services Managed API,
// Core/SoapFaultDetails.cs).
type Fault struct {
	FaultCode string // without its prefix: "ErrorServerBusy", "Client"
	Code      string // ResponseCode, else FaultCode where that is one; empty otherwise
	Text      string
	Actor     string // faultactor: the URL of the server that made the fault
	ErrorCode string // a number, in faults that have no ResponseCode
	Exception string // ExceptionType
	Inner     string
	Violation string // what the schema does not allow, and where
	Line      int
	Position  int
	BackOff   time.Duration
}

// Parse reads one response, after whose envelope nothing may follow. How much may be read is the caller's to bound, by
// MaxBody where nothing else asks for less.
func Parse(r io.Reader) *Response {
	s := NewStream(r)
	response, _ := s.Next()
	if response.Kind == Answered {
		if err := s.reader.End(); err != nil {
			return unreadableBy(err)
		}
	}
	return response
}

// Stream reads the envelopes of a streaming response, one after the other as they come.
type Stream struct {
	reader *boundedxml.Reader
}

// NewStream reads from r, which may be a connection: an envelope is returned as soon as its last byte is there.
func NewStream(r io.Reader) *Stream { return &Stream{boundedxml.NewReader(r)} }

// Next reads the next envelope. It returns io.EOF, with a Response of kind Empty, when no more comes. After an envelope
// that is neither Answered nor Faulted nothing more can be read. When r's Read fails, its error is in the chain of the
// one returned.
func (s *Stream) Next() (*Response, error) {
	p := newParser()
	err := s.reader.Next(p)
	if err == nil {
		return p.finish(), nil
	}
	response := unreadableBy(err)
	if response.Kind == Empty && errors.Unwrap(err) == nil {
		return response, io.EOF
	}
	return response, err
}

// unreadableBy is the response whose document could not be walked.
func unreadableBy(err error) *Response {
	response := &Response{Kind: Malformed, Problem: err.Error(), ItemsInView: -1}
	var broken *boundedxml.Error
	if errors.As(err, &broken) {
		response.Kind = kinds[broken.Kind]
	}
	return response
}

// Kinds of what is no document, as kinds of response.
var kinds = map[boundedxml.Kind]Kind{
	boundedxml.Empty: Empty, boundedxml.HTML: HTML, boundedxml.NotXML: NotSOAP,
	boundedxml.Truncated: Truncated, boundedxml.Malformed: Malformed,
}

// OwnWords tells whether only EWS itself can have made the response: an operation's answer, or a fault with a code or a
// version of EWS. A request has none of these, so that an echo of one is no such response.
func (r *Response) OwnWords() bool {
	return r.Kind == Answered || r.Kind == Faulted && (r.Fault.Code != "" || r.Server != ServerVersion{})
}
