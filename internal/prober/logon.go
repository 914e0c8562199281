package prober

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Logon is a connection's way to prove who the probe is. The zero Logon, without an auth, sends nothing and judges nothing.
type Logon struct {
	ctx           context.Context // the probe's
	secrets       *Secrets
	link          *Link // over which it goes
	recorder      *Recorder
	attempt       *auth.Attempt // nil while nothing that proves the secret was made
	scheme        string
	authorization string
	challenge     auth.NTLMChallenge
	legs          int    // that are done
	challenger    string // the front end that answered the last of them, "" where it does not show
	handed        bool   // the server was sent a complete answer, or will be with the next request
	accepted      bool   // the answer to it proves the secret

	unasked *result.Conversation // the request without credentials, where its answer was no 401
	page    []byte               // of that answer, its beginning
	body    evidence             // in the body of the answer to the logon
}

// Authorization is the value of the Authorization field for the request that follows; empty for none. It is secret.
func (l *Logon) Authorization() string { return l.authorization }

// Repeated is the value of the Authorization field for the requests that follow the one that was judged, where the scheme
// wants one with each; empty for none, and as long as nobody has accepted it: another request would be another logon then,
// of which the gate knows nothing. It is secret.
func (l *Logon) Repeated() string {
	if l.accepted && (l.scheme == "basic" || l.scheme == "bearer") {
		return l.authorization
	}
	return ""
}

// Scheme is the name of the scheme that answers, as the auth's schemes spell it; empty when no logon was asked for.
func (l *Logon) Scheme() string { return l.scheme }

// Accepted tells whether the server took the logon, once it was judged.
func (l *Logon) Accepted() bool { return l.accepted }

// Challenge is what NTLM's challenge told of the server that made it; zero where there was none.
func (l *Logon) Challenge() auth.NTLMChallenge { return l.challenge }

// Unasked is what the request without credentials got where that was no 401, and the beginning of its body; nil where a
// logon was asked for, or none was to be made. Such an answer may be the last on the connection.
func (l *Logon) Unasked() (*result.Conversation, []byte) { return l.unasked, l.page }

// challengeLimit is how much of a challenge's page is read.
const challengeLimit = 64 << 10

// withoutBody is the request as a leg of a logon sends it: the body goes only with the last one.
func withoutBody(request *wire.Request) *wire.Request {
	bare := *request
	bare.Body, bare.SendLength = nil, true
	return &bare
}

// handshake is a logon on its way to the last answer.
type handshake struct {
	session *Session
	step    *Step
	link    *Link
	ask     Ask
	logon   *Logon
}

// first asks without credentials.
func (h *handshake) first() error {
	c, _, body, err := h.ask.Leg(h.step.Name(), withoutBody(h.ask.Request))
	if err != nil {
		return err
	}
	h.ask.First = c.Final
	if c.Final.Status != 401 {
		h.logon.unasked, h.logon.page = c, body
	}
	return nil
}

// lull is how long the connection is watched after a challenge. A box that ends it there does so at once, and then the
// answer, made with the secret, need not be sent in vain: it would count as a logon without a verdict.
const lull = 5 * time.Millisecond

// maxLegs bounds a handshake that never becomes complete. NTLM has two, Kerberos one.
const maxLegs = 5

// answer drives the legs of a logon, until the next answer is the last.
func (h *handshake) answer(ctx context.Context) error {
	s, l, conn := h.session.secrets, h.logon, h.link.Conn
	offered := auth.ParseChallenges(h.ask.First.Values("WWW-Authenticate"))
	name, challenge, ok := auth.Choose(s.credential.Schemes, offered)
	if !ok {
		return failure.New(failure.Auth, auth.SchemeNotOffered, "%s offers %s, and the auth %s may use %s: add the scheme to the auth, or make the server offer it",
			conn, Offers(offered), s.credential.Name, strings.Join(s.credential.Schemes, ", "))
	}
	h.step.Detail("401 offers %s; answering with %s", Offers(offered), name)
	login, err := s.read()
	if err != nil {
		return err
	}
	if h.ask.ByNTLM {
		login.Kerberos = nil
	}
	scheme, err := auth.NewScheme(name, auth.Setting{
		Login: login, Host: s.target.Name, Leaf: conn.Leaf(), Binding: h.binding(),
		Begin: func(ctx context.Context) (*auth.Attempt, error) { return s.begin(ctx, login) },
	})
	if err != nil {
		return err
	}
	l.scheme = name
	for range maxLegs {
		if err := l.next(ctx, scheme, login, challenge); err != nil || l.handed {
			return err
		}
		if challenge, err = h.leg(); err != nil {
			return err
		}
	}
	return failure.New(failure.Auth, auth.HandshakeBroken, "%s asked for more than %d legs of a %s logon", conn, maxLegs, name)
}

