package expectcontinue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Codes of this prober's findings.
const (
	LateBodyRejected  = "late_body_rejected"
	ContinueIgnored   = "expect_continue_ignored"
	ContinueLate      = "expect_continue_late"
	ContinueRejected  = "expect_continue_rejected"
	ContinueRefused   = "expect_continue_refused"
	ContinueNotTested = "expect_continue_not_tested"
	ExtraInterim      = "extra_interim_response"
	BodySizeLimit     = "body_size_limit"
)

// Reasons of stage status, beside late_body_rejected.
const (
	reasonLateError   = "error_after_late_body"
	reasonServerError = "server_error"
	reasonTooLarge    = "body_too_large"
)

// rejectedWithin is how soon after the body an error must come to be the answer to a late body: a box that takes the
// body for a new request answers at once, a server that works on it does not.
const rejectedWithin wire.Seconds = 1

// judge draws the verdict from what the variants saw.
func (p *probe) judge() {
	o, control := p.seen[Wait], p.seen[NoExpect]
	r := p.run.Result
	p.decide(o, control)
	who := origin.Origin{Kind: origin.Unknown}
	if o.exchange != nil {
		who = o.exchange.Origin
	}
	outcome := o.outcome(control)
	p.detail(outcome)
	if e := portalOf(o, control); e != nil {
		p.portal(e)
	} else if refusedBySize(o, control) {
		p.sizeLimit(o)
	} else if !p.serverError(outcome, o, control) {
		p.judgeOutcome(outcome, o, control, who)
	}
	p.contrast(o, control)
	r.Fail(o.failure)
	o.step.Fail(r.Failure)
	p.judgeLarge()
	if r.Failure != nil && r.Failure.Stage == failure.Auth {
		p.run.FindBox(r.Deciding)
	}
	if r.Failure == nil {
		r.UndecidedReason, r.Undecided = p.undecided(o, control)
	}
	for _, v := range p.variants() {
		p.disorder(p.seen[v])
	}
	p.run.Surplus()
}

// judgeOutcome draws what follows from how variant wait went.
func (p *probe) judgeOutcome(outcome Outcome, o, control *observation, who origin.Origin) {
	switch outcome {
	case IgnoredThenError:
		p.lateError(o, control, who)
	case Continued:
		p.afterContinue(o, control, who)
	case Late:
		p.run.Find(ContinueLate, result.Warning, who, "The 100 Continue came only after the body had been sent, %.2f s after the request's head: every client that waits for it waits in vain first, 0.35 s in .NET Framework, 1 s in .NET and curl.", o.silence())
	case Ignored:
		if f := o.final(); f.Proto == "HTTP/1.0" {
			p.run.Result.Draw(ContinueIgnored, adviceOldHop)
		}
		p.run.Find(ContinueIgnored, result.Warning, who, "No 100 Continue came within %.2f s of the request's head; the body sent then was answered %s by %s. The first request of every .NET client waits in vain first, 0.35 s to 1 s.", o.silence(), line(o.final()), who.Name())
	case Rejected:
		p.run.Find(ContinueRejected, result.Warning, who, "%s refuses Expect: 100-continue with %s; the client must send the request again without it.", who.Subject(), line(o.final()))
	case FinalFirst:
		p.finalFirst(o, control, who)
	}
}

// detail says beside each variant what no step of it shows: how it went, and that it was listened for more at the end.
func (p *probe) detail(outcome Outcome) {
	for _, v := range p.variants() {
		var parts []string
		if v == Wait && outcome != "" {
			parts = append(parts, fmt.Sprintf("outcome: %s", outcome))
		}
		if listened := p.seen[v].listened; listened >= 0.05 {
			parts = append(parts, fmt.Sprintf("then listened %.1f s for more", listened))
		}
		p.seen[v].step.Detail("%s", strings.Join(parts, "; "))
	}
}

// decide says which exchange the one-of-a-kind metrics tell of: that of variant wait, or of what failed before it.
func (p *probe) decide(o, control *observation) {
	if o.step == nil { // the control's logon did not go well, so nothing else was begun
		o = control
	}
	r := p.run.Result
	r.Deciding, r.DecidingConnection = o.exchange, o.step.Connection()
	if r.Deciding == nil { // the logon failed before the request
		r.Deciding = p.lastOf(o.variant + ".logon")
	}
}

// lastOf is the last exchange of a step, nil without one.
func (p *probe) lastOf(step string) *result.Conversation {
	for _, e := range slices.Backward(p.run.Result.Conversations) {
		if e.Step == step {
			return e
		}
	}
	return nil
}

