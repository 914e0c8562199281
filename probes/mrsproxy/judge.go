package mrsproxy

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// decide names the deciding conversation: that after the logon, else that without.
func (p *probe) decide() {
	r := p.run.Result
	for _, step := range []*prober.Step{p.knocked, p.entered} {
		if c := step.Connection(); c != nil {
			r.DecidingConnection = c
		}
	}
	switch {
	case p.second != nil:
		r.Deciding = p.second
	case len(r.Conversations) > 0 && p.entered == nil:
		r.Deciding = r.Conversations[0]
	default:
		for _, c := range r.Conversations {
			if strings.HasPrefix(c.Step, "unauthenticated") || strings.HasPrefix(c.Step, "authenticated") {
				r.Deciding = c
			}
		}
	}
}

// judge draws the verdict; err is why the endpoint was not answered for, nil where it was.
func (p *probe) judge(err error) {
	switch {
	case p.second != nil && err == nil:
		p.afterLogon()
	case err != nil && p.entered != nil:
		if failure.Is(err, failure.Auth, auth.Refused, auth.TicketRefused, auth.TokenRefused) {
			p.outcome = denied
		}
		p.run.Result.Fail(failure.From(err))
		p.run.FindBox(p.run.Result.Deciding)
	case err != nil:
		p.run.Result.Fail(failure.From(err))
	default:
		p.beforeLogon()
	}
	for _, step := range []*prober.Step{p.entered, p.knocked} {
		if step != nil {
			step.Fail(p.run.Result.Failure)
			break
		}
	}
	p.exposed()
	p.judgeLate()
}

// missing are the schemes that have to be offered and are not.
func (p *probe) missing() (all []string) {
	offered := prober.SchemesOf(p.offered)
	for _, s := range p.ExpectedSchemes {
		if !slices.Contains(offered, s) {
			all = append(all, s)
		}
	}
	return all
}

// beforeLogon judges an answer without credentials that was not followed by a logon.
func (p *probe) beforeLogon() {
	c := p.first
	if c.Final.Status != 401 || c.Origin.Kind == origin.Middlebox || c.Origin.Portal != "" {
		p.refused(c, false)
		return
	}
	if p.lacksScheme() {
		return
	}
	p.lacksNTLM()
	p.outcome = reachable
	p.run.Result.UndecidedReason = result.NoLogon
	p.run.Result.Undecided = "Not tested: " + c.Origin.Name() + " asked for a logon (" + c.Answer() + ") at " + p.url() + ", and only after one Exchange says whether MRSProxy is switched on" + c.Origin.Wanted()
}

// lacksScheme fails where a scheme that has to be offered is not.
func (p *probe) lacksScheme() bool {
	missing := p.missing()
	if len(missing) == 0 {
		return false
	}
	p.outcome = schemeMismatch
	c := p.first
	p.run.Find(SchemesMissing, result.Error, c.Origin, "%s offers %s at %s, and not %s: mailbox moves log on by that, and fail with \"The HTTP request is unauthorized with client authentication scheme 'Negotiate'\".",
		c.Origin.Subject(), prober.Offers(p.offered), p.url(), spelled(missing))
	p.run.Blame(result.Either)
	p.run.Result.Fail(failure.New(failure.Auth, reasonSchemes, "%s offers %s at %s, and mailbox moves need %s", c.Origin.Name(), prober.Offers(p.offered), p.url(), spelled(missing)))
	return true
}

// spelled are schemes as people write them.
func spelled(schemes []string) string {
	written := make([]string, len(schemes))
	for i, s := range schemes {
		if written[i] = strings.ToUpper(s[:1]) + s[1:]; s == "ntlm" {
			written[i] = "NTLM"
		}
	}
	return strings.Join(written, ", ")
}

// lacksNTLM tells of a server that offers Negotiate alone, which is all that moves ask for.
func (p *probe) lacksNTLM() {
	offered := prober.SchemesOf(p.offered)
	if slices.Contains(offered, "negotiate") && !slices.Contains(offered, "ntlm") {
		p.run.Find(NTLMMissing, result.Info, p.first.Origin, "%s offers %s at %s, and not NTLM by itself. Negotiate is enough for mailbox moves; it has NTLM within it unless that is switched off.",
			p.first.Origin.Subject(), prober.Offers(p.offered), p.url())
	}
}

// afterLogon judges what came once the logon was accepted.
func (p *probe) afterLogon() {
	p.lacksNTLM()
	c := p.second
	switch {
	case c.Final.Status == 403 && c.ByExchange():
		p.disabled(c)
	case p.refused(c, true):
	case c.ByExchange():
		p.outcome = enabled
		p.entered.Detail("%s by %s: MRSProxy is on, and has no page to show", c.Answer(), c.Origin.Name())
	default:
		p.outcome = reachable
		p.run.Result.UndecidedReason = result.ForeignPage
		p.run.Result.Undecided = "Not decided: after the logon " + p.url() + " was answered " + c.Answer() + " by " + c.Origin.Name() + ", which does not show that it is Exchange"
	}
}

