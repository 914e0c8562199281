package mapihttp

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// judge draws the verdict of each endpoint; the first that fails is that of the probe.
func (p *probe) judge() {
	r := p.run.Result
	for _, e := range p.asked {
		failed := p.judgeOne(e)
		if failed != nil && r.Failure == nil || e == p.asked[0] {
			p.decidedBy(e)
		}
		e.step.Fail(failed)
		r.Fail(failed)
	}
	if r.Failure != nil {
		r.UndecidedReason, r.Undecided = "", ""
	}
}

// decidedBy makes an endpoint's conversation the deciding one.
func (p *probe) decidedBy(e *endpoint) {
	r := p.run.Result
	r.DecidingConnection = e.step.Connection()
	if r.Deciding = e.last(); e.err == nil {
		return
	}
	for _, c := range r.Conversations {
		if strings.HasPrefix(c.Step, e.name+".") {
			r.Deciding = c
		}
	}
}

// judgeOne judges one endpoint, and gives why it failed.
func (p *probe) judgeOne(e *endpoint) *failure.Failure {
	c := e.last()
	switch {
	case e.err != nil:
		if c != nil && c.Final != nil {
			p.run.FindBox(c)
		}
		return failure.From(e.err)
	case e.page && e.second == nil && !e.certified:
		return p.unasked(e)
	case e.page:
		e.success = true
		e.step.Detail("%s: its page, by %s", e.url, c.Origin.Name())
		return nil
	case e.second == nil && c.Final.Status == 401 && c.Origin.Kind != origin.Middlebox && c.Origin.Portal == "":
		e.success = true
		p.undecided(result.NoLogon, "", "Not tested: "+c.Origin.Name()+" asked for a logon ("+c.Answer()+") at "+e.url+
			", and only after one the service behind it answers"+c.Origin.Wanted())
		return nil
	}
	return p.otherwise(e, c)
}

// undecided says that nothing follows of the probe, and which advice holds, where not the common one. The first reason counts.
func (p *probe) undecided(why result.Undecidedness, advice, text string) {
	r := p.run.Result
	if r.Undecided != "" {
		return
	}
	r.UndecidedReason, r.Undecided = why, text
	if advice != "" {
		r.Draw("undecided/"+string(why), advice)
	}
}

// otherwise judges an answer that is neither the page nor a request for a logon.
func (p *probe) otherwise(e *endpoint, c *result.Conversation) *failure.Failure {
	status, loggedOn := c.Final.Status, e.second != nil
	switch {
	case c.Origin.Portal != "", status/100 == 3, status == 407, status == 401, status/100 == 2 && c.IsPage() && (!loggedOn || !c.ByExchange()):
		return p.preauthenticated(e, c)
	case status >= 500 && c.ByExchange():
		return p.backendDown(e, c)
	case status >= 500:
		return p.fails(e, c, reasonServerError)
	case c.Unpublished():
		return p.notPublished(e, c)
	case loggedOn && c.ByExchange():
		p.noMailbox(e, c)
		return nil
	case loggedOn && status/100 == 2 && c.Origin.Kind != origin.Middlebox:
		e.step.Warn()
		p.undecided(result.ForeignPage, adviceOdd, "Not decided: after the logon "+e.url+" was answered "+c.Answer()+" by "+c.Origin.Name()+
			", not with the page of Exchange, and the answer does not show who made it")
		return nil
	}
	return p.fails(e, c, reasonUnexpected)
}

// noMailbox is an answer of Exchange's to who has logged on, which is neither its page nor an error of the server's. Which one
// comes for a mailbox that is not there, or may not be opened in this way, is not documented.
func (p *probe) noMailbox(e *endpoint, c *result.Conversation) {
	e.step.Warn()
	e.step.Detail("%s: %s by %s, and no page", e.url, c.Answer(), c.Origin.Name())
	p.undecided(result.NotAsked, adviceMailbox, "Not decided: "+c.Origin.Name()+" took the logon and answered "+c.Answer()+" at "+e.url+
		", and not with its page: the account has no mailbox on these servers (it may be in Exchange Online), or MAPI over HTTP is off for it, or Exchange fails"+c.Reading.Said())
}