// lateError is the 501 case: silence, then the body, then an error that the same request without Expect does not get.
func (p *probe) lateError(o, control *observation, who origin.Origin) {
	after := o.delay()
	parsed := slices.Contains([]int{400, 405, 501}, o.status()) // what a box answers to a body that it reads as a request
	failed := fmt.Sprintf("the body, sent after %.2f s without a 100 Continue, was answered %s%s", o.silence(), line(o.final()), o.exchange.Cause())
	if after > rejectedWithin || who.Kind.Serves() || !parsed && !p.works(control) {
		p.run.Result.Fail(failure.New(failure.Status, reasonLateError, "%s%s", failed, p.nothingOfExpect(control)))
		return
	}
	contrast := "the same request without Expect got no answer"
	if f := control.final(); f != nil {
		contrast = fmt.Sprintf("the same request without Expect got %s from %s", line(f), control.exchange.Origin.Name())
	}
	p.run.Find(LateBodyRejected, result.Error, who, "%s answered %s %s after the body, which was sent after %.2f s without a 100 Continue; %s. It took the late body for a new request. %s",
		who.Subject(), line(o.final()), milliseconds(after), o.silence(), contrast, fix(who.Product))
	p.run.Result.Fail(failure.New(failure.Status, LateBodyRejected, "%s", failed))
}

// contrast adds to a failure without an answer what the same request without Expect got: where that got through, the two
// together say that a box on the way cannot bear Expect.
func (p *probe) contrast(o, control *observation) {
	switch f := control.final(); {
	case o.failure == nil, !o.headSent, o.final() != nil:
	case f == nil && control.failure != nil && control.headSent:
		o.failure.Message += "; the same request without Expect got no answer either, so it is not Expect that is in the way"
	case f == nil:
	case p.works(control):
		p.run.Result.Draw(o.failure.Name(), adviceNotBorne)
		o.failure.Message += fmt.Sprintf("; the same request without Expect got %s from %s, so something on the way cannot bear Expect: 100-continue", line(f), control.exchange.Origin.Name())
	default:
		o.failure.Message += p.nothingOfExpect(control)
	}
}

// nothingOfExpect says that a failure proves nothing against Expect, because the request fares no better without; empty
// where it does.
func (p *probe) nothingOfExpect(control *observation) string {
	f := control.final()
	if f == nil || p.works(control) {
		return ""
	}
	return fmt.Sprintf("; the same request without Expect got %s from %s, so it need not be Expect that is in the way: look first why that one is not answered by EWS", line(f), control.exchange.Origin.Name())
}

