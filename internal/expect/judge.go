package expect

import (
	"fmt"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// LateBodyRejected is the code of the finding, and the reason, of a late body that was taken for a new request.
const LateBodyRejected = "late_body_rejected"

// reasonLateError is that of a late body that got another error.
const reasonLateError = "error_after_late_body"

// FindingLateBodyRejected declares the finding.
var FindingLateBodyRejected = prober.Finding{
	Code: LateBodyRejected, Severity: result.Error,
	Summary: "A box took the body, sent after a wait in vain for 100 Continue, for a new request.",
}

// Reasons are those for which LateError fails a probe.
var Reasons = []failure.Reason{
	{Stage: failure.Status, Reason: LateBodyRejected, Help: "After a wait in vain the body was answered with an error within 1 s, and not by Exchange or IIS."},
	{Stage: failure.Status, Reason: reasonLateError, Help: "After a wait in vain the body was answered with an error that the request without Expect does not get, by Exchange or IIS, or later than 1 s."},
}

// rejectedWithin is how soon after the body an error must come to be the answer to a late body: a box that takes the
// body for a new request answers at once, a server that works on it does not.
const rejectedWithin wire.Seconds = 1

// LateError is the 501 case: silence, then the body, then an error that the same request without Expect does not get. control
// is that request, and works tells whether it got through to the service.
func (d *Dialogue) LateError(r *prober.Recorder, control *Dialogue, works bool) {
	after, who := d.Delay(), d.Exchange.Origin
	parsed := slices.Contains([]int{400, 405, 501}, d.Status()) // what a box answers to a body that it reads as a request
	failed := fmt.Sprintf("the body, sent after %.2f s without a 100 Continue, was answered %s%s", d.Silence(), Line(d.Final()), d.Exchange.Cause())
	if after > rejectedWithin || who.Kind.Serves() || !parsed && !works {
		r.Result.Fail(failure.New(failure.Status, reasonLateError, "%s%s", failed, control.Beside(works)))
		return
	}
	contrast := control.got()
	r.Find(LateBodyRejected, result.Error, who, "%s answered %s %s after the body, which was sent after %.2f s without a 100 Continue; %s. It took the late body for a new request. %s",
		who.Subject(), Line(d.Final()), milliseconds(after), d.Silence(), contrast, fix(who.Product))
	r.Result.Fail(failure.New(failure.Status, LateBodyRejected, "%s; %s", failed, contrast))
}

// Contrast adds to a failure without an answer what the same request without Expect got: where that got through, which works
// tells, the two together say that a box on the way cannot bear Expect.
func (d *Dialogue) Contrast(r *prober.Recorder, control *Dialogue, works bool) {
	switch f := control.Final(); {
	case d.Failure == nil, !d.HeadSent, d.Final() != nil:
	case f == nil && control.Failure != nil && control.HeadSent:
		d.Failure.Message += "; the same request without Expect got no answer either, so it is not Expect that is in the way"
	case f == nil:
	case works:
		r.Result.Draw(d.Failure.Name(), adviceNotBorne)
		d.Failure.Message += fmt.Sprintf("; %s, so something on the way cannot bear Expect: 100-continue", control.got())
	default:
		d.Failure.Message += control.Beside(works)
	}
}

// Beside says of a control what it got, as the end of a failure's sentence, and where it fares no better, which works tells, that
// the failure proves nothing against Expect; empty where the control got no answer.
func (d *Dialogue) Beside(works bool) string {
	switch {
	case d.Final() == nil:
		return ""
	case works:
		return "; " + d.got()
	}
	return fmt.Sprintf("; %s, so it need not be Expect that is in the way: look first why that one is not answered by EWS", d.got())
}

// got says of a control what it got.
func (d *Dialogue) got() string {
	f := d.Final()
	if f == nil {
		return "the same request without Expect got no answer"
	}
	return fmt.Sprintf("the same request without Expect got %s from %s", Line(f), d.Exchange.Origin.Name())
}

// milliseconds says a short time for a person.
func milliseconds(s wire.Seconds) string {
	if s < 0.0001 {
		return "less than 0.1 ms"
	}
	return fmt.Sprintf("%.1f ms", s*1000)
}

// fix is the first thing to do about a late body that was rejected.
func fix(product string) string {
	if product == "kemp" {
		return `On the LoadMaster, System Configuration, Miscellaneous Options, L7 Configuration: set "100-Continue Handling" to "RFC-7231 Compliant" (on 7.0: "Ignore Continue-100").`
	}
	return "Let that box pass Expect: 100-continue on to Exchange, or answer it itself."
}

// Line is a status line for a person.
func Line(r *wire.Response) string {
	if r == nil {
		return "no answer"
	}
	if r.Reason == "" {
		return fmt.Sprint(r.Status)
	}
	return fmt.Sprintf("%d %s", r.Status, r.Reason)
}