// find records a finding behind a failure, once for all endpoints.
func (p *probe) find(code string, c *result.Conversation, blame result.Blame, format string, args ...any) {
	if p.run.Found(code) {
		return
	}
	p.run.Find(code, result.Error, c.Origin, format, args...)
	if blame != "" {
		p.run.Blame(blame)
	}
}

// unasked is the page in answer to who has not logged on. Another request for the same page that was asked for a logon shows that
// the server asks, so that something in between let this one in.
func (p *probe) unasked(e *endpoint) *failure.Failure {
	c, blame := e.first, result.Either
	for _, o := range p.asked {
		if o.first != nil && o.first.Final.Status == 401 && o.first.ByExchange() && !p.run.Result.Direct {
			blame = result.InBetween
		}
	}
	p.find(AnswersWithoutLogon, c, blame, "%s showed its page at %s to a request without credentials (%s), and nobody had logged on over its connection. Exchange asks every client for a logon. Either a box in front shares its connections to the server between clients, so that one client's logon serves another, or logs on by itself; or the server lets everybody in. Ask a server directly (--direct): one that shows its page too lets everybody in itself.",
		c.Origin.Subject(), e.url, c.Answer())
	return failure.New(failure.Auth, reasonUnasked, "%s showed its page at %s, although nobody had logged on", c.Origin.Name(), e.url)
}

func (p *probe) preauthenticated(e *endpoint, c *result.Conversation) *failure.Failure {
	reason, what := reasonPreauth, "a page or a redirect"
	switch status := c.Final.Status; {
	case c.Origin.Portal != "":
		reason, what = prober.ReasonLogonPage, "a page to log on by"
	case status == 401 || status == 407:
		what = "a request for a logon that is not Exchange's"
	}
	p.find(Preauthenticated, c, blame(c), "%s answered %s at %s: %s, which Outlook cannot follow. Nothing may ask for a logon of its own in front of this path%s.",
		c.Origin.Subject(), c.Answer(), e.url, what, c.Reading.Text())
	p.run.FindBox(c)
	return failure.New(failure.Status, reason, "%s answered %s at %s: %s%s", c.Origin.Name(), c.Answer(), e.url, what, c.Reading.Said())
}

func (p *probe) backendDown(e *endpoint, c *result.Conversation) *failure.Failure {
	p.find(BackendDown, c, result.Server, "%s answered %s at %s: its front end took the request, and nobody behind it did. That need not be the same machine, for the server with the account's mailbox is asked%s.",
		c.Origin.Subject(), c.Answer(), e.url, c.Reading.Said())
	return failure.New(failure.Status, reasonBackend, "%s answered %s at %s%s", c.Origin.Name(), c.Answer(), e.url, c.Reading.Said())
}

func (p *probe) notPublished(e *endpoint, c *result.Conversation) *failure.Failure {
	p.find(NotPublished, c, blame(c), "%s answered %s at %s, and nothing in that answer is Exchange's: the path does not lead there, or a filter keeps it%s.",
		c.Origin.Subject(), c.Answer(), e.url, c.Reading.Said())
	p.run.FindBox(c)
	return failure.New(failure.Status, reasonNotPublished, "%s answered %s at %s%s", c.Origin.Name(), c.Answer(), e.url, c.Reading.Said())
}

// blame says who is at fault where an answer is not Exchange's: a box or the server, and simply who answered where a box showed
// itself.
func blame(c *result.Conversation) result.Blame {
	if c.Origin.Kind == origin.Middlebox {
		return ""
	}
	return result.Either
}

// fails is an answer that tells nothing of the endpoint.
func (p *probe) fails(e *endpoint, c *result.Conversation, reason string) *failure.Failure {
	p.run.FindBox(c)
	return failure.New(failure.Status, reason, "%s answered %s at %s%s", c.Origin.Name(), c.Answer(), e.url, c.Reading.Said())
}
