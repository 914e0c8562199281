package ews

import (
	"encoding/xml"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews/boundedxml"
	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// What is kept of a response at most.
const (
	maxMessages = 100  // one for each mailbox of an availability request (Microsoft Learn, "MailboxDataArray")
	maxKept     = 1024 // ids, changes, events
	maxID       = 4096 // bytes; ids are some 200 long
	maxText     = 512  // bytes of a text for a person
	maxWord     = 128  // bytes of a code or a name
)

// maxBackOff bounds what a server may ask for, far beyond what anybody waits.
const maxBackOff = 24 * time.Hour

// parser picks from an envelope what a Response keeps.
type parser struct {
	response  Response
	envelope  bool
	body      bool
	valueName string // the Name of the MessageXml Value at hand
	scratch   Message
}

func newParser() *parser {
	return &parser{response: Response{ItemsInView: -1}}
}

// Start implements boundedxml.Visitor.
func (p *parser) Start(path boundedxml.Path, attributes []xml.Attr) {
	r := &p.response
	switch {
	case len(path) == 1:
		p.envelope = path.Name() == "Envelope"
	case !p.envelope:
	case len(path) == 2:
		p.body = p.body || path.Name() == "Body"
	case len(path) == 3 && path.Begins("Envelope", "Header"):
		if path.Name() == "ServerVersionInfo" {
			r.Server = serverVersion(attributes)
		}
	case len(path) == 3 && path.Begins("Envelope", "Body"):
		p.operation(path.Name())
	case r.Fault != nil:
		p.valueName = boundedxml.Attribute(attributes, "Name")
	case path.Begins("Envelope", "Body"):
		p.startContent(path, attributes)
	}
}

// operation takes the body's first element: the operation's response or a fault.
func (p *parser) operation(name string) {
	r := &p.response
	if r.Operation != "" || r.Fault != nil {
		return
	}
	if name == "Fault" {
		r.Fault = &Fault{}
		return
	}
	if operation, found := strings.CutSuffix(name, "Response"); found {
		r.Operation = Operation(word(operation))
	}
}

// startContent takes what attributes and mere presence tell.
func (p *parser) startContent(path boundedxml.Path, attributes []xml.Attr) {
	r := &p.response
	name := path.Name()
	switch {
	case path.Parent() == "ResponseMessages", name == "ResponseMessage":
		if len(r.Messages) < maxMessages {
			r.Messages = append(r.Messages, Message{Class: word(boundedxml.Attribute(attributes, "ResponseClass"))})
		}
	case name == "Value":
		p.valueName = boundedxml.Attribute(attributes, "Name")
	case name == "RootFolder":
		r.ItemsInView = number(boundedxml.Attribute(attributes, "TotalItemsInView"), -1)
		r.Complete = boundedxml.Attribute(attributes, "IncludesLastItemInRange") == "true"
	case path.Parent() == "Changes":
		p.change(name)
	case name == "ItemId", name == "FolderId":
		p.id(path, identifier(boundedxml.Attribute(attributes, "Id")))
	case strings.HasSuffix(name, "Event") && path.Parent() == "Notification":
		r.EventCount++
		if len(r.Events) < maxKept {
			r.Events = append(r.Events, Event{Type: word(name)})
		}
	case name == "Resolution":
		r.Resolutions++
	case name == "TimeZoneDefinition":
		r.TimeZones++
	case name == "SubscriptionId" && path.Parent() == "ErrorSubscriptionIds":
		r.LostSubscriptions++
	}
}

func (p *parser) change(kind string) {
	r := &p.response
	r.ChangeCount++
	if len(r.Changes) < maxKept {
		r.Changes = append(r.Changes, Change{Type: word(kind)})
	}
}

// id puts an id where it belongs: it is a change's, an event's, or one of the folders or items asked for.
func (p *parser) id(path boundedxml.Path, id string) {
	r := &p.response
	up := func(n int) string { return path[max(len(path)-1-n, 0)] }
	folder := path.Name() == "FolderId"
	switch {
	case up(2) == "Changes" || up(3) == "Changes": // Delete/ItemId, Create/Message/ItemId
		if n := len(r.Changes); n > 0 && n == r.ChangeCount {
			r.Changes[n-1].ID = id
		}
	case up(2) == "Notification":
		if n := len(r.Events); n > 0 && n == r.EventCount && folder {
			r.Events[n-1].Folder = id
		} else if n > 0 && n == r.EventCount {
			r.Events[n-1].Item = id
		}
	case folder && up(2) == "Folders" && len(r.Folders) < maxKept && id != "":
		r.Folders = append(r.Folders, id)
	case !folder && up(2) == "Items" && len(r.Items) < maxKept && id != "":
		r.Items = append(r.Items, id)
	}
}

// End implements boundedxml.Visitor.
func (p *parser) End(path boundedxml.Path, text []byte) {
	switch {
	case len(path) < 4 || !path.Begins("Envelope", "Body"):
	case p.response.Fault != nil:
		p.fault(path, text)
	default:
		p.content(path, text)
	}
}

// content takes what texts tell. MessageXml and its neighbours may be anywhere in a response message.
func (p *parser) content(path boundedxml.Path, text []byte) {
	r := &p.response
	switch path.Name() {
	case "MessageText":
		p.message().Text = line(text)
	case "ResponseCode":
		p.message().Code = word(string(text))
	case "Value":
		p.value(text, &p.message().BackOff, &p.message().Inner)
	case "SyncState":
		r.SyncState = string(text)
	case "IncludesLastItemInRange", "IncludesLastFolderInRange":
		r.Complete = string(text) == "true"
	case "SubscriptionId":
		if path.Parent() != "ErrorSubscriptionIds" {
			r.Subscription = identifier(string(text))
		}
	case "Watermark":
		r.Watermark = identifier(string(text))
	case "MoreEvents":
		r.MoreEvents = string(text) == "true"
	case "ConnectionStatus":
		r.Connection = oneOf(string(text), "OK", "Closed")
	case "FreeBusyViewType": // of the view, only that there is one
		if path.Parent() == "FreeBusyView" && string(text) != "None" {
			r.FreeBusy++
		}
	case "OofState":
		r.OOFState = oneOf(string(text), "Disabled", "Enabled", "Scheduled")
	}
}

// message is the response message at hand; what stands outside of one goes nowhere.
func (p *parser) message() *Message {
	if n := len(p.response.Messages); n > 0 {
		return &p.response.Messages[n-1]
	}
	p.scratch = Message{}
	return &p.scratch
}

// value takes a Value of MessageXml (Microsoft Learn, "MessageXml").
func (p *parser) value(text []byte, backOff *time.Duration, inner *string) {
	switch p.valueName {
	case "BackOffMilliseconds":
		*backOff = min(time.Duration(max(number(string(text), 0), 0))*time.Millisecond, maxBackOff)
	case "InnerErrorResponseCode":
		*inner = word(string(text))
	}
}

// fault takes an element of a SOAP fault, 1.1 or 1.2, by its local name: the namespaces differ between versions.
func (p *parser) fault(path boundedxml.Path, text []byte) {
	f := p.response.Fault
	switch path.Name() {
	case "faultcode":
		f.FaultCode = localPart(text)
	case "faultstring", "Text", "Message":
		// Message, in the detail, comes last and is the plainest.
		if s := line(text); s != "" {
			f.Text = s
		}
	case "faultactor":
		f.Actor = line(text)
	case "ResponseCode":
		f.Code = word(string(text))
	case "ErrorCode":
		f.ErrorCode = word(string(text))
	case "ExceptionType":
		f.Exception = word(string(text))
	case "Violation":
		f.Violation = line(text)
	case "LineNumber", "Line":
		f.Line = number(string(text), 0)
	case "LinePosition", "Position":
		f.Position = number(string(text), 0)
	case "Value":
		if path.Parent() == "Code" {
			f.FaultCode = localPart(text)
			return
		}
		p.value(text, &f.BackOff, &f.Inner)
	}
}

// finish says what kind of document it was.
func (p *parser) finish() *Response {
	r := &p.response
	switch {
	case r.Fault != nil:
		r.Kind = Faulted
		if r.Fault.Code == "" && strings.HasPrefix(r.Fault.FaultCode, "Error") {
			r.Fault.Code = r.Fault.FaultCode
		}
	case r.Operation != "":
		r.Kind = Answered
	case !p.envelope:
		r.Kind, r.Problem = NotSOAP, "it is XML, but no SOAP envelope"
	case !p.body:
		r.Kind, r.Problem = NotSOAP, "the SOAP envelope has no body"
	default:
		r.Kind, r.Problem = NotSOAP, "the SOAP body holds no response"
	}
	return r
}

func serverVersion(attributes []xml.Attr) ServerVersion {
	n := func(name string) int { return number(boundedxml.Attribute(attributes, name), 0) }
	return ServerVersion{
		Major: n("MajorVersion"), Minor: n("MinorVersion"), Build: n("MajorBuildNumber"), Revision: n("MinorBuildNumber"),
		Schema: word(boundedxml.Attribute(attributes, "Version")),
	}
}

// number reads a decimal number of 32 bits.
func number(s string, otherwise int) int {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 32)
	if err != nil {
		return otherwise
	}
	return int(n)
}

// identifier drops what is too long to be an id: a part of an id is another id.
func identifier(s string) string {
	if len(s) > maxID {
		return ""
	}
	return s
}

func line(text []byte) string { return plain.Text(string(text), maxText) }

func word(s string) string { return plain.Text(s, maxWord) }

func localPart(text []byte) string {
	s := word(string(text))
	return s[strings.LastIndexByte(s, ':')+1:]
}

// oneOf keeps to a closed list.
func oneOf(s string, known ...string) string {
	for _, k := range known {
		if s == k {
			return k
		}
	}
	return "other"
}
