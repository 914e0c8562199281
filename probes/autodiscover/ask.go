package autodiscover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// jsonProtocol is the one that version 2 is asked for.
const jsonProtocol = "EWS"

// reply is what one way came to.
type reply struct {
	way       string
	step      *prober.Step
	asked     target.Target        // the last host asked
	nowhere   []string             // what service records say that leads nowhere
	passed    []string             // the URLs asked
	exchange  *result.Conversation // the last one; nil without
	answer    *autodiscover.Answer // nil for method get, or where none could be read
	elsewhere bool                 // the answer leads into Exchange Online, where the probe does not follow
	redirect  string               // the host of a redirect that was not followed
	failure   *failure.Failure
}

// pass notes a URL that is asked, for a person to see the whole way.
func (r *reply) pass(u *url.URL) {
	r.passed = append(r.passed, u.Redacted())
	r.step.Detail("%s", strings.Join(r.passed, " → "))
}

// on runs f as step "request" on a connection.
func on(step *prober.Step, conn *wire.Conn, f func() error) error {
	request := step.Step("request")
	request.On(conn)
	if failed := request.End(f()); failed != nil {
		return failed
	}
	return nil
}

// who made the last response.
func (r *reply) who() origin.Origin {
	if r.exchange == nil {
		return origin.Origin{Kind: origin.Unknown}
	}
	return r.exchange.Origin
}

// refuse is the failure of a redirect that is not followed. One into Exchange Online is what a healthy hybrid site
// answers: the look-up has then found what this site has to say.
func (r *reply) refuse(err error, host string, a *attempt) error {
	var refusal *autodiscover.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	stage := failure.Content
	if refusal.Reason == autodiscover.NotAllowed || refusal.Reason == autodiscover.NotHTTPS {
		stage = failure.Policy
	}
	if refusal.Reason == autodiscover.NotAllowed {
		r.redirect = host
		if online(host) {
			r.elsewhere, a.answered = true, r
			return nil
		}
	}
	return failure.New(stage, refusal.Reason, "%s", refusal.Message)
}

// online tells whether a host is Exchange Online's (Microsoft Learn, "Microsoft 365 URLs and IP address ranges").
func online(host string) bool {
	return slices.ContainsFunc([]string{"outlook.com", "office365.com", "onmicrosoft.com"}, func(domain string) bool {
		return host == domain || strings.HasSuffix(host, "."+domain)
	})
}

// urlOf is where a host is asked by a method.
func (p *probe) urlOf(host, method string) *url.URL {
	return &url.URL{Scheme: "https", Host: p.hostOf(host).Authority(), Path: paths[method]}
}

// direct asks the target.
func (a *attempt) direct(ctx context.Context, r *reply) error {
	t := a.p.query.target
	return a.follow(ctx, r, t, &url.URL{Scheme: t.Scheme, Host: t.Authority(), Path: paths[a.method]}, true)
}

// ask asks a URL, and where that sends it on.
func (a *attempt) ask(ctx context.Context, r *reply, u *url.URL, logon bool) error {
	t, err := targetOf(u)
	if err != nil {
		return err
	}
	return a.follow(ctx, r, t, u, logon)
}

// follow asks a URL at a host, and follows the redirects that may be followed.
func (a *attempt) follow(ctx context.Context, r *reply, t target.Target, u *url.URL, logon bool) error {
	for {
		if a.redirects != nil {
			a.redirects.Ask(u.String())
		}
		next, err := a.exchange(ctx, r, t, u, logon)
		if err != nil || next == "" {
			return err
		}
		if u, err = a.next(u, next, r); err != nil || r.elsewhere {
			return err
		}
		if t, err = targetOf(u); err != nil {
			return err
		}
		logon = true // where the auth's targets name the host
	}
}

