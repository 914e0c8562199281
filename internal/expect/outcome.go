package expect

import "github.com/ews-exporter/ews_exporter/internal/failure"

// Outcome says how a dialogue with Expect went. The set is closed.
type Outcome string

// The outcomes; the first that fits counts.
const (
	Malformed        Outcome = "malformed"          // what came back is not HTTP/1.x, or breaks the bounds
	ClosedEarly      Outcome = "closed"             // the connection ended without a final status
	NoResponse       Outcome = "no_response"        // no final status within the time limit
	Rejected         Outcome = "rejected"           // 417
	FinalFirst       Outcome = "final_first"        // a final status before the body
	IgnoredThenError Outcome = "ignored_then_error" // no 100; after the body an error that the control does not get
	Late             Outcome = "late"               // the 100 came only after the body
	Ignored          Outcome = "ignored"            // no 100; after the body a final status
	Continued        Outcome = "continue"           // 100, body, final status
)

// Outcomes lists the closed set in the order in which it is tried.
var Outcomes = []Outcome{Malformed, ClosedEarly, NoResponse, Rejected, FinalFirst, IgnoredThenError, Late, Ignored, Continued}

// Outcome names how the dialogue went, "" when no request head was sent. control is what the request without Expect got.
func (d *Dialogue) Outcome(control *Dialogue) Outcome {
	status := d.Status()
	switch {
	case !d.HeadSent:
		return ""
	case failure.Is(d.Err(), failure.Receive, "malformed", "too_large"):
		return Malformed
	case status == 0 && failure.Is(d.Err(), failure.Receive, "timeout"):
		return NoResponse
	case status == 0:
		return ClosedEarly
	case status == 417:
		return Rejected
	case d.Early:
		return FinalFirst
	case d.Asked:
		return Continued
	case status >= 400 && status != control.Status():
		return IgnoredThenError
	case d.lateContinue():
		return Late
	}
	return Ignored
}

// lateContinue tells whether a 100 came at all, in vain, before the final response.
func (d *Dialogue) lateContinue() bool {
	for _, r := range d.Exchange.Interim {
		if r.Status == 100 && r.At <= d.Exchange.Final.At {
			return true
		}
	}
	return false
}
