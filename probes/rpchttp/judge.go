package rpchttp

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// judge draws the verdict of each channel, and of the length; the first that fails is that of the probe.
func (p *probe) judge() {
	r := p.run.Result
	for _, c := range p.asked {
		failed := p.judgeOne(c)
		if failed != nil && r.Failure == nil || c == p.asked[0] {
			p.decidedBy(c)
		}
		c.step.Fail(failed)
		r.Fail(failed)
	}
	p.judgeLength()
	if r.Failure != nil {
		r.UndecidedReason, r.Undecided = "", ""
	}
}

// decidedBy makes a channel's conversation the deciding one.
func (p *probe) decidedBy(c *channel) {
	r := p.run.Result
	r.DecidingConnection = c.step.Connection()
	if r.Deciding = c.last(); c.err == nil {
		return
	}
	for _, conversation := range r.Conversations {
		if strings.HasPrefix(conversation.Step, c.name+".") {
			r.Deciding = conversation
		}
	}
}

// judgeOne judges a channel, and gives why it failed.
func (p *probe) judgeOne(c *channel) *failure.Failure {
	last := c.last()
	switch {
	case c.err != nil:
		return p.unanswered(c)
	case c.echoed:
		c.outcome = echoed
		c.step.Detail("%s: an echo, by %s", verbs[c.name], last.Origin.Name())
		return nil
	case c.second == nil && last.Final.Status == 401 && last.Origin.Kind != origin.Middlebox && last.Origin.Portal == "":
		c.outcome = logonAsked
		p.undecided(result.NoLogon, "Not tested: "+last.Origin.Name()+" asked for a logon ("+last.Answer()+") at "+p.url()+
			", and only after one the RPC proxy answers"+last.Origin.Wanted())
		return nil
	}
	return p.otherwise(c, last)
}

// undecided says that nothing follows of the probe. The first reason counts.
func (p *probe) undecided(why result.Undecidedness, text string) {
	if r := p.run.Result; r.Undecided == "" {
		r.UndecidedReason, r.Undecided = why, text
	}
}

// unanswered is a channel without a final answer, or with a logon that was refused.
func (p *probe) unanswered(c *channel) *failure.Failure {
	switch {
	case failure.Is(c.err, failure.Auth, auth.Refused, auth.TicketRefused, auth.TokenRefused):
		c.outcome = denied
	case failure.Is(c.err, failure.Receive, "timeout"):
		c.outcome = silent
	}
	if last := c.last(); last != nil {
		p.run.FindBox(last)
	} else if failure.Is(c.err, failure.Receive) && p.get.AsksLogon() {
		what := "ended the connection"
		if c.outcome == silent {
			what = "was silent"
		}
		p.verbLost(c, origin.Origin{Kind: origin.Unknown}, "what answers at "+p.run.Target.Authority()+" "+what)
	}
	return failure.From(c.err)
}

// verbLost finds that a verb does not get through where a GET does, and tells what the other control says of it.
func (p *probe) verbLost(c *channel, who origin.Origin, what string) {
	if p.run.Found(VerbRefused) {
		return
	}
	other := "A verb that nobody knows got " + p.other.Answer() + ": unknown verbs do not get through."
	if p.other.AsksLogon() {
		other = "A verb that nobody knows got " + p.other.Answer() + " as well: a rule is about these verbs."
	}
	p.run.Find(VerbRefused, result.Error, who, "%s %s: %s, while GET of the same path got %s. %s",
		verbs[c.name], p.url(), what, p.get.Answer(), other)
	if who.Kind != origin.Middlebox {
		p.run.Blame(result.Either)
	}
}

// refusals are statuses by which a verb, or a request as this one, is refused.
var refusals = []int{400, 403, 405, 406, 411, 413, 415, 417, 501}

