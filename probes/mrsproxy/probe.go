// Package mrsproxy asks for what mailbox moves from another forest or Exchange Online begin with: the MRSProxy endpoint below
// EWS. First without credentials, for the schemes that are offered; then, over the same connection, with a logon, because only
// then Exchange says whether the endpoint is switched on. On request it also asks whether the replication service behind it
// runs, and what becomes of a body that is sent late.
package mrsproxy

import (
	"cmp"
	"context"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// bodyLimit is how much of an answer is read: enough to know an error page by.
const bodyLimit = 64 << 10

// probe is one run.
type probe struct {
	*Settings
	run      *prober.Run
	endpoint prober.Endpoint
	outcome  string

	knocked *prober.Step         // nil while it was not begun
	first   *result.Conversation // without credentials; nil without an answer
	offered []auth.Challenge     // by that
	entered *prober.Step         // the logon's; nil where there is none
	second  *result.Conversation // after the logon; nil without an answer
	says    string               // the beginning of what that says, in plain text

	service       *result.Conversation // nil where it was not asked, or without an answer
	control, late *late                // nil where a late body was not looked for
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run, outcome: failed}
	err := p.ask(ctx)
	run.Contrast()
	p.decide()
	p.judge(err)
	run.Surplus()
	p.measure()
	p.tabulate()
}

// ask asks what is to be asked. The error is why the endpoint itself was not answered for.
func (p *probe) ask(ctx context.Context) error {
	at, err := p.run.Prepare(ctx)
	if err != nil {
		return err
	}
	p.endpoint = at
	link := p.run.Link(p.endpoint)
	err = p.knock(ctx, link)
	if err == nil && p.wants() {
		err = p.enter(ctx, link)
	}
	link.Close()
	if p.asksService() && !failure.Is(err, failure.Connect) && !failure.Is(err, failure.TLS) {
		p.askService(ctx)
	}
	if err == nil && p.Expect && p.second != nil && p.entersFurther() {
		p.lookForLateBody(ctx)
	}
	return err
}

// knock asks without credentials.
func (p *probe) knock(ctx context.Context, link *prober.Link) error {
	p.knocked = p.run.Step("unauthenticated")
	p.knocked.Detail("%s", p.asked())
	err := link.Open(ctx, p.knocked)
	if err == nil {
		request := p.knocked.Step("request")
		p.first, _, err = p.get(request, link, p.path(), "")
		request.End(err)
	}
	if p.first != nil {
		p.offered = prober.ChallengesOf(p.first)
		p.knocked.Detail("%s: %s, offers %s", p.asked(), p.first.Answer(), prober.Offers(p.offered))
	}
	p.knocked.End(err)
	return err
}

// wants tells whether a logon is asked for, and there is one to make. Where a scheme is missing that has to be offered, what
// another one would bring says nothing of mailbox moves.
func (p *probe) wants() bool {
	return p.first.Final.Status == 401 && p.run.LogsOn() && len(p.missing()) == 0
}

// enter asks again with a logon, over the same connection where the server left it open.
func (p *probe) enter(ctx context.Context, link *prober.Link) error {
	p.entered = p.run.Step("authenticated")
	logon, err := p.run.LogOn(ctx, p.entered.Step("logon"), link, prober.Ask{
		Request: p.request("GET", p.path(), nil, ""), First: p.first.Final,
		Reopen: func(ctx context.Context) error { return link.Open(ctx, p.entered) },
	})
	if err == nil {
		request := p.entered.Step("request")
		var body []byte
		p.second, body, err = p.get(request, link, p.path(), logon.Authorization())
		var final *wire.Response
		who := origin.Origin{Kind: origin.Unknown}
		if p.second != nil {
			final, who = p.second.Final, p.second.Origin
			p.says = string(body[:min(len(body), 1024)])
			p.entered.Detail("%s by %s", p.second.Answer(), p.second.Origin.Name())
		}
		err = logon.Read(final, body).Judge(final, who, err)
		request.End(err)
	}
	p.entered.End(err)
	return err
}

// get asks for a path. The conversation is nil without a final response; a body that was cut short is no error.
func (p *probe) get(step *prober.Step, link *prober.Link, path, authorization string) (*result.Conversation, []byte, error) {
	return p.run.AskOnce(step, link.Conn, p.request("GET", path, nil, authorization), bodyLimit)
}

func (p *probe) request(method, path string, body []byte, authorization string, more ...origin.Field) *wire.Request {
	fields := []origin.Field{{Name: "User-Agent", Value: p.run.Agent}, {Name: "Accept", Value: "*/*"}}
	fields = append(fields, more...)
	if authorization != "" {
		fields = append(fields, origin.Field{Name: "Authorization", Value: authorization})
	}
	return p.run.Request(method, path, fields, body)
}

// path is the target's, where it has one, or the module's.
func (p *probe) path() string { return cmp.Or(p.run.Target.Path, p.Path) }

// url is what is asked for.
func (p *probe) url() string {
	return p.run.Target.Scheme + "://" + p.run.Target.Authority() + p.path()
}

// asked is the URL, and where its host came from.
func (p *probe) asked() string { return p.url() + " (" + p.source() + ")" }

// source says where the host that was asked came from.
func (p *probe) source() string {
	t := p.run.Target
	if !strings.EqualFold(t.Host, t.Name) {
		return "the host by the parameter hostname, asked directly at the target " + t.Host
	}
	return "the host is the target's own"
}
