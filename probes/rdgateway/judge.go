package rdgateway

import (
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// judge draws the verdict of each transport; the first that fails is that of the probe.
func (p *probe) judge() {
	r := p.run.Result
	for i, t := range p.asked {
		failed := p.judgeOne(t)
		if failed != nil && r.Failure == nil || i == 0 {
			p.decidedBy(t)
		}
		t.step.Fail(failed)
		r.Fail(failed)
	}
	if r.Failure != nil {
		r.UndecidedReason, r.Undecided = "", ""
	}
}

// decidedBy makes a transport's conversation the deciding one: its last answer, or the request that got none.
func (p *probe) decidedBy(t *transport) {
	r, c := p.run.Result, t.last()
	if c == nil {
		return
	}
	r.DecidingConnection = c.step.Connection()
	if r.Deciding = c.answer(); r.Deciding != nil && (t.err == nil || t.begun) {
		return
	}
	for _, conversation := range r.Conversations {
		if strings.HasPrefix(conversation.Step, c.step.Name()+".") {
			r.Deciding = conversation
		}
	}
}

// judgeOne judges a transport, and gives why it failed.
func (p *probe) judgeOne(t *transport) *failure.Failure {
	c := t.last()
	if t.err != nil || c == nil {
		return p.unanswered(t)
	}
	last := c.answer()
	switch {
	case t.hello != nil && t.hello.code == 0:
		t.outcome = shook
		t.step.Detail("%s", t.hello)
		p.seedOdd(t)
		return nil
	case c.second == nil && last.Final.Status == 401 && last.Origin.Kind != origin.Middlebox && last.Origin.Portal == "":
		t.outcome = logonAsked
		p.undecided(result.NoLogon, "Not tested: "+last.Origin.Name()+" asked for a logon ("+last.Answer()+") at "+p.url()+
			", and only after one the gateway opens a channel"+last.Origin.Wanted())
		return nil
	}
	return p.otherwise(t, c, last)
}

// undecided says that nothing follows of the probe. The first reason counts.
func (p *probe) undecided(why result.Undecidedness, text string) {
	if r := p.run.Result; r.Undecided == "" {
		r.UndecidedReason, r.Undecided = why, text
	}
}

// unanswered is a transport without a final answer, without a handshake, or with a logon that was refused.
func (p *probe) unanswered(t *transport) *failure.Failure {
	switch {
	case failure.Is(t.err, failure.Auth, auth.Refused, auth.TicketRefused, auth.TokenRefused):
		t.outcome = denied
	case failure.Is(t.err, failure.Auth, auth.Suspended, auth.Unanswered, auth.Waiting, auth.NotRemembered):
		t.outcome = logonAsked // and the auth is held back
	case failure.Is(t.err, failure.Status, reasonHandshake):
		t.outcome = refused
	case failure.Is(t.err, failure.Receive, "timeout"):
		t.outcome = silent
	}
	switch c := t.last(); {
	case t.begun && failure.Is(t.err, failure.Receive, "malformed"):
		p.run.Result.Draw("receive/malformed", adviceNoPacket)
	case t.held():
		p.packetsHeld(t)
	case c == nil || c.link == nil:
	case c.logon != nil && failure.Is(t.err, failure.Receive, "closed", "reset"):
		p.run.Result.Draw("receive/"+failure.From(t.err).Reason, adviceHungUp)
	case c.answer() != nil:
		p.run.FindBox(c.answer())
	case failure.Is(t.err, failure.Receive) && p.get.AsksLogon():
		what := "ended the connection"
		if t.outcome == silent {
			what = "was silent"
		}
		p.verbLost(c, origin.Origin{Kind: origin.Unknown}, "what answers at "+p.run.Target.Authority()+" "+what)
	}
	return failure.From(t.err)
}

// blame says of the last finding who is at fault, where the answer does not show a box.
func (p *probe) blame(who origin.Origin) {
	switch {
	case who.Kind == origin.Middlebox:
	case p.run.Result.Direct:
		p.run.Blame(result.Server)
	default:
		p.run.Blame(result.Either)
	}
}

// held tells whether an answer, or what follows it, does not come through: the channels stand and the connection falls silent or ends,
// or it falls silent over the request that opens one, which a logon went with and which got an answer at once without it.
func (t *transport) held() bool {
	c := t.last()
	return t.begun && failure.Is(t.err, failure.Receive) || t.outcome == silent && c != nil && c.logon != nil
}

// packetsHeld finds that something between the probe and the gateway's packets holds them back.
func (p *probe) packetsHeld(t *transport) {
	if p.run.Found(PacketsHeld) {
		return
	}
	asked, became := "to the handshake", "nothing came back"
	if !t.begun {
		asked = "to " + t.last().verb + " with a logon"
	}
	if t.outcome != silent {
		became = "the connection ended"
	}
	var got []string
	for _, c := range []*channel{t.out, t.in} {
		if c != nil && c.answer() != nil {
			got = append(got, c.verb+" got "+c.answer().Answer())
		}
	}
	apart := ""
	if t.in != nil { // else one connection alone was opened
		apart = ", or leads the two directions to different gateways"
	}
	p.run.Find(PacketsHeld, result.Error, origin.Origin{Kind: origin.Unknown}, "%s, transport %s: %s %s (before that, %s): something on the way waits for the end of a request or an answer that stays open%s, or the gateway hangs or waits for what it asks itself.",
		p.url(), t.name, asked, became, strings.Join(got, ", "), apart)
	p.blame(origin.Origin{Kind: origin.Unknown})
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
	p.run.Find(VerbRefused, result.Error, who, "%s %s: %s, while GET of the same path got %s. %s", c.verb, p.url(), what, p.get.Answer(), other)
	p.blame(who)
}

// refusals are statuses by which a verb, or a request as this one, is refused.
var refusals = []int{400, 403, 405, 406, 411, 413, 415, 417, 426, 501}

// otherwise judges an answer that neither opens a channel nor asks for a logon. A client takes 403, 404 and 410 for a gateway without
// this transport, and goes on to the next (FreeRDP); before a logon a 403 may as well be a rule's.
func (p *probe) otherwise(t *transport, c *channel, last *result.Conversation) *failure.Failure {
	status, nowhere := last.Final.Status, slices.Contains([]int{404, 410}, last.Final.Status)
	switch {
	case last.Origin.Portal != "":
		return p.fails(last, prober.ReasonLogonPage)
	case c.accept != "" && opens(last.Final, false):
		return p.lacks(t, last, NoWebsocket, reasonNoWebsocket, "which opens the transport http, and no websocket: something on the way takes the field Upgrade out, or the gateway knows none")
	case c.second == nil && nowhere:
		return p.lacks(t, last, NotThere, reasonNotThere, "and asked for no logon: there is no gateway at this path, or nothing leads to it")
	case c.second != nil && (nowhere || status == 403):
		return p.lacks(t, last, NoTransport, reasonNoTransport, "after the logon: it does not offer this transport")
	case slices.Contains(refusals, status):
		t.outcome = refused
		if c.second == nil && p.get.AsksLogon() {
			p.verbLost(c, last.Origin, last.Origin.Name()+" answered "+last.Answer()+last.Reading.Said())
			return p.failure(last, reasonRefused)
		}
		return p.fails(last, reasonRefused)
	case status/100 == 5:
		return p.fails(last, reasonServerError)
	case status/100 == 2, status/100 == 3:
		return p.fails(last, reasonNotGateway)
	}
	return p.fails(last, reasonUnexpected)
}

// lacks is a gateway without this transport, or no gateway at all.
func (p *probe) lacks(t *transport, last *result.Conversation, code, reason, what string) *failure.Failure {
	t.outcome = noTransport
	if !p.run.Found(code) {
		p.run.Find(code, result.Error, last.Origin, "%s answered %s %s, asked for the transport %s, with %s%s, %s.",
			last.Origin.Subject(), last.Method, p.url(), t.name, last.Answer(), last.Reading.Said(), what)
		p.blame(last.Origin)
	}
	return p.failure(last, reason)
}

// fails is an answer that opens nothing, for no reason of this prober's.
func (p *probe) fails(last *result.Conversation, reason string) *failure.Failure {
	p.run.FindBox(last)
	return p.failure(last, reason)
}

// failure is why the probe failed over an answer.
func (p *probe) failure(last *result.Conversation, reason string) *failure.Failure {
	return failure.New(failure.Status, reason, "%s answered %s %s with %s%s", last.Origin.Name(), last.Method, p.url(), last.Answer(), last.Reading.Said())
}

// seedOdd tells of a seed of another length than clients know. The document bounds it, and gives no length.
func (p *probe) seedOdd(t *transport) {
	if t.name == overHTTP && t.hello.seed != usualSeed {
		p.run.Find(SeedOdd, result.Info, t.out.answer().Origin, "%d bytes stood before the gateway's first packet, where gateways send %d: clients that count on that, as FreeRDP does, cannot read what follows.", t.hello.seed, usualSeed)
	}
}