// otherwise judges an answer that is neither an echo nor a request for a logon.
func (p *probe) otherwise(c *channel, last *result.Conversation) *failure.Failure {
	status := last.Final.Status
	rpc := strings.HasPrefix(strings.ToLower(last.Final.Get("Content-Type")), "application/rpc")
	switch {
	case last.Origin.Portal != "":
		return p.fails(last, prober.ReasonLogonPage)
	case status == 404 || status == 410:
		return p.notInstalled(c, last)
	case status == 503 && strings.HasPrefix(last.Final.Reason, "RPC Error"):
		return p.rpcError(c, last)
	case slices.Contains(refusals, status):
		c.outcome = refused
		if c.second == nil && p.get.AsksLogon() {
			p.verbLost(c, last.Origin, last.Origin.Name()+" answered "+last.Answer()+last.Reading.Said())
			return p.failure(last, reasonRefused)
		}
		return p.fails(last, reasonRefused)
	case status/100 == 5:
		return p.fails(last, reasonServerError)
	case status == 200 && rpc:
		c.step.Warn()
		p.undecided(result.ForeignPage, "Not decided: "+last.Origin.Name()+" answered "+last.Answer()+" of the type application/rpc at "+p.url()+", as an RPC proxy does, and the body is no echo that is known")
		return nil
	case status/100 == 2, status/100 == 3:
		return p.fails(last, reasonNoEcho)
	}
	return p.fails(last, reasonUnexpected)
}

func (p *probe) notInstalled(c *channel, last *result.Conversation) *failure.Failure {
	c.outcome = notInstalled
	if !p.run.Found(NotInstalled) {
		p.run.Find(NotInstalled, result.Error, last.Origin, "%s answered %s %s with %s: there is no RPC proxy at this path, or nothing leads to it%s.",
			last.Origin.Subject(), verbs[c.name], p.url(), last.Answer(), last.Reading.Said())
		if last.Origin.Kind != origin.Middlebox {
			p.run.Blame(result.Either)
		}
	}
	return p.fails(last, reasonNotInstalled)
}

func (p *probe) rpcError(c *channel, last *result.Conversation) *failure.Failure {
	c.outcome = rpcError
	if !p.run.Found(RPCError) {
		p.run.Find(RPCError, result.Error, last.Origin, "The RPC proxy answered %s %s with %s: it is reached, and cannot reach %s behind it.",
			verbs[c.name], p.url(), last.Answer(), p.Endpoint)
		p.run.Blame(result.Server)
	}
	return failure.New(failure.Status, reasonRPC, "%s answered %s %s with %s", last.Origin.Name(), verbs[c.name], p.url(), last.Answer())
}

// fails is an answer that is no echo.
func (p *probe) fails(last *result.Conversation, reason string) *failure.Failure {
	p.run.FindBox(last)
	return p.failure(last, reason)
}

// failure is why the probe failed over an answer.
func (p *probe) failure(last *result.Conversation, reason string) *failure.Failure {
	return failure.New(failure.Status, reason, "%s answered %s %s with %s%s", last.Origin.Name(), last.Method, p.url(), last.Answer(), last.Reading.Said())
}

// judgeLength judges the length, where the same verb without one got the server's request for a logon.
func (p *probe) judgeLength() {
	a := p.announce
	if a == nil || a.AsksLogon() {
		return
	}
	if a.Err != nil && !failure.Is(a.Err, failure.Receive) && !failure.Is(a.Err, failure.Send) {
		p.run.Result.Fail(failure.From(a.Err))
		return
	}
	who := origin.Origin{Kind: origin.Unknown}
	if a.Conversation != nil {
		who = a.Conversation.Origin
	}
	p.run.Find(LengthRefused, result.Error, who, "RPC_IN_DATA %s that announced %s bytes got %s; the same request with the length 0 got %s. Clients announce as much for a channel in: something on the way limits the length of a body, or waits for all of it before it passes anything on.",
		p.url(), length, a.Answer(), p.asked[0].first.Answer()+" from "+p.asked[0].first.Origin.Name())
	switch {
	case p.run.Result.Direct:
		p.run.Blame(result.Server)
	case who.Kind != origin.Middlebox:
		p.run.Blame(result.Either)
	}
	failed := failure.New(failure.Status, reasonLength, "RPC_IN_DATA %s that announced %s bytes got %s; with the length 0 a request for a logon", p.url(), length, a.Answer())
	a.Step.Fail(failed)
	if p.run.Result.Failure == nil {
		p.run.Result.DecidingConnection = a.Step.Connection()
		if a.Conversation != nil {
			p.run.Result.Deciding = a.Conversation
		}
	}
	p.run.Result.Fail(failed)
}
