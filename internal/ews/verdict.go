package ews

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Reasons for which a response is no success, whatever its HTTP status.
const (
	ReasonThrottled      = "throttled"       // the server asks to be left alone
	ReasonFault          = "soap_fault"      // a SOAP fault, which may come with 500 or with 200
	ReasonResponseError  = "response_error"  // a response message of class Error
	ReasonMissingContent = "missing_content" // it claims success and lacks what was asked for
	ReasonWrongOperation = "wrong_operation" // it answers another request
	ReasonEmpty          = "empty_response"
	ReasonHTML           = "html"
	ReasonNotSOAP        = "not_soap"
	ReasonTruncated      = "truncated"
	ReasonMalformed      = "malformed_xml"
)

// Verdict is what a response comes to.
type Verdict struct {
	OK      bool
	Warning bool   // it succeeded, and says that something is odd: class Warning
	Reason  string // one of the reasons; empty when OK
	Class   string // ResponseClass of the deciding message: "Success", "Warning", "Error"; empty without one
	Code    string // its ResponseCode, or the fault's, as it came; the inner one of an ErrorInternalServerError
	Group   Group  // of Code
	// BackOff is how long the server asks to be left alone; 0 where it does not tell.
	BackOff time.Duration
	// Message is a sentence about what came, without a subject: "answered ErrorItemNotFound: …".
	Message string
}

// Judge says whether the response answers req. Codes in accept are successes although their class is Error:
// ErrorItemNotFound, when something is to be deleted.
func (r *Response) Judge(req Request, accept ...string) Verdict {
	switch {
	case r.Kind == Faulted:
		return r.Fault.judge()
	case r.Kind != Answered:
		return Verdict{Reason: unreadable[r.Kind], Group: Other, Message: fmt.Sprintf("answered something that is no EWS response: %s", r.Problem)}
	case r.Operation != req.Operation:
		return Verdict{Reason: ReasonWrongOperation, Group: Other, Message: fmt.Sprintf("answered %s, but was asked %s", r.Operation, req.Operation)}
	case r.strange != "":
		return Verdict{Reason: ReasonWrongOperation, Group: Other, Message: fmt.Sprintf("answered %s with a message that is none of it: %s", r.Operation, r.strange)}
	case len(r.Messages) == 0:
		return Verdict{Reason: ReasonMissingContent, Group: Other, Message: "answered without any response message"}
	}
	m := r.deciding(accept)
	v := Verdict{Class: m.Class, Code: m.code(), BackOff: m.BackOff}
	v.Group = GroupOf(v.Code)
	switch {
	case slices.Contains(accept, v.Code):
		v.OK = true
	case m.Class != Success && m.Class != Warning, m.Class == Success && !v.plain():
		v.Reason = ReasonResponseError
		if v.Group == Throttled {
			v.Reason = ReasonThrottled
		}
	case !r.holds(req.Operation), req.watermark && r.Watermark == "":
		v.Reason = ReasonMissingContent
		v.Message = fmt.Sprintf("answered %s with class %s, but without what was asked for", r.Operation, m.Class)
		return v
	default:
		v.OK, v.Warning = true, m.Class == Warning
	}
	if m.Class == "" {
		v.Message = "answered without a ResponseClass"
		return v
	}
	v.Message = "answered " + sentence(v.Code, m.Text, "")
	return v
}

// plain tells whether the code is what goes with success; the schema lets a message do without one.
func (v *Verdict) plain() bool { return v.Code == "NoError" || v.Code == "" }

// Unserved tells whether the response is a fault by which a server says that it does not know the request: its code is that of
// a wrong request, or, where it has none, SOAP's word for one (SOAP 1.1 section 4.4.1, SOAP 1.2 part 1 section 5.4.6).
func (r *Response) Unserved() bool {
	if r.Kind != Faulted {
		return false
	}
	if r.Fault.Code != "" {
		return GroupOf(r.Fault.Code) == OwnRequest
	}
	return r.Fault.FaultCode == "Client" || r.Fault.FaultCode == "Sender"
}

var unreadable = map[Kind]string{
	Empty: ReasonEmpty, HTML: ReasonHTML, NotSOAP: ReasonNotSOAP, Truncated: ReasonTruncated, Malformed: ReasonMalformed,
}

// deciding is the first message that fails, else the first that is not a plain success, else the first.
func (r *Response) deciding(accept []string) Message {
	rank := func(m Message) int {
		switch {
		case slices.Contains(accept, m.code()):
			return 1
		case m.Class == Success && (m.Code == "NoError" || m.Code == ""):
			return 0
		case m.Class == Warning:
			return 2
		}
		return 3
	}
	return slices.MaxFunc(r.Messages, func(a, b Message) int { return rank(a) - rank(b) })
}

// code is the code that says most: an older schema hides newer ones in ErrorInternalServerError.
func (m Message) code() string {
	if m.Code == "ErrorInternalServerError" && m.Inner != "" {
		return m.Inner
	}
	return m.Code
}

func (f *Fault) judge() Verdict {
	v := Verdict{Reason: ReasonFault, Code: Message{Code: f.Code, Inner: f.Inner}.code(), BackOff: f.BackOff}
	v.Group = GroupOf(v.Code)
	if v.Group == Throttled {
		v.Reason = ReasonThrottled
	}
	name := v.Code
	if name == "" {
		name = strings.TrimSpace(f.FaultCode + " " + f.ErrorCode)
	}
	v.Message = "answered with the SOAP fault " + sentence(name, f.Text, f.Violation)
	return v
}

// sentence joins what is there of a code and two texts, the second only where the first does not hold it.
func sentence(code, text, more string) string {
	if code == "" {
		code = "without a code"
	}
	if text != "" {
		code += ": " + text
	}
	if more != "" && !strings.Contains(text, more) {
		code += " (" + more + ")"
	}
	return code
}

// holds tells whether a successful response has what its operation is for.
func (r *Response) holds(op Operation) bool {
	switch op {
	case OpGetFolder, OpCreateFolder:
		return len(r.Folders) > 0
	case OpCreateItem:
		return len(r.Items) > 0
	case OpGetStreamingEvents:
		return r.Connection == "OK" || r.Connection == "Closed" || r.EventCount > 0
	case OpSyncFolderHierarchy, OpSyncFolderItems:
		return r.SyncState != ""
	case OpSubscribe:
		return r.Subscription != ""
	case OpGetEvents:
		return len(r.Events) > 0
	case OpGetUserAvailability:
		return r.FreeBusy > 0
	case OpGetUserOofSettings:
		return r.OOFState != "" && r.OOFState != "other"
	case OpResolveNames:
		return r.Resolutions > 0
	case OpGetServerTimeZones:
		return r.TimeZones > 0
	}
	return true
}