// next is where a redirect from u leads, if it may be followed. For SOAP and JSON a redirect to the POX document names
// the host alone (Exchange Web Services Managed API, AutodiscoverService.cs, GetRedirectUrl).
func (a *attempt) next(from *url.URL, location string, r *reply) (*url.URL, error) {
	if a.redirects == nil {
		return nil, failure.New(failure.Policy, autodiscover.NotAllowed, "%s redirects, and there is no mail domain to follow it within", plain.Text(from.Host, 256))
	}
	absolute := location
	if to, err := from.Parse(location); err == nil {
		absolute = to.String()
	}
	u, err := a.redirects.URL(absolute)
	if err != nil {
		return nil, r.refuse(err, hostIn(absolute), a)
	}
	if !strings.EqualFold(path.Ext(u.Path), path.Ext(paths[a.method])) {
		u.Path, u.RawPath, u.RawQuery = paths[a.method], "", ""
	}
	return u, nil
}

func hostIn(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return ""
	}
	host, _, _ := target.ParseHost(u.Hostname())
	return host
}

func domainOf(email string) string {
	domain, _ := autodiscover.Domain(email)
	return domain
}

// targetOf is the host that a URL names. The path goes with the request.
func targetOf(u *url.URL) (target.Target, error) {
	t, err := target.Parse(u.Scheme+"://"+u.Host, "")
	if err != nil {
		return t, failure.New(failure.Content, autodiscover.Unreadable, "the redirect's host is malformed: %w", err)
	}
	return t, nil
}

// exchange asks one endpoint, on a connection of its own; next is where it sends the look-up on, empty for nowhere.
func (a *attempt) exchange(ctx context.Context, r *reply, t target.Target, u *url.URL, logon bool) (next string, err error) {
	run := a.p.run
	r.pass(u)
	r.asked = t
	host := prober.Absolute(t)
	if r.way == wayDirect && t.Host == a.p.query.target.Host { // as whoever wrote it means it
		host = t.Host
	}
	resolution, err := run.Resolve(ctx, r.step, host)
	if err != nil {
		return "", err
	}
	request := a.request(t, u)
	endpoint := a.p.endpoint(r, t, resolution)
	conn, logged, err := a.open(ctx, r.step, t, endpoint, request, logon && logsOn(a.method))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if first, body := logged.Unasked(); first != nil && decides(first.Final.Status) {
		r.exchange = first // nobody asked for a logon, so this is the answer
		return a.read(ctx, r, conn, body)
	}
	if value := logged.Authorization(); value != "" {
		request.Header = append(request.Header, origin.Field{Name: "Authorization", Value: value})
	}
	err = on(r.step, conn, func() error {
		x, body, err := conn.Do(request, autodiscover.MaxBody)
		r.exchange = run.Exchanged(r.step.Name()+".request", conn, x.Record, body, err)
		var cut error
		if x.Record.Final != nil && !failure.Is(err, failure.Receive, "malformed", "too_large", "timeout") {
			cut, err = err, nil // what breaks off is told by its content
		}
		if err = logged.Read(r.exchange.Final, body).Judge(r.exchange.Final, r.exchange.Origin, err); err != nil {
			return err
		}
		if next, err = a.read(ctx, r, conn, body); err == nil && cut != nil && x.Record.Final.Status == 200 {
			next, r.answer, err = "", nil, cut // a whole document in a body that is not: clients take none of it
		}
		return err
	})
	return next, err
}

// endpoint is where a target of a way is. To the mail domain's own host, and where that leads, goes nothing of the module's auth
// unless it is told so.
func (p *probe) endpoint(r *reply, t target.Target, resolution *wire.Resolution) prober.Endpoint {
	e := p.run.Endpoint(t, resolution)
	if e.TLS != nil && r.way == wayDomain && !p.BareDomainLogon {
		e.TLS.Own = nil
	}
	return e
}

// decides tells whether an answer to a request without a body and credentials is the answer: whatever leads elsewhere or
// refuses.
func decides(status int) bool { return status >= 300 }

