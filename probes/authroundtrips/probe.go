// Package authroundtrips measures what authentication costs: how many requests, 401s and bytes it takes to fetch a few
// objects over one connection, whether the connection stays authenticated, and who answered each leg.
package authroundtrips

import (
	"context"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// bodyLimit is how much of an object is read. What goes on beyond it ends the connection.
const bodyLimit = 1 << 20

// probe is one run.
type probe struct {
	*Settings
	run  *prober.Run
	link *prober.Link // nil while the target is not looked up

	fetching *prober.Step // nil while it was not begun

	offered []auth.Challenge // by the first answer without credentials
	asked   bool             // an answer without credentials came
	objects []*object

	protection *protection // nil when it was not checked
	tried      bool        // the check of that sent a logon

	kerberos *kerberosLogon // nil where no logon goes by that
	modern   *modern        // nil when it was not asked for
}

// object is one thing to fetch.
type object struct {
	path       string
	connection int
	first      int // index of its first exchange among the Result's
	last       int // one beyond its last
	scheme     string
	challenge  auth.NTLMChallenge
	took       wire.Seconds
	fetched    bool
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run}
	err := p.fetchAll(ctx)
	run.Contrast()
	run.Result.Fail(failure.From(err))
	p.decide()
	p.judge()
	run.Surplus()
	p.measure()
	p.tabulate()
}

// Blank implements prober.Prober.
func (s *Settings) Blank(res *result.Result) {
	p := &probe{Settings: s, run: &prober.Run{Recorder: &prober.Recorder{Result: res}}}
	p.measure()
}

// decide makes the last connection on which objects were fetched the deciding one, with the last exchange on it: a probe
// ends with what failed. Where none was, it is the last of the check before.
func (p *probe) decide() {
	r := p.run.Result
	if len(r.Connections) == 0 {
		return
	}
	if r.DecidingConnection = p.fetching.Connection(); r.DecidingConnection == nil {
		r.DecidingConnection = r.Connections[len(r.Connections)-1]
	}
	for _, e := range r.Conversations {
		if e.Connection == r.DecidingConnection.ID {
			r.Deciding = e
		}
	}
}

// fetchAll fetches the objects, and does what is asked for besides.
func (p *probe) fetchAll(ctx context.Context) error {
	endpoint, err := p.run.Prepare(ctx)
	if err != nil {
		return err
	}
	p.link = p.run.Link(endpoint)
	// A secret that the check found refused is not sent again below: the gate sees to that.
	err = p.checkProtection(ctx, endpoint)
	switch {
	case failure.Is(err, failure.Connect), failure.Is(err, failure.TLS):
		return err // there is no need to wait for that twice
	case failure.Is(err, failure.Auth, auth.Refused) && p.ExtendedProtectionAuth == "":
		p.run.Result.Fail(failure.From(err))
	}
	defer p.link.Close()
	if err = p.fetchObjects(ctx); err == nil {
		p.strangers(ctx, endpoint)
	}
	p.askOthers(ctx)
	p.askModern(ctx, endpoint)
	return err
}

// fetchObjects fetches the objects one after the other.
func (p *probe) fetchObjects(ctx context.Context) error {
	fetch := p.run.Step("fetch")
	p.fetching = fetch
	for i := range p.Objects {
		step := fetch.Step("object")
		err := p.fetch(ctx, fetch, step, p.PathList[i%len(p.PathList)])
		if step.End(err); err != nil {
			return fetch.End(err)
		}
	}
	fetch.End(nil)
	return nil
}

// fetch asks for one object without credentials, and answers the 401 if one comes.
func (p *probe) fetch(ctx context.Context, fetch, step *prober.Step, path string) error {
	if err := p.link.Open(ctx, fetch); err != nil {
		return err
	}
	o := &object{path: path, connection: p.link.Opened, first: len(p.run.Result.Conversations)}
	p.objects = append(p.objects, o)
	start := p.run.Now()
	defer func() {
		o.took, o.last = p.run.Now()-start, len(p.run.Result.Conversations)
	}()
	ask := step.Step("ask")
	x, _, err := p.exchange(ask, path, "")
	ask.End(err)
	if err != nil {
		return err
	}
	if !p.asked {
		p.asked = true
		p.offered = auth.ParseChallenges(x.Final.Values("WWW-Authenticate"))
	}
	if x.Final.Status == 401 {
		if x, err = p.authenticated(ctx, fetch, step, o, x); err != nil {
			return err
		}
	}
	if err := p.unfetched(x, path); err != nil {
		return err
	}
	o.fetched = true
	return nil
}

// unfetched is the failure of an object that did not come: an error, a page to log on by, or a redirect in answer to a
// POST, which no client follows with its body.
func (p *probe) unfetched(x *result.Conversation, path string) error {
	reason := reasonNotFetched
	switch {
	case x.Origin.Portal != "":
		reason = prober.ReasonLogonPage
	case x.Final.Status == 200, x.Final.Status/100 == 3 && p.Method != "POST": // 203 and 206 are not what was asked for
		return nil
	}
	return failure.New(failure.Status, reason, "%s answered %s to %s %s%s", x.Origin.Subject(), x.Answer(), p.Method, path, x.Cause())
}

// authenticated logs on and asks again.
func (p *probe) authenticated(ctx context.Context, fetch, step *prober.Step, o *object, asked *result.Conversation) (*result.Conversation, error) {
	if !p.run.LogsOn() {
		return nil, failure.New(failure.Auth, reasonLogonRequired, "%s asks for a logon (%s), and the module has no auth: set one", asked.Origin.Subject(), prober.Offers(p.offered))
	}
	if err := p.getTickets(ctx, step); err != nil {
		return nil, err
	}
	logon, err := p.run.LogOn(ctx, step.Step("logon"), p.link, prober.Ask{
		Request: p.request(o.path, ""), First: asked.Final, ByNTLM: p.kerberos != nil && p.kerberos.fellBack,
		Reopen: func(ctx context.Context) error { return p.link.Open(ctx, fetch) },
	})
	o.connection = p.link.Opened
	if logon != nil {
		o.scheme, o.challenge = logon.Scheme(), logon.Challenge()
	}
	if err != nil {
		return nil, err
	}
	request := step.Step("request")
	x, body, err := p.exchange(request, o.path, logon.Authorization())
	err = logon.Read(x.Final, body).Judge(x.Final, x.Origin, err)
	p.noteAcceptance(logon, err)
	if request.End(err); err != nil {
		return nil, err
	}
	return x, nil
}

// exchange sends one request and reads what comes back.
func (p *probe) exchange(step *prober.Step, path, authorization string) (*result.Conversation, []byte, error) {
	x, body, err := p.link.Do(p.request(path, authorization), bodyLimit)
	return p.run.Exchanged(step.Name(), p.link.Conn, x.Record, body, err), body, err
}

func (p *probe) request(path, authorization string) *wire.Request {
	fields := []origin.Field{{Name: "User-Agent", Value: p.run.Agent}, {Name: "Accept", Value: "*/*"}}
	var body []byte
	if p.Method == "POST" {
		body = ews.GetServerTimeZones()
		fields = append(fields, origin.Field{Name: "Content-Type", Value: ews.ContentType})
	}
	if authorization != "" {
		fields = append(fields, origin.Field{Name: "Authorization", Value: authorization})
	}
	if p.run.Target.Path != "" {
		path = p.run.Target.Path
	}
	return p.run.Request(p.Method, path, fields, body)
}