// entersFurther tells whether the logon led to the endpoint, so that it is worth posting to.
func (p *probe) entersFurther() bool {
	s := p.second.Final.Status
	return s/100 == 2 || s == 400 || s == 405 || s == 411 || s == 415
}

// disabled is what Exchange's front end answers for an endpoint that is switched off. Its words need not come through.
func (p *probe) disabled(c *result.Conversation) {
	p.outcome = disabled
	how := "and does not say why: most likely MRSProxyEnabled is False there"
	if strings.Contains(strings.ToLower(p.says), "proxy service is disabled") {
		how = "and says that it is switched off (MRSProxyEnabled False)"
	}
	p.run.Find(Disabled, result.Error, c.Origin, "%s took the logon and answered %s at %s, %s. Each server has its own switch, and moves fail now and then unless all of them have it on.",
		c.Origin.Subject(), c.Answer(), p.url(), how)
	p.run.Blame(result.Server)
	p.run.Result.Fail(failure.New(failure.Status, reasonDisabled, "%s answered %s at %s after the logon, %s%s", c.Origin.Name(), c.Answer(), p.url(), how, c.Reading.Said()))
}

// refused judges an answer that is none of the endpoint's, and tells whether it is one. Without a logon nothing but a request
// for one is the endpoint's.
func (p *probe) refused(c *result.Conversation, loggedOn bool) bool {
	status := c.Final.Status
	switch {
	case c.Origin.Portal != "", status/100 == 3, status == 407, status == 401, status/100 == 2 && !loggedOn && c.IsPage():
		p.preauthenticated(c)
	case status >= 500 && c.ByExchange():
		p.backendDown(c)
	case status >= 500:
		p.fails(c, reasonServerError)
	case c.Unpublished():
		p.notPublished(c)
	case !loggedOn, status == 404, c.Origin.Kind == origin.Middlebox:
		p.fails(c, reasonUnexpected)
	default:
		return false
	}
	return true
}

func (p *probe) preauthenticated(c *result.Conversation) {
	p.outcome = preauthenticated
	reason, what := reasonPreauth, "a page or a redirect"
	switch status := c.Final.Status; {
	case c.Origin.Portal != "":
		reason, what = prober.ReasonLogonPage, "a page to log on by"
	case status == 401 || status == 407:
		what = "a request for a logon that is not Exchange's"
	}
	p.run.Find(Preauthenticated, result.Error, c.Origin, "%s answered %s at %s: %s, which no mailbox move can follow. Nothing may ask for a logon in front of this path%s.",
		c.Origin.Subject(), c.Answer(), p.url(), what, c.Reading.Text())
	p.blame(c)
	p.run.Result.Fail(failure.New(failure.Status, reason, "%s answered %s at %s: %s%s", c.Origin.Name(), c.Answer(), p.url(), what, c.Reading.Said()))
}

func (p *probe) backendDown(c *result.Conversation) {
	p.outcome = backendDown
	p.run.Find(BackendDown, result.Error, c.Origin, "%s answered %s at %s: its front end took the request, and nobody behind it did. That need not be the same machine, for any mailbox server may be chosen%s.",
		c.Origin.Subject(), c.Answer(), p.url(), c.Reading.Said())
	p.run.Blame(result.Server)
	p.run.Result.Fail(failure.New(failure.Status, reasonBackend, "%s answered %s at %s%s", c.Origin.Name(), c.Answer(), p.url(), c.Reading.Said()))
}

func (p *probe) notPublished(c *result.Conversation) {
	p.outcome = notPublished
	p.run.Find(NotPublished, result.Error, c.Origin, "%s answered %s at %s, and nothing in that answer is Exchange's: the path does not lead there, or a filter keeps it%s.",
		c.Origin.Subject(), c.Answer(), p.url(), c.Reading.Said())
	p.blame(c)
	p.run.Result.Fail(failure.New(failure.Status, reasonNotPublished, "%s answered %s at %s%s", c.Origin.Name(), c.Answer(), p.url(), c.Reading.Said()))
}

// blame says of the last finding that either a box or the server is at fault, or that it is a box, where one showed itself.
func (p *probe) blame(c *result.Conversation) {
	if c.Origin.Kind == origin.Middlebox {
		p.run.FindBox(c)
		return
	}
	p.run.Blame(result.Either)
}

// fails is an answer that tells nothing of the endpoint.
func (p *probe) fails(c *result.Conversation, reason string) {
	p.run.FindBox(c)
	p.run.Result.Fail(failure.New(failure.Status, reason, "%s answered %s at %s%s", c.Origin.Name(), c.Answer(), p.url(), c.Cause()))
}
