package ewssync

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Reasons of this prober's own, beside those of package ews.
const (
	reasonLogonRequired  = "logon_required" // auth
	reasonLogonLost      = "logon_lost"     // auth
	reasonUnhealthy      = "unhealthy"      // receive
	reasonForeignPage    = "foreign_page"   // content
	reasonNoMailbox      = "no_mailbox"     // config
	reasonStreamBusy     = "stream_busy"    // config
	reasonFolderMissing  = "folder_missing" // content, and those that follow
	reasonItemMissing    = "item_missing"
	reasonTooManyChanges = "too_many_changes"
	reasonRedirected     = "redirected" // status, and those that follow
	reasonForbidden      = "forbidden"
	reasonNotFound       = "not_found"
	reasonUnavailable    = "unavailable"
	reasonServerError    = "server_error"
	reasonUnexpected     = "unexpected"
)

// call does one request of an operation in a step of its own, or in the operation's where part is empty.
func (p *probe) call(ctx context.Context, step *prober.Step, part string, request ews.Request, accept ...string) (*ews.Response, error) {
	if part == "" {
		return p.ask(ctx, step, request, accept)
	}
	var response *ews.Response
	err := within(step, part, func(part *prober.Step) (err error) {
		response, err = p.ask(ctx, part, request, accept)
		return err
	})
	return response, err
}

// within does f as a part of step.
func within(step *prober.Step, part string, f func(*prober.Step) error) error {
	step = step.Step(part)
	if failed := step.End(f(step)); failed != nil {
		return failed
	}
	return nil
}

// ask sends a request and judges by its content what comes back: neither does 200 mean success, nor 500 that nobody of
// Exchange's answered.
func (p *probe) ask(ctx context.Context, step *prober.Step, request ews.Request, accept []string) (*ews.Response, error) {
	p.code, p.said = "", ""
	e, body, err := p.send(ctx, step.Name(), p.session.request("POST", p.path(), request.Body))
	if err != nil {
		return nil, of(request.Operation, err)
	}
	response := ews.Parse(prober.Document(ctx, e.Final, body))
	if err := prober.InTime(ctx, p.link.Conn, len(body)); err != nil {
		return nil, of(request.Operation, err)
	}
	return response, p.judge(step, e, response, request, accept)
}

// of says which operation was under way when sending or receiving failed.
func of(what any, err error) error {
	if f := failure.From(err); f.Stage == failure.Send || f.Stage == failure.Receive {
		return failure.New(f.Stage, f.Reason, "%v: %w", what, err)
	}
	return err
}

// judge judges a response of an exchange. Its error is a failure.
func (p *probe) judge(step *prober.Step, e *result.Conversation, response *ews.Response, request ews.Request, accept []string) error {
	v := response.Judge(request, accept...)
	if version := response.Server.String(); version != "" {
		e.Origin.Version = version
	}
	p.code = v.Code
	err := p.verdict(e, response, request.Operation, v)
	if err == nil { // else the failure says what came
		p.said = spoken(e.Origin, v)
		step.Detail("%s", p.said)
	}
	return err
}

// verdict is the failure that a response means, nil for none.
func (p *probe) verdict(e *result.Conversation, response *ews.Response, op ews.Operation, v ews.Verdict) error {
	spoke := response.Kind == ews.Answered || response.Kind == ews.Faulted
	switch {
	case e.Final.Status != 200 && (!spoke || v.OK): // EWS's own success is 200, and no other of their kind
		return statusFailure(op, e)
	case v.Reason == ews.ReasonThrottled:
		return p.throttled(op, e, v)
	case response.Unserved() && e.Origin.Kind != origin.Exchange: // Exchange serves all that is asked for
		return failure.New(failure.Content, v.Reason, "%s: %s %s. Where this server does not serve that operation at all, take it out of the module's operations", op, e.Origin.Name(), strings.TrimSuffix(v.Message, ".")).Named(v.Code)
	case !v.OK:
		return failure.New(failure.Content, v.Reason, "%s: %s %s%s%s", op, e.Origin.Name(), v.Message, asSuccess(e, v), logonPage(e)).Named(v.Code)
	}
	return nil
}

// asSuccess says that a fault came with the status of a success; empty for anything else.
func asSuccess(e *result.Conversation, v ews.Verdict) string {
	if v.Reason != ews.ReasonFault || e.Final.Status != 200 {
		return ""
	}
	return " (with status 200, where EWS's faults come with 500: whoever goes by the status takes it for a success)"
}

// logonPage says what a page to log on by means that came with a success; empty for anything else.
func logonPage(e *result.Conversation) string {
	if e.Origin.Portal == "" {
		return ""
	}
	return e.Cause()
}

// spoken is what a person reads beside a step: who answered, with which code and class, and which version EWS says it has.
func spoken(who origin.Origin, v ews.Verdict) string {
	text := who.Name() + " " + plain.Cut(plain.Escape(v.Message), 200)
	var more []string
	if v.Class != "" {
		more = append(more, "ResponseClass "+plain.Text(v.Class, 32))
	}
	if who.Version != "" {
		more = append(more, "version "+who.Version)
	}
	if len(more) > 0 {
		text += " (" + strings.Join(more, ", ") + ")"
	}
	return text
}

// throttledFor is how long to leave a server alone that is too busy and does not say for how long.
const throttledFor = 30 * time.Second

func (p *probe) throttled(op ews.Operation, e *result.Conversation, v ews.Verdict) error {
	wait := v.BackOff
	if wait <= 0 {
		wait = throttledFor
	}
	p.backOff = p.run.Pause(wait)
	p.run.Find(Throttled, result.Error, e.Origin, "%s answered %s with %s: it asks to be left alone for %s. No probe with this auth asks this target anything for %s.",
		e.Origin.Name(), op, v.Code, wait.Round(time.Second), p.backOff.Round(time.Second))
	return failure.New(failure.Content, ews.ReasonThrottled, "%s: %s %s; no probe with this auth asks this target again for %s", op, e.Origin.Name(), strings.TrimSuffix(v.Message, "."), p.backOff.Round(time.Second))
}

// statusFailure says what an HTTP status means that comes without an EWS response.
func statusFailure(what any, e *result.Conversation) error {
	reason, hint := reasonUnexpected, e.Cause()
	switch status := e.Final.Status; {
	case status == 203:
		hint = "; a proxy changed the answer on its way (RFC 9110 section 15.3.4)"
	case status == 206:
		hint = "; that is a part of an answer, and nobody asked for a part"
	case status/100 == 2:
		hint = "; EWS answers with 200 where it succeeds"
	case status/100 == 3:
		reason = reasonRedirected
	case status == 403:
		reason = reasonForbidden
	case status == 404:
		reason = reasonNotFound
	case status == 440:
		reason = prober.ReasonLogonPage
	case status == 503:
		reason = reasonUnavailable
	case status/100 == 5:
		reason = reasonServerError
	}
	return failure.New(failure.Status, reason, "%v: %s answered %s%s", what, e.Origin.Name(), line(e.Final), hint)
}

// line is a status line for a person.
func line(r *wire.Response) string {
	if r.Reason == "" {
		return fmt.Sprint(r.Status)
	}
	return fmt.Sprintf("%d %s", r.Status, r.Reason)
}
