package expectcontinue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Codes of this prober's findings.
const (
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
	reasonServerError = "server_error"
	reasonTooLarge    = "body_too_large"
)

// judge draws the verdict from what the variants saw.
func (p *probe) judge() {
	o, control := p.seen[Wait], p.seen[NoExpect]
	r := p.run.Result
	p.decide(o, control)
	who := origin.Origin{Kind: origin.Unknown}
	if o.Exchange != nil {
		who = o.Exchange.Origin
	}
	outcome := o.Outcome(&control.Dialogue)
	p.detail(outcome)
	if e := portalOf(o, control); e != nil {
		p.portal(e)
	} else if refusedBySize(o, control) {
		p.sizeLimit(o)
	} else if !p.serverError(outcome, o, control) {
		p.judgeOutcome(outcome, o, control, who)
	}
	o.Contrast(p.run.Recorder, &control.Dialogue, p.works(control))
	r.Fail(o.Failure)
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
func (p *probe) judgeOutcome(outcome expect.Outcome, o, control *observation, who origin.Origin) {
	switch outcome {
	case expect.IgnoredThenError:
		o.LateError(p.run.Recorder, &control.Dialogue, p.works(control))
	case expect.Continued:
		p.afterContinue(o, control, who)
	case expect.Late:
		if o.lost {
			return
		}
		times := "once, for no time was left to ask again"
		if o.confirmed {
			times = "twice"
		}
		p.run.Find(ContinueLate, result.Warning, who, "The 100 Continue came only after the body had been sent, %.2f s after the request's head (%s): every client that waits for it waits in vain first, 0.35 s in .NET Framework, 1 s in .NET and curl.", o.Silence(), times)
	case expect.Ignored:
		if f := o.Final(); f.Proto == "HTTP/1.0" {
			p.run.Result.Draw(ContinueIgnored, adviceOldHop)
		}
		p.run.Find(ContinueIgnored, result.Warning, who, "No 100 Continue came within %.2f s of the request's head; the body sent then was answered %s by %s. The first request of a client that sends Expect waits in vain first: 0.35 s in .NET Framework, 1 s in .NET and curl.", o.Silence(), expect.Line(o.Final()), who.Name())
	case expect.Rejected:
		p.run.Find(ContinueRejected, result.Warning, who, "%s refuses Expect: 100-continue with %s; the client must send the request again without it, which got %s.", who.Subject(), expect.Line(o.Final()), expect.Line(control.Final()))
	case expect.FinalFirst:
		p.finalFirst(o, control, who)
	}
}

// detail says beside each variant what no step of it shows: how it went, and that it was listened for more at the end.
func (p *probe) detail(outcome expect.Outcome) {
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
	r.Deciding, r.DecidingConnection = o.Exchange, o.step.Connection()
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

// works tells whether the request without Expect got through to EWS, as far as its answer shows: it is EWS's, or asks for a
// logon, and no box made it.
func (p *probe) works(control *observation) bool {
	f := control.Final()
	switch {
	case f == nil, control.said == nil, control.Exchange.Origin.Kind == origin.Middlebox:
		return false
	case control.said.Kind == ews.Answered, control.said.Kind == ews.Faulted, f.Status == 401:
		return true
	case control.Exchange.Origin.Kind == origin.Exchange && f.Status < 500:
		return true
	}
	return f.Status < 400 && !p.foreign(f)
}

// afterContinue judges the final status after a 100: a 100 says nothing of who sent it, a 5xx after it is a failure.
func (p *probe) afterContinue(o, control *observation, who origin.Origin) {
	if o.Status() < 500 || p.unserved(o, control) {
		return
	}
	p.run.FindBox(o.Exchange)
	works := p.works(control) && control.Status() < 500
	if works {
		p.run.Result.Draw(prober.AnsweredByMiddlebox, adviceErrorToExpect)
		p.run.Result.Draw(string(failure.Status)+"/"+reasonServerError, adviceErrorToExpect)
	}
	p.run.Result.Fail(failure.New(failure.Status, reasonServerError, "%s answered %s after a 100 Continue and the body%s%s", who.Subject(), expect.Line(o.Final()), o.Exchange.Cause(), control.Beside(works)).Named(o.code()))
}

// finalFirst judges a final status that came before the body.
func (p *probe) finalFirst(o, control *observation, who origin.Origin) {
	status := o.Status()
	if (status == 401 || status == 407) && control.Status() == status && who.Kind != origin.Middlebox {
		unnamed := ""
		if who.Kind == origin.Unknown && status == 401 {
			unnamed = " Exchange's own request for a logon names the server (X-FEServer); this one names none, so a box in front may have asked."
		}
		p.run.Find(ContinueNotTested, result.Info, who, "%s asked for a logon (%s) before the body: that is as it should be. But the body was never asked for, so whether a late body gets through, which mailbox moves and hybrid services need, was not tested. Set an auth for this module.%s", who.Subject(), expect.Line(o.Final()), unnamed)
		return
	}
	p.run.Find(ContinueRefused, result.Warning, who, "%s answered %s before the body was sent; the same request without Expect got %s.", who.Subject(), expect.Line(o.Final()), expect.Line(control.Final()))
}

// serverError fails where the request without Expect is answered with a 5xx of its own: the service does not work, whatever
// becomes of Expect. It tells whether that is so.
func (p *probe) serverError(outcome expect.Outcome, o, control *observation) bool {
	got := control.Final()
	others := outcome == expect.Ignored || outcome == expect.FinalFirst || outcome == expect.Rejected || outcome == expect.Late
	if !others || got == nil || got.Status < 500 || p.unserved(o, control) {
		return false
	}
	with := "with Expect too"
	if o.Status() != got.Status {
		with = "and " + expect.Line(o.Final()) + " with Expect"
	}
	p.run.FindBox(control.Exchange)
	p.run.Result.Fail(failure.New(failure.Status, reasonServerError, "%s answered %s to the request without Expect, %s: EWS does not work here, and nothing follows of Expect%s",
		control.Exchange.Origin.Subject(), expect.Line(got), with, control.Exchange.Cause()).Named(control.code()))
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
	got := control.Final()
	switch {
	case got == nil:
		return "", ""
	case got.Status == 401 || got.Status == 407:
		if !o.Early || o.Status() != got.Status {
			return "", ""
		}
		asked := fmt.Sprintf("Not tested: %s asked for a logon (%s) before the body", o.Exchange.Origin.Name(), expect.Line(got))
		if got.Status == 407 {
			return result.ProxyLogon, asked
		}
		return result.NoLogon, asked + o.Exchange.Origin.Wanted()
	case got.Status < 400 && !p.foreign(got):
		return "", ""
	}
	why, too, page, hint := result.RefusedAnyway, "", "", ""
	if p.unserved(o, control) {
		why, hint = result.NotServed, fmt.Sprintf(", for it does not serve the operation %s (%s): set body to a request that it serves", ews.OpGetServerTimeZones, control.said.Judge(ews.Request{}).Code)
	}
	if o.Status() == got.Status {
		too = " too"
	}
	if got.Status < 400 {
		why, page = result.ForeignPage, ", with a page that is no answer of EWS"
	}
	if refusedBySize(o, control) {
		why, page = result.SizeLimit, ": a limit on the size, and not about Expect"
	}
	return why, fmt.Sprintf("Not decided: the same request without Expect gets %s%s, from %s%s%s", expect.Line(got), too, control.Exchange.Origin.Name(), page, hint)
}

// unserved tells whether EWS does not know the operation that is asked for by default, with and without Expect: not every
// server of EWS serves it.
func (p *probe) unserved(o, control *observation) bool {
	return p.Method == "POST" && p.Body == "" && o.Status() == control.Status() && o.Status() >= 400 && o.said.Unserved() && control.said.Unserved()
}

// foreign tells whether a success is no answer of EWS: the prober's own request is answered with 200, and XML.
func (p *probe) foreign(r *wire.Response) bool {
	return p.Method == "POST" && p.Body == "" && (r.Status != 200 || !strings.Contains(strings.ToLower(r.Get("Content-Type")), "xml"))
}

// disorder tells of interim responses that should not be there.
func (p *probe) disorder(o *observation) {
	if o.Exchange == nil || o.Final() == nil {
		return
	}
	if extra := o.extraInterim(); extra > 0 && !p.run.Found(ExtraInterim) {
		p.run.Find(ExtraInterim, result.Warning, o.Exchange.Origin, "In variant %s %d interim responses too many came (%d in all): more than one box answers Expect, or one answers when nobody asked.", o.variant, extra, len(o.Exchange.Interim))
	}
}

// extraInterim counts the 100s that nobody waited for: the second and later ones, those after the final response, and
// any when there was no Expect.
func (o *observation) extraInterim() int {
	count := 0
	for _, r := range o.Exchange.Interim {
		if r.Status == 100 {
			count++
		}
	}
	after := 0
	for _, r := range o.Exchange.Interim {
		if r.AfterFinal {
			after++
		}
	}
	if o.variant == NoExpect || o.variant == Large {
		return max(count, after)
	}
	return max(count-1, after)
}
