package prober

import (
	"errors"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// The reasons of stage connect for which a module's proxy does not lead to the target.
const (
	ReasonProxyLookup       = "proxy_lookup"
	ReasonProxyUnreached    = "proxy_unreached"
	ReasonProxyTLS          = "proxy_tls"
	ReasonProxyLogon        = "proxy_logon"
	ReasonProxyLogonRefused = "proxy_logon_refused"
	ReasonProxyDenied       = "proxy_denied"
	ReasonProxyUpstream     = "proxy_upstream"
	ReasonProxyAnswer       = "proxy_answer"
	ReasonProxyClosed       = "proxy_closed"
	ReasonProxyTimeout      = "proxy_timeout"
)

// proxyReasons declares them.
var proxyReasons = []failure.Reason{
	{Stage: failure.Connect, Reason: ReasonProxyLookup, Help: "The name of the module's proxy was not found."},
	{Stage: failure.Connect, Reason: ReasonProxyUnreached, Help: "There is no connection to the module's proxy."},
	{Stage: failure.Connect, Reason: ReasonProxyTLS, Help: "TLS with the module's https proxy failed, mostly over its certificate."},
	{Stage: failure.Connect, Reason: ReasonProxyLogon, Help: "The module's proxy asks for a logon (407) that the module does not make."},
	{Stage: failure.Connect, Reason: ReasonProxyLogonRefused, Help: "The module's proxy refused the logon (407)."},
	{Stage: failure.Connect, Reason: ReasonProxyDenied, Help: "The module's proxy does not lead to this address or port (403)."},
	{Stage: failure.Connect, Reason: ReasonProxyUpstream, Help: "The module's proxy says that it did not get through to the target, or failed itself (5xx)."},
	{Stage: failure.Connect, Reason: ReasonProxyAnswer, Help: "The module's proxy answered CONNECT as no proxy does that leads on: another status, a redirect, no HTTP, or a page with its 200."},
	{Stage: failure.Connect, Reason: ReasonProxyClosed, Help: "The module's proxy ended the connection in place of an answer to CONNECT."},
	{Stage: failure.Connect, Reason: ReasonProxyTimeout, Help: "The module's proxy did not answer CONNECT within 10 s or the time limit."},
}

// refused tells of an answer by which the proxy does not lead on.
func (p *passage) refused(x *wire.Dialogue, body []byte) error {
	final := x.Record.Final
	reason, means := ReasonProxyAnswer, "which is no answer of a proxy that leads on: the URL may lead to another server or port"
	switch {
	case final.Status == 407 && p.logon.made:
		reason, means = ReasonProxyLogonRefused, "after the logon of auth "+p.Secrets.credential.Name+"; "+p.Secrets.gate.Outlook(false)
	case final.Status == 407:
		reason, means = ReasonProxyLogon, p.wanting(final)
	case final.Status == 403:
		reason, means = ReasonProxyDenied, "one of its rules forbids this address or port"
	case final.Status >= 500 && final.Status != 501 && final.Status != 505:
		reason, means = ReasonProxyUpstream, "it did not get through to the target, or failed itself"
	}
	return p.tell(x, body, reason, "the proxy %s answered CONNECT with %s: %s", p.hop, answer(final), means)
}

// wanting says why a logon that the proxy asks for is not made.
func (p *passage) wanting(final *wire.Response) string {
	switch {
	case !offersBasic(final):
		return "it asks for a logon by " + Offers(auth.ParseChallenges(final.Values("Proxy-Authenticate"))) + ", and the exporter logs on to proxies by Basic alone"
	case p.Target.Scheme != "https":
		return "it asks for a logon; that goes over TLS alone, so it takes an https proxy_url, and a proxy_auth"
	}
	return "it asks for a logon, and the module has no proxy_auth"
}

func offersBasic(final *wire.Response) bool {
	_, _, ok := auth.Choose([]string{basicScheme}, auth.ParseChallenges(final.Values("Proxy-Authenticate")))
	return ok
}

// broken tells of a proxy that gave no whole answer. A shortage of our own stays one.
func (p *passage) broken(x *wire.Dialogue, err error) error {
	reason := ReasonProxyAnswer
	switch {
	case failure.Is(err, failure.Receive, "closed", "reset"), failure.Is(err, failure.Send, "closed", "reset"):
		reason = ReasonProxyClosed
	case failure.Is(err, failure.Receive, "timeout"), failure.Is(err, failure.Send, "timeout"):
		reason = ReasonProxyTimeout
	}
	return p.tell(x, nil, reason, "the module's proxy gave no answer to CONNECT that leads on: %w", err)
}

// tell makes a failure of what became of CONNECT, and keeps the conversation as its proof.
func (p *passage) tell(x *wire.Dialogue, body []byte, reason, format string, args ...any) error {
	secret.Own(format)
	c := &result.Conversation{Step: p.at, Protocol: result.HTTPProtocol, Connection: p.conn.Record.ID, HTTP: x.Record, Origin: origin.Origin{Kind: origin.Proxy}}
	if f := x.Record.Final; f != nil {
		response := &origin.Response{Proto: f.Proto, Status: f.Status, Reason: f.Reason, Header: f.Header, Body: body}
		c.Origin, c.Reading = origin.OfProxy(response)
		p.recorder.hideIssued(f)
		f.Excerpt = excerpt(f, p.recorder.redactor, body)
	}
	said := failure.New(failure.Connect, reason, format, args...)
	if said.Stage == failure.Connect {
		said.Message += c.Reading.Said()
		said = said.Named(pageOf(x.Record.Final))
	}
	c.Error = said.Error()
	p.recorder.told(tunnel{said, c, p.conn.Record})
	return said
}

// pageOf is the name of Squid's error page, such as ERR_ACCESS_DENIED, by which its log and its documentation are searched.
func pageOf(final *wire.Response) string {
	if final == nil {
		return ""
	}
	name, _, _ := strings.Cut(final.Get("X-Squid-Error"), " ")
	return name
}

// tunnel is a CONNECT that led nowhere.
type tunnel struct {
	failure      *failure.Failure
	conversation *result.Conversation
	connection   *wire.Connection
}

// told keeps a CONNECT that led nowhere, until the probe is over: meanwhile conversations are those with the target.
func (r *Recorder) told(t tunnel) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tunnels = append(r.tunnels, t)
}

// concludeTunnels adds those conversations, and lets the one decide that is behind the probe's failure.
func (r *Recorder) concludeTunnels() {
	res := r.Result
	drawThroughProxy(res)
	for _, t := range r.tunnels {
		res.Conversations = append(res.Conversations, t.conversation)
		if res.Failure != nil && (errors.Is(res.Failure, t.failure) || res.Failure.Name() == t.failure.Name()) {
			res.Deciding, res.DecidingConnection = t.conversation, t.connection
		}
	}
}