// works tells whether the request without Expect got through to EWS, as far as its answer shows: it is EWS's, or asks for a
// logon, and no box made it.
func (p *probe) works(control *observation) bool {
	f := control.final()
	switch {
	case f == nil, control.exchange.Origin.Kind == origin.Middlebox:
		return false
	case control.said.Kind == ews.Answered, control.said.Kind == ews.Faulted, f.Status == 401:
		return true
	case control.exchange.Origin.Kind == origin.Exchange && f.Status < 500:
		return true
	}
	return f.Status < 400 && !p.foreign(f)
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

// afterContinue judges the final status after a 100: a 100 says nothing of who sent it, a 5xx after it is a failure.
func (p *probe) afterContinue(o, control *observation, who origin.Origin) {
	if o.status() < 500 || p.unserved(o, control) {
		return
	}
	p.run.FindBox(o.exchange)
	if p.works(control) && control.status() < 500 {
		p.run.Result.Draw(prober.AnsweredByMiddlebox, adviceErrorToExpect)
		p.run.Result.Draw(string(failure.Status)+"/"+reasonServerError, adviceErrorToExpect)
	}
	p.run.Result.Fail(failure.New(failure.Status, reasonServerError, "%s answered %s after a 100 Continue and the body%s", who.Subject(), line(o.final()), o.exchange.Cause()).Named(o.code()))
}

// finalFirst judges a final status that came before the body.
func (p *probe) finalFirst(o, control *observation, who origin.Origin) {
	status := o.status()
	if (status == 401 || status == 407) && control.status() == status && who.Kind != origin.Middlebox {
		unnamed := ""
		if who.Kind == origin.Unknown && status == 401 {
			unnamed = " Exchange's own request for a logon names the server (X-FEServer); this one names none, so a box in front may have asked."
		}
		p.run.Find(ContinueNotTested, result.Info, who, "%s asked for a logon (%s) before the body: that is as it should be. But the body was never asked for, so whether a late body gets through, which mailbox moves and hybrid services need, was not tested. Set an auth for this module.%s", who.Subject(), line(o.final()), unnamed)
		return
	}
	p.run.Find(ContinueRefused, result.Warning, who, "%s answered %s before the body was sent; the same request without Expect got %s.", who.Subject(), line(o.final()), line(control.final()))
}

// serverError fails where the request without Expect is answered with a 5xx of its own: the service does not work, whatever
// becomes of Expect. It tells whether that is so.
func (p *probe) serverError(outcome Outcome, o, control *observation) bool {
	got := control.final()
	others := outcome == Ignored || outcome == FinalFirst || outcome == Rejected || outcome == Late
	if !others || got == nil || got.Status < 500 || p.unserved(o, control) {
		return false
	}
	with := "with Expect too"
	if o.status() != got.Status {
		with = "and " + line(o.final()) + " with Expect"
	}
	p.run.FindBox(control.exchange)
	p.run.Result.Fail(failure.New(failure.Status, reasonServerError, "%s answered %s to the request without Expect, %s: EWS does not work here, and nothing follows of Expect%s",
		control.exchange.Origin.Subject(), line(got), with, control.exchange.Cause()).Named(control.code()))
	return true
}

// code is what EWS called the error; empty where it has no name.
func (o *observation) code() string {
	if o.said == nil {
		return ""
	}
	return o.said.Judge(ews.Request{}).Code
}

// undecided says why what was seen proves nothing of Expect, "" where it does: the body was never asked for, or the same
// request without Expect is not answered by EWS either.
func (p *probe) undecided(o, control *observation) (result.Undecidedness, string) {
	got := control.final()
	switch {
	case got == nil:
		return "", ""
	case got.Status == 401 || got.Status == 407:
		if !o.early || o.status() != got.Status {
			return "", ""
		}
		asked := fmt.Sprintf("Not tested: %s asked for a logon (%s) before the body", o.exchange.Origin.Name(), line(got))
		if got.Status == 407 {
			return result.ProxyLogon, asked
		}
		return result.NoLogon, asked + "; set an auth (on the command line --username)"
	case got.Status < 400 && !p.foreign(got):
		return "", ""
	}
	why, too, page, hint := result.RefusedAnyway, "", "", ""
	if p.unserved(o, control) {
		why, hint = result.NotServed, fmt.Sprintf(", for it does not serve the operation %s (%s): set body to a request that it serves", ews.OpGetServerTimeZones, control.said.Judge(ews.Request{}).Code)
	}
	if o.status() == got.Status {
		too = " too"
	}
	if got.Status < 400 {
		why, page = result.ForeignPage, ", with a page that is no answer of EWS"
	}
	if refusedBySize(o, control) {
		why, page = result.SizeLimit, ": a limit on the size, and not about Expect"
	}
	return why, fmt.Sprintf("Not decided: the same request without Expect gets %s%s, from %s%s%s", line(got), too, control.exchange.Origin.Name(), page, hint)
}

// unserved tells whether EWS does not know the operation that is asked for by default, with and without Expect: not every
// server of EWS serves it.
func (p *probe) unserved(o, control *observation) bool {
	return p.Method == "POST" && p.Body == "" && o.status() == control.status() && o.status() >= 400 && o.said.Unserved() && control.said.Unserved()
}

// foreign tells whether a success is no answer of EWS: the prober's own request is answered with 200, and XML.
func (p *probe) foreign(r *wire.Response) bool {
	return p.Method == "POST" && p.Body == "" && (r.Status != 200 || !strings.Contains(strings.ToLower(r.Get("Content-Type")), "xml"))
}

// disorder tells of interim responses that should not be there.
func (p *probe) disorder(o *observation) {
	if o.exchange == nil || o.final() == nil {
		return
	}
	if extra := o.extraInterim(); extra > 0 && !p.found(ExtraInterim) {
		p.run.Find(ExtraInterim, result.Warning, o.exchange.Origin, "In variant %s %d interim responses too many came (%d in all): more than one box answers Expect, or one answers when nobody asked.", o.variant, extra, len(o.exchange.Interim))
	}
}

// extraInterim counts the 100s that nobody waited for: the second and later ones, those after the final response, and
// any when there was no Expect.
func (o *observation) extraInterim() int {
	count := 0
	for _, r := range o.exchange.Interim {
		if r.Status == 100 {
			count++
		}
	}
	after := 0
	for _, r := range o.exchange.Interim {
		if r.First > o.exchange.Final.At {
			after++
		}
	}
	if o.variant == NoExpect || o.variant == Large {
		return max(count, after)
	}
	return max(count-1, after)
}

func (p *probe) found(code string) bool {
	for _, f := range p.run.Result.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// silence is how long after the head the body was sent; until the answer, where it never was.
func (o *observation) silence() wire.Seconds {
	if o.exchange.Body == nil {
		return o.exchange.Final.First - o.exchange.Head.End
	}
	return o.exchange.Body.Start - o.exchange.Head.End
}

// delay is how long after the body the answer came.
func (o *observation) delay() wire.Seconds {
	if o.exchange.Body == nil {
		return 0
	}
	return max(0, o.exchange.Final.First-o.exchange.Body.End)
}

// line is a status line for a person.
func line(r *wire.Response) string {
	if r == nil {
		return "no answer"
	}
	if r.Reason == "" {
		return fmt.Sprint(r.Status)
	}
	return fmt.Sprintf("%d %s", r.Status, r.Reason)
}