// open opens a connection, and logs on where that is asked for.
func (a *attempt) open(ctx context.Context, step *prober.Step, t target.Target, endpoint prober.Endpoint, request *wire.Request, logon bool) (*wire.Conn, *prober.Logon, error) {
	if !logon {
		conn, err := a.p.run.Network.Open(ctx, step, endpoint)
		return conn, &prober.Logon{}, err
	}
	link, logged, err := a.p.run.At(t).Open(ctx, step, endpoint, prober.Ask{Request: request, Decides: decides})
	if err != nil {
		return nil, nil, err
	}
	return link.Conn, logged, nil
}

// fields are those of every request.
func (p *probe) fields() []origin.Field {
	return append([]origin.Field{{Name: "User-Agent", Value: p.run.Agent}}, prober.Correlation()...)
}

// request builds the request of the attempt's method.
func (a *attempt) request(t target.Target, u *url.URL) *wire.Request {
	fields := a.p.fields()
	at := u.EscapedPath()
	switch a.method {
	case POX:
		fields = append(fields, origin.Field{Name: "Content-Type", Value: autodiscover.ContentType},
			origin.Field{Name: autodiscover.MapiHTTPField, Value: "1"},
			origin.Field{Name: autodiscover.ClientField, Value: autodiscover.ClientValue})
		return prober.RequestTo(t, "POST", at, fields, autodiscover.POX(a.email))
	case SOAP:
		fields = append(fields, origin.Field{Name: "Content-Type", Value: autodiscover.ContentType})
		return prober.RequestTo(t, "POST", at, fields, autodiscover.GetUserSettings(a.email, u.String(), autodiscover.UserSettings))
	case JSON:
		at = autodiscover.JSONPath(a.email, jsonProtocol, 0)
		if u.RawQuery != "" { // a redirect brings its own
			at = u.EscapedPath() + "?" + u.RawQuery
		}
	}
	return prober.RequestTo(t, "GET", at, fields, nil)
}

// redirectStatuses are those of a redirect that keeps to the look-up.
var redirectStatuses = []int{301, 302, 303, 307, 308}

// read judges a response: where it leads, what it answers, or why it is no answer.
func (a *attempt) read(ctx context.Context, r *reply, conn *wire.Conn, body []byte) (next string, err error) {
	final := r.exchange.Final
	if r.who().Portal != "" {
		return "", a.portal(r, conn)
	}
	if location := final.Get("Location"); slices.Contains(redirectStatuses, final.Status) && location != "" {
		return location, nil
	}
	if a.method == Get { // a page for every path is no sign of Exchange
		if final.Status == 401 || final.Status == 200 && r.who().Kind == origin.Exchange {
			return "", nil
		}
		return "", a.unexpected(r, conn)
	}
	if final.Status == 401 {
		return "", failure.New(failure.Auth, reasonLogonRequired, "%s asks for a logon (401), and %s", conn, a.whyNoLogon(r))
	}
	if final.Status != 200 && (a.method == POX || final.Status/100 <= 3) {
		return "", a.unexpected(r, conn)
	}
	answer := parse(a.method, prober.Document(ctx, final, body))
	if err := prober.InTime(ctx, conn, len(body)); err != nil {
		return "", err
	}
	switch {
	case final.Status != 200 && answer.Kind != autodiscover.Failed:
		return "", a.unexpected(r, conn)
	case answer.Kind == autodiscover.RedirectURL:
		return answer.Redirect, nil
	case answer.Kind == autodiscover.Settings, answer.Kind == autodiscover.RedirectAddress:
		r.answer = answer
		return "", nil
	}
	return "", failure.New(failure.Content, contentReason(answer.Kind), "%s answered %s, but %s%s", conn, line(final), answer.Problem, a.lostBody(answer)).Named(answer.Code)
}