// binding is the one asked for, else that of the auth.
func (h *handshake) binding() auth.Binding {
	return cmp.Or(h.ask.Binding, h.session.secrets.credential.Binding, auth.Right)
}

// next makes the next answer. Only with one that proves the secret the logon begins, so that a target that hangs before
// does not hold up others.
func (l *Logon) next(ctx context.Context, scheme auth.Scheme, login auth.Login, challenge auth.Challenge) error {
	var err error
	if scheme.Proves() {
		if l.attempt, err = l.secrets.begin(ctx, login); err != nil {
			return err
		}
	}
	l.authorization, l.handed, err = scheme.Next(ctx, challenge)
	if err != nil {
		if l.attempt != nil {
			l.attempt.Unsent()
		}
		return l.secrets.judged(err)
	}
	l.recorder.hide(l.authorization)
	return nil
}

// leg sends a leg that is not the last, and gives the challenge that answers it.
func (h *handshake) leg() (auth.Challenge, error) {
	l, conn := h.logon, h.link.Conn
	request := withoutBody(h.ask.Request)
	request.Header = append(slices.Clone(request.Header), origin.Field{Name: "Authorization", Value: l.authorization})
	e, x, _, err := h.ask.Leg(h.step.Name(), request)
	if err == nil {
		x.Listen(lull)
		if conn.Record.State == wire.Open {
			conn.Record.State = "" // more is to come
		}
	}
	switch {
	case hungUp(err):
		return auth.Challenge{}, failure.New(failure.Auth, auth.ConnectionClosed, "%s ended the connection in the midst of the %s logon, which has to stay on one connection: %w", conn, l.scheme, err)
	case err != nil:
		return auth.Challenge{}, err
	case e.Final.Status != 401:
		return auth.Challenge{}, failure.New(failure.Auth, auth.HandshakeBroken, "%s answered %d in the midst of the %s logon, where a 401 with a challenge has its place", conn, e.Final.Status, l.scheme)
	case !conn.Reusable() && x.Record.Stray > 0:
		return auth.Challenge{}, failure.New(failure.Auth, auth.HandshakeBroken, "%s sent %d bytes more than the challenge of the %s logon, and what comes next could not be told from them", conn, x.Record.Stray, l.scheme)
	case !conn.Reusable():
		return auth.Challenge{}, failure.New(failure.Auth, auth.ConnectionClosed, "%s gave the challenge of the %s logon and ended the connection with it, though this logon has to stay on one connection: what stands in between does not keep connections", conn, l.scheme)
	}
	l.legs++
	l.challenger = e.Origin.Frontend
	_, challenge, _ := auth.Choose([]string{l.scheme}, auth.ParseChallenges(e.Final.Values("WWW-Authenticate")))
	if said, ok := auth.ReadNTLM(challenge); ok {
		l.challenge = said
		h.step.Detail("%s; %s", h.step.record.Detail, said)
	}
	return challenge, nil
}

// hungUp tells whether the peer ended the connection.
func hungUp(err error) bool {
	return failure.Is(err, failure.Receive, "closed", "reset") || failure.Is(err, failure.Send, "closed", "reset")
}

// hide makes an Authorization value known as secret: the whole, the token alone, and what it encodes.
func (r *Recorder) hide(authorization string) {
	_, token, _ := strings.Cut(authorization, " ")
	r.redactor.Add(authorization, token)
	if message, err := base64.StdEncoding.DecodeString(token); err == nil { // of a token that is no base64, a part would be
		r.redactor.Add(string(message))
	}
}

// Offers names the schemes that a server offers, for a person.
func Offers(offered []auth.Challenge) string {
	if len(offered) == 0 {
		return "no scheme"
	}
	var names []string
	for _, c := range offered {
		if !slices.Contains(names, c.Scheme) {
			names = append(names, c.Scheme)
		}
	}
	return strings.Join(names, ", ")
}

