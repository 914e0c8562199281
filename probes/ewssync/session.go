package ewssync

import (
	"context"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// challengeLimit is how much is read of the page that comes with a request for a logon.
const challengeLimit = 64 << 10

// session is the probe's connection: opened once, logged on once, and opened again only when the peer ended it.
type session struct {
	*Settings
	run     *prober.Run
	under   *prober.Step // whose parts its steps are; nil for steps at the top
	link    *prober.Link
	step    *prober.Step // of the connection opened last
	cookies jar

	asked  bool          // what this connection offers is known
	logon  *prober.Logon // whose answer goes with the next request; nil for none
	repeat string        // the Authorization that every request carries, once it was accepted: Basic's, Bearer's

	exchanges int                  // so far
	sent      []string             // the client-request-ids of the requests so far
	dialogue  *wire.Dialogue       // the last one on conn
	answered  *result.Conversation // the last one of the session
}

// connect opens a connection where there is none that another request may follow on.
func (s *session) connect(ctx context.Context) error {
	if s.link.Usable() {
		return nil
	}
	s.hangUp()
	s.step = s.begin("session")
	err := s.link.Open(ctx, s.step)
	s.step.End(err)
	return err
}

// begin begins a step of the session's own.
func (s *session) begin(name string) *prober.Step {
	if s.under != nil {
		return s.under.Step(name)
	}
	return s.run.Step(name)
}

func (s *session) hangUp() {
	if s.link != nil {
		s.link.Close()
	}
	s.dialogue, s.asked, s.logon = nil, false, nil
}

// request builds a request. One client-request-id goes through all of a request's legs, so that the server's logs can be
// joined with the probe's.
func (s *session) request(method, path string, body []byte) *wire.Request {
	own := []origin.Field{{Name: "User-Agent", Value: s.run.Agent}}
	if method == "POST" {
		own = append(own, origin.Field{Name: "Accept", Value: "text/xml"}, origin.Field{Name: "Content-Type", Value: ews.ContentType})
	}
	own = append(own, prober.Correlation()...)
	if s.AnchorMailbox != "" && method == "POST" {
		own = append(own, origin.Field{Name: "X-AnchorMailbox", Value: s.AnchorMailbox}, origin.Field{Name: "X-PreferServerAffinity", Value: "true"})
	}
	request := s.run.Request(method, path, prober.Headers(own, s.Headers), body)
	request.URL = s.run.Target.Scheme + "://" + s.run.Target.Authority() + path
	return request
}

// send sends a request on the connection, logs on where that is asked for, and gives the final response that is no
// request for a logon.
func (s *session) send(ctx context.Context, step string, request *wire.Request) (*result.Conversation, []byte, error) {
	if err := s.connect(ctx); err != nil {
		return nil, nil, err
	}
	if err := s.greet(ctx, request); err != nil {
		return nil, nil, err
	}
	e, body, err := s.once(step, request, ews.MaxBody)
	if err != nil || e.Final.Status != 401 {
		return e, body, err
	}
	switch {
	case !s.run.LogsOn():
		return e, nil, failure.New(failure.Auth, reasonLogonRequired, "%s asks for a logon (%s), and the module has no auth: set one",
			e.Origin.Name(), prober.Offers(auth.ParseChallenges(e.Final.Values("WWW-Authenticate"))))
	case s.repeat != "":
		return e, nil, failure.New(failure.Auth, reasonLogonLost, "%s answered 401 to a logon that it had accepted before on the same connection: another server behind it may have answered, or the account was changed just now", e.Origin.Name())
	}
	if err := s.answer(ctx, request, e.Final); err != nil { // the server authenticates each request
		return e, nil, err
	}
	return s.once(step, request, ews.MaxBody)
}

// greet asks, on a new connection and with an auth, for a logon without sending body or credentials, and answers as far
// as that goes without the request itself.
func (s *session) greet(ctx context.Context, request *wire.Request) error {
	if !s.run.LogsOn() || s.asked || s.repeat != "" {
		return nil
	}
	return s.answer(ctx, request, nil)
}

// answer drives a logon until its last answer, which goes with the request; first is what the request got without
// credentials, nil where that is not known.
func (s *session) answer(ctx context.Context, request *wire.Request, first *wire.Response) error {
	logon, err := s.run.LogOn(ctx, s.begin("logon"), s.link, prober.Ask{Request: request, First: first, Reopen: s.connect, Leg: s.leg})
	if err != nil {
		return err
	}
	s.asked, s.logon = true, logon
	return nil
}

// leg sends a leg of a logon with the session's cookies, and takes those that come: a balancer may keep a connection's
// requests together by them.
func (s *session) leg(step string, leg *wire.Request) (*result.Conversation, *wire.Dialogue, []byte, error) {
	e, body, err := s.once(step, leg, challengeLimit)
	return e, s.dialogue, body, err
}

// once sends a request, with the logon's answer where one is ready, and reads the final response.
func (s *session) once(step string, request *wire.Request, limit int64) (*result.Conversation, []byte, error) {
	return s.exchange(step, request, func(sent *wire.Request) (*wire.Dialogue, []byte, error) {
		return s.link.Do(sent, limit)
	})
}

// exchange is once, where do says how much of the response is read.
func (s *session) exchange(step string, request *wire.Request, do func(*wire.Request) (*wire.Dialogue, []byte, error)) (*result.Conversation, []byte, error) {
	sent := *request
	sent.Header = append([]origin.Field{}, request.Header...)
	if s.AffinityCookies {
		sent.Header = append(sent.Header, s.cookies.field(true)...)
	}
	logon := s.logon
	authorization := s.repeat
	if logon != nil {
		authorization, s.logon = logon.Authorization(), nil
	}
	if authorization != "" {
		sent.Header = append(sent.Header, origin.Field{Name: "Authorization", Value: authorization})
	}
	x, body, err := do(&sent)
	s.hideCookies(x.Record)
	e := s.run.Exchanged(step, s.link.Conn, x.Record, body, err)
	s.dialogue, s.answered = x, e
	s.exchanges++
	id := requestID(sent.Header)
	if err == nil && s.answersAnother(e, id) {
		s.run.Find(prober.BytesAfterResponse, result.Warning, e.Origin, "In step %s came the answer to a request before it, as its client-request-id tells: something sends more than one response to a request, and the second one was in the place of this answer.", step)
		err = failure.New(failure.Content, ews.ReasonWrongOperation, "%s sent the answer to a request before this one, as its client-request-id tells", e.Origin.Name())
		defer s.hangUp() // whatever comes next on the connection answers something else, too
	}
	s.sent = append(s.sent, id)
	if e.Final != nil {
		s.cookies.take(e.Final)
	}
	if logon != nil {
		err = logon.Read(e.Final, body).Judge(e.Final, e.Origin, err)
		if err == nil {
			s.repeat = logon.Repeated()
		}
	}
	return e, body, err
}

// answersAnother tells whether a response bears the id of a request before this one. Exchange gives a request's id back
// because the probe asks for that; a response without one, or with one that nobody sent, shows nothing.
func (s *session) answersAnother(e *result.Conversation, id string) bool {
	got := e.Final.Get(correlation)
	return got != "" && got != id && slices.Contains(s.sent, got)
}

// correlation is the field that names a request.
const correlation = "client-request-id"

func requestID(fields []origin.Field) string {
	for _, f := range fields {
		if f.Name == correlation {
			return f.Value
		}
	}
	return ""
}

// hideCookies takes the values out of the record of what was sent: a server may set more cookies than the redactor keeps.
func (s *session) hideCookies(x *wire.Exchange) {
	for i, f := range x.Header {
		if f.Name == "Cookie" {
			x.Header[i].Value = s.cookies.field(false)[0].Value
		}
	}
}
