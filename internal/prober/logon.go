package prober

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Secrets is what one probe may log on with. It is safe for the goroutines of one probe.
type Secrets struct {
	credential auth.Credential
	gate       *auth.Gate
	target     target.Target

	mu       sync.Mutex
	accepted *auth.Attempt   // the first one of this probe that was accepted
	begun    []*auth.Attempt // all, so that none is left without a verdict
}

// NewSecrets prepares logons with a credential at a target, all of them through the gate.
func NewSecrets(credential auth.Credential, gate *auth.Gate, t target.Target) *Secrets {
	return &Secrets{credential: credential, gate: gate, target: t}
}

// Proven tells whether a logon of this probe was accepted, so that several may go at once.
func (s *Secrets) Proven() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted != nil
}

// check says whether the auth is suspended at the target, so that nothing at all is sent there.
func (s *Secrets) check(login auth.Login) error {
	return s.gate.Check(s.credential.Name, login.Fingerprint(), s.target.Name)
}

// begin asks the gate for a logon: the first of the probe waits for its turn, later ones follow an accepted one.
func (s *Secrets) begin(ctx context.Context, login auth.Login) (*auth.Attempt, error) {
	s.mu.Lock()
	accepted := s.accepted
	s.mu.Unlock()
	var attempt *auth.Attempt
	var err error
	if accepted != nil {
		attempt, err = accepted.Follow(ctx)
	} else {
		attempt, err = s.gate.Begin(ctx, s.credential.Name, login.Fingerprint(), s.target.Name)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = append(s.begun, attempt)
	return attempt, nil
}

// Settle ends the probe's logons: those that a fault left without a verdict must not hold up others for ever.
func (s *Secrets) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, attempt := range s.begun {
		attempt.Unknown()
	}
}

// Logon is a connection's way to prove who the probe is. The zero Logon, without an auth, sends nothing and judges nothing.
type Logon struct {
	secrets       *Secrets
	attempt       *auth.Attempt
	scheme        string
	authorization string
}

// Authorization is the value of the Authorization field for the request that follows; empty for none. It is secret.
func (l *Logon) Authorization() string { return l.authorization }

// Open dials the target as Dial does and, with an auth, prepares a logon: as step "logon", request is sent without
// credentials and without a body, to learn which schemes are offered. The request that carries the logon must be the
// next on the connection, and its outcome be given to Judge. Errors are failures; no secret was sent then.
func (r *Run) Open(ctx context.Context, step *Step, res *wire.Resolution, address netip.Addr, request *wire.Request) (*wire.Conn, *Logon, error) {
	if r.Secrets == nil {
		conn, err := r.Dial(ctx, step, res, address)
		return conn, &Logon{}, err
	}
	login, err := r.Secrets.credential.Login()
	if err != nil {
		return nil, nil, err
	}
	r.Redactor.Add(login.Secret.Reveal())
	if err := r.Secrets.check(login); err != nil {
		return nil, nil, err
	}
	conn, logon, err := r.logOn(ctx, step, res, address, request, login)
	if err != nil || logon.authorization == "" {
		return conn, logon, err
	}
	// Only now, with the secret about to go out: a target that hangs before must not hold up others.
	if logon.attempt, err = r.Secrets.begin(ctx, login); err != nil {
		conn.Close()
		return nil, nil, err
	}
	logon.secrets = r.Secrets
	return conn, logon, nil
}

// logOn opens a connection, learns what is offered and chooses.
func (r *Run) logOn(ctx context.Context, step *Step, res *wire.Resolution, address netip.Addr, request *wire.Request, login auth.Login) (*wire.Conn, *Logon, error) {
	conn, err := r.Dial(ctx, step, res, address)
	if err != nil {
		return nil, nil, err
	}
	if err := r.permit(conn); err != nil {
		conn.Close()
		return nil, nil, err
	}
	ask := step.Step("logon")
	logon, err := r.challenge(ctx, ask, conn, request, login)
	if ask.End(err) != nil {
		conn.Close()
		return nil, nil, err
	}
	if conn.Reusable() {
		return conn, logon, nil
	}
	// The server ends the connection with its challenge. Basic does not mind; what it proves is in each request.
	conn.Close()
	conn, err = r.Dial(ctx, step, res, address)
	if err != nil {
		return nil, nil, err
	}
	if err := r.permit(conn); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, logon, nil
}

