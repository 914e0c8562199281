package expectcontinue

import (
	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Outcome says how the dialogue of variant wait went. The set is closed.
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

func outcomes() []string {
	words := make([]string, len(Outcomes))
	for i, o := range Outcomes {
		words[i] = string(o)
	}
	return words
}

// outcome names how the dialogue went, "" when no request head was sent. control is what the request without Expect got.
func (o *observation) outcome(control *observation) Outcome {
	status := o.status()
	switch {
	case !o.headSent:
		return ""
	case failure.Is(o.err(), failure.Receive, "malformed", "too_large"):
		return Malformed
	case status == 0 && failure.Is(o.err(), failure.Receive, "timeout"):
		return NoResponse
	case status == 0:
		return ClosedEarly
	case status == 417:
		return Rejected
	case o.early:
		return FinalFirst
	case o.asked:
		return Continued
	case status >= 400 && status != control.status():
		return IgnoredThenError
	case o.lateContinue():
		return Late
	}
	return Ignored
}

// err is the failure as an error: a nil *Failure in an error would not be nil.
func (o *observation) err() error {
	if o.failure == nil {
		return nil
	}
	return o.failure
}

// lateContinue tells whether a 100 came at all, in vain, before the final response.
func (o *observation) lateContinue() bool {
	for _, r := range o.exchange.Interim {
		if r.Status == 100 && r.At <= o.exchange.Final.At {
			return true
		}
	}
	return false
}
