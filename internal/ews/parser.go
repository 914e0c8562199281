package ews

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
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
	envelope  string // its namespace; empty while there is none
	bodies    int
	parts     int      // elements of the body
	mixed     string   // an element that holds text beside elements
	outside   xml.Name // an envelope or a response that is not in its namespace
	valueName string   // the Name of the MessageXml Value at hand
	address   bool     // the Resolution at hand has one
	scratch   Message
}

func newParser() *parser {
	return &parser{response: Response{ItemsInView: -1}}
}

// Enters implements boundedxml.Chooser: an element is what it is only in its namespace. In a fault all count, for that is a
// failure whatever it says.
func (p *parser) Enters(around boundedxml.Path, name xml.Name) bool {
	switch {
	case len(around) == 0:
		if name.Local != "Envelope" || !isSOAP(name.Space) {
			p.outside = name
			return false
		}
		p.envelope = name.Space
		return true
	case len(around) == 1:
		return name.Space == p.envelope && (name.Local == "Header" || name.Local == "Body")
	case p.response.Fault != nil:
		return true
	case around.Begins("Envelope", "Header"):
		return name.Space == nsTypes
	case isSOAP(name.Space):
		return name.Local == "Fault"
	case len(around) == 2:
		if p.parts++; name.Space != nsMessages {
			p.outside = name
		}
		return name.Space == nsMessages
	}
	return name.Space == nsMessages || name.Space == nsTypes
}

// Mixed implements boundedxml.Chooser.
func (p *parser) Mixed(path boundedxml.Path) { p.mixed = word(path.Name()) }

func isSOAP(space string) bool { return space == nsSOAP || space == nsSOAP12 }

// Start implements boundedxml.Visitor.
func (p *parser) Start(path boundedxml.Path, attributes []xml.Attr) {
	r := &p.response
	switch {
	case path.Name() == "Fault" && len(path) > 2 && r.Fault == nil:
		r.Fault = &Fault{} // also beside or within a response
	case len(path) == 2:
		if path.Name() == "Body" {
			p.bodies++
		}
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

// operation takes the body's element: the operation's response.
func (p *parser) operation(name string) {
	r := &p.response
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
		if path.Parent() == "ResponseMessages" && name != string(r.Operation)+"ResponseMessage" {
			r.strange = word(name)
		}
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
	case slices.Contains(eventTypes, name) && path.Parent() == "Notification":
		r.EventCount++
		if len(r.Events) < maxKept {
			r.Events = append(r.Events, Event{Type: word(name)})
		}
	case name == "Resolution":
		p.address = false
	case path.Ends("TimeZoneDefinitions", "TimeZoneDefinition") && boundedxml.Attribute(attributes, "Id") != "":
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
	case folder && up(2) == "Folders" && strings.HasSuffix(up(1), "Folder") && len(r.Folders) < maxKept && id != "":
		r.Folders = append(r.Folders, id)
	case !folder && up(2) == "Items" && slices.Contains(itemTypes, up(1)) && len(r.Items) < maxKept && id != "":
		r.Items = append(r.Items, id)
	}
}

// itemTypes are the elements that items come in (types.xsd, ArrayOfRealItemsType).
var itemTypes = []string{
	"Item", "Message", "CalendarItem", "Contact", "DistributionList", "MeetingMessage", "MeetingRequest", "MeetingResponse",
	"MeetingCancellation", "Task", "PostItem", "RoleMember", "Network", "Person", "Booking",
}

// End implements boundedxml.Visitor.
func (p *parser) End(path boundedxml.Path, text []byte) {
	switch {
	case len(path) < 4 || !path.Begins("Envelope", "Body"):
	case p.response.Fault != nil:
		if path.Has("Fault") {
			p.fault(path, text)
		}
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
		p.responseCode(word(string(text)))
	case "EmailAddress":
		if path.Ends("ResolutionSet", "Resolution", "Mailbox", "EmailAddress") && len(text) > 0 && !p.address {
			p.address = true // one is enough to have found somebody
			r.Resolutions++
		}
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
		if path.Ends("FreeBusyResponseArray", "FreeBusyResponse", "FreeBusyView", "FreeBusyViewType") && slices.Contains(views, string(text)) {
			r.FreeBusy++
		}
	case "OofState":
		if path.Parent() == "OofSettings" {
			r.OOFState = oneOf(string(text), "Disabled", "Enabled", "Scheduled")
		}
	}
}

// noCode stands for a ResponseCode that is there and says nothing, which is not the code of a success.
const noCode = "(empty)"

// responseCode takes a message's code. Where it has two, the one that tells of an error counts.
func (p *parser) responseCode(code string) {
	m := p.message()
	if m.Code == "" || m.Code == "NoError" {
		m.Code = cmp.Or(code, noCode)
	}
}

// views are the kinds of free and busy times that a server may give, other than none (types.xsd, FreeBusyViewType).
var views = []string{"MergedOnly", "FreeBusy", "FreeBusyMerged", "Detailed", "DetailedMerged"}

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
	case p.mixed != "":
		r.Kind, r.Problem = Malformed, "its element "+p.mixed+" holds text beside elements"
	case p.parts > 1, p.bodies > 1:
		r.Kind, r.Problem = NotSOAP, "the SOAP body holds more than one response"
	case r.Operation != "" && p.envelope != nsSOAP:
		r.Kind, r.Problem = NotSOAP, "its envelope is not of SOAP 1.1, in which was asked"
	case r.Operation != "":
		r.Kind = Answered
	case p.envelope == "":
		r.Kind, r.Problem = NotSOAP, "it is XML, but no SOAP envelope"+p.named("Envelope")
	case p.bodies == 0:
		r.Kind, r.Problem = NotSOAP, "the SOAP envelope has no body"
	default:
		r.Kind, r.Problem = NotSOAP, "the SOAP body holds no response"+p.named("Response")
	}
	return r
}

// named says in which namespace an element of this name is, where that is why it does not count.
func (p *parser) named(suffix string) string {
	if !strings.HasSuffix(p.outside.Local, suffix) {
		return ""
	}
	return fmt.Sprintf(": its %s is in the namespace %q", word(p.outside.Local), word(p.outside.Space))
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
