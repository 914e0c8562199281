package prober

import (
	"context"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Session logs on with one auth at one host. Without an auth it is there too, and logs on nowhere. It is safe for the
// goroutines of one probe.
type Session struct {
	recorder *Recorder
	network  *Network
	secrets  *Secrets // nil without an auth
	target   target.Target
}

// LogsOn tells whether there is an auth to log on with.
func (s *Session) LogsOn() bool { return s.secrets != nil }

// Proven tells whether a logon of this probe was accepted, at any host, so that several may go at once.
func (s *Session) Proven() bool { return s.secrets != nil && s.secrets.Proven() }

// Secrets is what the session logs on with; nil without an auth.
func (s *Session) Secrets() *Secrets { return s.secrets }

// At is the same account's session at a host that the probe was sent to on its way. It logs on only where the auth's
// targets name that host: without that Ready fails.
func (s *Session) At(t target.Target) *Session {
	at := &Session{recorder: s.recorder, network: s.network, target: t}
	if s.secrets != nil {
		at.secrets = s.secrets.at(s.network.module.Name, t)
	}
	return at
}

// Ready reads the secret, and says whether anything may be sent at all: not while the auth is suspended at the target.
// Without an auth it is nil.
func (s *Session) Ready() error {
	if s.secrets == nil {
		return nil
	}
	login, err := s.secrets.read()
	s.recorder.redactor.Add(login.Secret.Reveal())
	return err
}

func (s *Session) settle() {
	if s.secrets != nil {
		s.secrets.Settle()
	}
}

// Link is one connection at a time to one endpoint, opened when it is needed. It is not safe for concurrent use.
type Link struct {
	*wire.Conn     // nil while there is none
	Opened     int // how often a connection was opened

	session  *Session
	endpoint Endpoint
}

// Link prepares connections to an endpoint. With an auth they are ones over which its secret may go.
func (s *Session) Link(e Endpoint) *Link { return &Link{session: s, endpoint: e} }

// Another is a link to the same endpoint, with a connection of its own.
func (l *Link) Another() *Link { return l.session.Link(l.endpoint) }

// Open opens a connection where there is none that another request may follow on, as Network.Open does.
func (l *Link) Open(ctx context.Context, step *Step) error {
	if l.Usable() {
		return nil
	}
	l.Close()
	conn, err := l.session.network.Open(ctx, step, l.endpoint)
	if err != nil {
		return err
	}
	if err := l.session.permit(conn, l.endpoint); err != nil {
		conn.Close()
		return err
	}
	l.Conn = conn
	l.Opened++
	return nil
}

// Usable tells whether there is a connection on which another request may follow.
func (l *Link) Usable() bool { return l.Conn != nil && l.Reusable() }

// Close ends the connection, if there is one.
func (l *Link) Close() {
	if l.Conn != nil {
		l.Conn.Close()
		l.Conn = nil
	}
}

// permit says whether the secret, if there is one, may go over this connection.
func (s *Session) permit(conn *wire.Conn, e Endpoint) error {
	if s.secrets == nil {
		return nil
	}
	return s.secrets.credential.PermitConnection(s.target, peerOf(conn, e.TLS))
}

// peerOf is what the handshake of a connection proved of the other side.
func peerOf(conn *wire.Conn, opts *wire.TLS) auth.Peer {
	seen := conn.Record.Secure
	if seen == nil || len(seen.Chain) == 0 || opts == nil {
		return auth.Peer{}
	}
	return auth.Peer{Verified: seen.Verified, Name: opts.ServerName, Pinned: slices.Contains(opts.Pins, seen.Chain[0].SHA256)}
}

// Ask is what is logged on for.
type Ask struct {
	Request *wire.Request // less its body it is what the legs of a logon send; nothing is sent of it after the last
	Binding auth.Binding  // another channel binding than the auth's; empty for that

	// ByNTLM has Negotiate answered by NTLM, where the auth is set up for Kerberos; see Session.FallsBack.
	ByNTLM bool

	// First is what the request got without credentials, where that is known; nil: LogOn asks.
	First *wire.Response
	// Reopen opens the link again, where the server ended the connection with its first answer: no handshake has begun
	// then, so another connection will do.
	Reopen func(context.Context) error
	// Decides tells whether a first answer that asks for no logon is the answer, so that the request itself is not sent
	// and no connection is needed for it; nil: it never is.
	Decides func(status int) bool
	// Leg sends a leg of the logon and records it as of step; nil: as it is.
	Leg func(step string, leg *wire.Request) (*result.Conversation, *wire.Dialogue, []byte, error)
}

// Open opens a connection and logs on over it as far as that goes without the request itself; without an auth it opens
// one and that is all. The logon's step is "logon" within step. The caller closes the link when err is nil.
func (s *Session) Open(ctx context.Context, step *Step, e Endpoint, ask Ask) (*Link, *Logon, error) {
	if err := s.Ready(); err != nil {
		return nil, nil, err
	}
	link := s.Link(e)
	if err := link.Open(ctx, step); err != nil {
		return nil, nil, err
	}
	if !s.LogsOn() {
		return link, &Logon{}, nil
	}
	ask.Reopen = func(ctx context.Context) error { return link.Open(ctx, step) }
	logon, err := s.LogOn(ctx, step.Step("logon"), link, ask)
	if err != nil {
		link.Close()
		return nil, nil, err
	}
	return link, logon, nil
}

// LogOn logs on over a link as far as that goes without the request itself: it asks without credentials and without a
// body which schemes are offered, unless that is known, and goes through the scheme's legs until the next answer is the
// last. The request that carries that answer (Logon.Authorization) must be the next on the connection, and its outcome be
// given to Logon.Judge. A server that asks for no logon gets none. LogOn ends step. Errors are failures of stage auth,
// send, receive, connect or tls; no complete answer was sent then.
func (s *Session) LogOn(ctx context.Context, step *Step, link *Link, ask Ask) (*Logon, error) {
	logon, err := s.logOn(ctx, step, link, ask)
	step.End(err)
	return logon, err
}

func (s *Session) logOn(ctx context.Context, step *Step, link *Link, ask Ask) (*Logon, error) {
	if ask.Leg == nil {
		ask.Leg = func(of string, leg *wire.Request) (*result.Conversation, *wire.Dialogue, []byte, error) {
			x, body, err := link.Do(leg, challengeLimit)
			return s.recorder.Exchanged(of, link.Conn, x.Record, body, err), x, body, err
		}
	}
	h := &handshake{session: s, step: step, link: link, ask: ask, logon: &Logon{ctx: ctx, secrets: s.secrets, link: link, recorder: s.recorder}}
	if ask.First == nil {
		step.On(link.Conn)
		if err := h.first(); err != nil {
			return nil, err
		}
	}
	asked := h.ask.First.Status == 401
	switch {
	case asked:
	case link.Conn != nil && link.Surplus() > 0:
		step.Detail("%d, and %d bytes more that belong to no response: perhaps the answer to the request before", h.ask.First.Status, link.Conn.Surplus())
		step.Warn()
	default:
		step.Detail("%d: no logon asked for", h.ask.First.Status)
	}
	if !asked && ask.Decides != nil && ask.Decides(h.ask.First.Status) {
		return h.logon, nil
	}
	if !link.Usable() {
		step.record.Connection = 0 // more than one
		if err := ask.Reopen(ctx); err != nil {
			return nil, err
		}
	}
	if !asked {
		return h.logon, nil
	}
	return h.logon, h.answer(ctx)
}

// Try is a part of a probe that may log on.
type Try struct {
	Begin func()                       // begins its step; in the order in which they are given
	Do    func(alone bool) (goOn bool) // alone tells that others wait for its end
}

// OneByOne makes tries one after the other until the secret is proven, because a wrong password must cost one logon and
// not many; where it is, or none is needed, it makes none. It gives those that are left. They must not be made when the
// last one made gave false for goOn.
func (s *Session) OneByOne(tries []Try) (left []Try, goOn bool) {
	for len(tries) > 0 && s.LogsOn() && !s.Proven() {
		tries[0].Begin()
		goOn, left := tries[0].Do(len(tries) > 1), tries[1:]
		if !goOn {
			return left, false
		}
		tries = left
	}
	return tries, true
}

// SideBySide makes tries side by side.
func SideBySide(tries []Try) {
	fs := make([]func(), len(tries))
	for i, t := range tries {
		t.Begin()
		fs[i] = func() { t.Do(false) }
	}
	Parallel(fs...)
}