// Judge draws the verdict on the logon from the final response (nil without one) to the request that carried it, and
// gives err, or the failure auth/refused. Only what Exchange or IIS answered, or a success, proves the secret right, or
// what Read found in the body: a balancer's own 503 does not, nor a page to log on by.
func (l *Logon) Judge(final *wire.Response, who origin.Origin, err error) error {
	switch {
	case !l.handed:
		return err
	case final == nil:
		l.settle((*auth.Attempt).Unknown)
		if l.legs > 0 && hungUp(err) {
			return failure.New(failure.Auth, auth.ConnectionClosed, "the connection ended between the challenge of the %s logon and its answer, which belong to one connection: a box in between does not keep connections (%w)", l.scheme, err)
		}
		return err
	case final.Status == 401 && l.link.Conn != nil && l.link.Surplus() > 0:
		l.settle((*auth.Attempt).Unknown)
		return failure.New(failure.Auth, auth.HandshakeBroken, "%s answered 401 to the %s logon, and %d bytes more that belong to no response: that 401 may be the answer to the request before, sent a second time, so it says nothing of the secret", named(who), l.scheme, l.link.Conn.Surplus())
	case final.Status == 401 && l.attempt == nil:
		l.secrets.dropToken()
		return l.ticketRefused(final, who)
	case final.Status == 401:
		return l.refused(final, who)
	case l.let(final, who):
		l.accepted = true
		l.settle((*auth.Attempt).Accepted)
		l.secrets.remember(l.attempt)
	case l.body == hintsAtLogon:
		l.settle((*auth.Attempt).Served)
	default:
		l.settle((*auth.Attempt).Unknown)
	}
	return err
}

// ticketRefused is a 401 to a ticket, or to a token from a token URL. Who gave it has found the secret right, so nothing
// is suspended.
func (l *Logon) ticketRefused(final *wire.Response, who origin.Origin) error {
	_, challenge, _ := auth.Choose([]string{l.scheme}, auth.ParseChallenges(final.Values("WWW-Authenticate")))
	if l.scheme == "bearer" {
		return failure.New(failure.Auth, auth.TokenRefused, "%s refused the token of auth %s with 401%s: the application lacks the right, or the token is for another resource", named(who), l.secrets.credential.Name, said(challenge, final))
	}
	code, text, ok := auth.KerberosError(challenge)
	switch {
	case ok && code == kerberosSkew:
		return failure.New(failure.Auth, kerberos.ClockSkew, "%s refused the Kerberos ticket of auth %s with 401, error %d: its clock and this machine's differ by too much", named(who), l.secrets.credential.Name, code)
	case ok:
		return failure.New(failure.Auth, auth.TicketRefused, "%s refused the Kerberos ticket of auth %s with 401, error %d: %s", named(who), l.secrets.credential.Name, code, text)
	}
	return failure.New(failure.Auth, auth.TicketRefused, "%s refused the Kerberos ticket of auth %s with 401, and does not say why: the service principal belongs to another account than the site runs as, or the account may not log on%s",
		named(who), l.secrets.credential.Name, l.orBinding())
}

// kerberosSkew is KRB_AP_ERR_SKEW (RFC 4120 §7.5.9).
const kerberosSkew = 37

// Forgive ends a logon whose refusal says nothing of the secret, instead of Judge. While the account is proven it does
// not count; while it is not, it may have been the secret's after all, and a second one suspends the auth.
func (l *Logon) Forgive() { l.settle((*auth.Attempt).Forgiven) }

// Drop ends a logon whose Authorization was never sent, instead of Judge.
func (l *Logon) Drop() { l.settle((*auth.Attempt).Unsent) }

func (l *Logon) settle(verdict func(*auth.Attempt)) {
	if l.attempt != nil {
		verdict(l.attempt)
	}
}

// orBinding is the other reason for which a bound logon is refused.
func (l *Logon) orBinding() string {
	if l.scheme == "basic" || l.scheme == "bearer" || l.secrets.credential.Binding == auth.None {
		return ""
	}
	return sentence(", or Extended Protection found another certificate at the server than the one seen here")
}

func named(who origin.Origin) string {
	if who.Frontend != "" {
		return fmt.Sprintf("Exchange (%s)", who.Frontend)
	}
	return "the server"
}