// permit says whether a secret may go over this connection.
func (r *Run) permit(conn *wire.Conn) error {
	peer := auth.Peer{}
	if s := conn.Record.Secure; s != nil && len(s.Chain) > 0 {
		peer = auth.Peer{Verified: s.Verified, Name: r.tls().ServerName, Pinned: slices.Contains(r.Module.TLS.Pins, s.Chain[0].SHA256)}
	}
	return r.Secrets.credential.PermitConnection(r.Target, peer)
}

// challengeLimit is how much of a challenge's page is read.
const challengeLimit = 64 << 10

// challenge asks without credentials and prepares the answer to what is offered. A server that does not ask for a logon
// gets none.
func (r *Run) challenge(ctx context.Context, ask *Step, conn *wire.Conn, request *wire.Request, login auth.Login) (*Logon, error) {
	bare := *request
	bare.Body, bare.SendLength = nil, true
	x, body, err := conn.Do(&bare, challengeLimit)
	r.Keep(ask.Name(), x.Record, body, err)
	if err != nil {
		return nil, err
	}
	final := x.Record.Final
	if final.Status != 401 {
		ask.Detail("%d: no logon asked for", final.Status)
		return &Logon{}, nil
	}
	offered := auth.ParseChallenges(final.Values("WWW-Authenticate"))
	name, challenge, ok := auth.Choose(r.Secrets.credential.Schemes, offered)
	if !ok {
		return nil, failure.New(failure.Auth, "scheme_not_offered", "%s offers %s, and the auth %s may use %s: add the scheme to the auth, or make the server offer it",
			conn, offers(offered), r.Secrets.credential.Name, strings.Join(r.Secrets.credential.Schemes, ", "))
	}
	scheme, err := auth.NewScheme(name, login)
	if err != nil {
		return nil, err
	}
	authorization, _, err := scheme.Next(ctx, challenge)
	if err != nil {
		return nil, err
	}
	r.hide(authorization)
	ask.Detail("401 offers %s; answering with %s", offers(offered), name)
	return &Logon{scheme: name, authorization: authorization}, nil
}

// hide makes an Authorization value known as secret: the whole and the token alone.
func (r *Run) hide(authorization string) {
	_, token, _ := strings.Cut(authorization, " ")
	r.Redactor.Add(authorization, token)
}

func offers(offered []auth.Challenge) string {
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
// gives err, or the failure auth/refused. Only what Exchange or IIS answered, or a success, proves the secret right: a
// balancer's own 503 does not.
func (l *Logon) Judge(final *wire.Response, who origin.Origin, err error) error {
	switch {
	case l.attempt == nil:
		return err
	case final == nil:
		l.attempt.Unknown()
		return err
	case final.Status == 401:
		l.attempt.Refused(false)
		return failure.New(failure.Auth, auth.Refused, "%s refused the %s logon of auth %s with 401: the user name or password is wrong, or the account may not log on; the auth is suspended for this target",
			named(who), l.scheme, l.secrets.credential.Name)
	case final.Status/100 == 2 || who.Kind == origin.Exchange || who.Kind == origin.IIS:
		l.attempt.Accepted()
		l.secrets.remember(l.attempt)
		return err
	}
	l.attempt.Unknown()
	return err
}

// remember keeps the first accepted logon, which later ones of the probe follow.
func (s *Secrets) remember(accepted *auth.Attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.accepted == nil {
		s.accepted = accepted
	}
}

func named(who origin.Origin) string {
	if who.Frontend != "" {
		return fmt.Sprintf("Exchange (%s)", who.Frontend)
	}
	return "the server"
}