// lostBody says what it means that a request is called invalid (MS-OXDSCLI 2.2.4.1.1.3.2: 600) that is none: Exchange says so
// of a GET, and of a body that is empty or changed.
func (a *attempt) lostBody(answer *autodiscover.Answer) string {
	if a.method == JSON || answer.Code != "600" && answer.Code != "InvalidRequest" {
		return ""
	}
	return "; the request that was sent is valid, so something on the way lost or changed its body, as what turns a POST into a GET does"
}

func (a *attempt) whyNoLogon(r *reply) string {
	switch {
	case !a.p.run.LogsOn():
		return "the module has no auth: set one"
	case r.way == wayDomain:
		return "nothing secret is sent to the mail domain's own host: set bare_domain_logon if it is Exchange"
	}
	return "method " + a.method + " logs on nowhere"
}

// unexpected is a status that is neither success nor redirect, with what the response says of its cause.
func (a *attempt) unexpected(r *reply, conn *wire.Conn) error {
	return failure.New(failure.Status, reasonStatus, "%s answered %s%s", conn, line(r.exchange.Final), r.exchange.Reading.Said())
}

// portal is the failure of an answer that is, or leads to, a page to log on by.
func (a *attempt) portal(r *reply, conn *wire.Conn) error {
	return failure.New(failure.Status, prober.ReasonLogonPage, "%s answered %s%s", conn, line(r.exchange.Final), r.exchange.Cause())
}

func line(f *wire.Response) string {
	return strings.TrimSpace(strconv.Itoa(f.Status) + " " + plain.Text(f.Reason, 64))
}

func parse(method string, body io.Reader) *autodiscover.Answer {
	switch method {
	case SOAP:
		return autodiscover.ParseSOAP(body)
	case JSON:
		return autodiscover.ParseJSON(body, jsonProtocol)
	}
	return autodiscover.ParsePOX(body)
}

func contentReason(k autodiscover.Kind) string {
	switch k {
	case autodiscover.Failed:
		return reasonService
	case autodiscover.NotExchange:
		return reasonNotExchange
	case autodiscover.Truncated:
		return reasonTruncated
	case autodiscover.Malformed:
		return reasonMalformed
	}
	return reasonForeign
}

// redirected asks a host over plain http for a redirect, and nothing secret with it.
func (a *attempt) redirected(ctx context.Context, r *reply, host string) error {
	t := target.Target{Raw: host, Scheme: "http", Host: host, Port: a.p.ports.http, Name: host}
	u := &url.URL{Scheme: "http", Host: t.Authority(), Path: autodiscover.POXPath}
	run := a.p.run
	r.pass(u)
	resolution, err := run.Resolve(ctx, r.step, prober.Absolute(t))
	if err != nil {
		return err
	}
	conn, err := run.Network.Open(ctx, r.step, run.Endpoint(t, resolution))
	if err != nil {
		return err
	}
	defer conn.Close()
	var location string
	err = on(r.step, conn, func() error {
		x, body, err := conn.Do(prober.RequestTo(t, "GET", u.Path, a.p.fields(), nil), 64<<10)
		r.exchange = run.Exchanged(r.step.Name()+".request", conn, x.Record, body, err)
		final := x.Record.Final
		if final == nil {
			return err
		}
		if r.who().Portal != "" {
			return a.portal(r, conn)
		}
		// 308 came after the clients whose ways these are (Exchange Web Services Managed API takes 301, 302, 303 and 307).
		if location = final.Get("Location"); location == "" || !slices.Contains(redirectStatuses, final.Status) || final.Status == 308 {
			return failure.New(failure.Status, reasonNoRedirect, "%s answered %s, which is no redirect", conn, line(final))
		}
		return nil
	})
	if err != nil {
		return err
	}
	to, err := a.next(u, location, r)
	if err != nil || r.elsewhere {
		return err
	}
	return a.ask(ctx, r, to, true)
}

// String names an attempt for a person.
func (a *attempt) String() string {
	return fmt.Sprintf("attempt %d of %d by %s", a.number, a.p.Attempts, a.method)
}
