package prober

import (
	"context"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Secrets is what one probe may log on with. It is safe for the goroutines of one probe.
type Secrets struct {
	credential auth.Credential
	gate       *auth.Gate
	target     target.Target
	root       *Secrets // the probe's own, for those of another host; nil for that itself
	denied     error    // why the secret must not be sent to the target

	mu       sync.Mutex
	hosts    map[string]*Secrets // by name and port; of the root
	login    *auth.Login         // as it was read first, so that all of the probe uses the same secret
	proven   bool                // a logon of this probe was accepted
	accepted *auth.Attempt       // the first one that was, and that the gate knows of
	begun    []*auth.Attempt     // all, so that none is left without a verdict
}

// NewSecrets prepares logons with a credential at a target, all of them through the gate.
func NewSecrets(credential auth.Credential, gate *auth.Gate, t target.Target) *Secrets {
	return &Secrets{credential: credential, gate: gate, target: t}
}

// at gives the logons of the same account at another host, all of a host the same ones.
func (s *Secrets) at(module string, t target.Target) *Secrets {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := t.Scheme + "://" + t.Authority()
	if s.hosts[key] == nil {
		if s.hosts == nil {
			s.hosts = map[string]*Secrets{}
		}
		s.hosts[key] = &Secrets{credential: s.credential, gate: s.gate, target: t, root: s, denied: s.credential.Permit(module, t)}
	}
	return s.hosts[key]
}

// read gives the login, and says whether the auth is suspended at the target, so that nothing at all is sent there.
func (s *Secrets) read() (auth.Login, error) {
	if s.denied != nil {
		return auth.Login{}, s.denied
	}
	login, err := s.once()
	if err != nil {
		return auth.Login{}, err
	}
	return login, s.gate.Check(s.credential.Subject(login), s.place())
}

// place is where the gate is asked about: the target's name and, where another host is dialled under it, that host. What
// a box in front refuses says nothing of the server behind it, which is asked directly to find that out.
func (s *Secrets) place() string {
	name := s.target.Authority()
	if s.target.Scheme != "https" { // a mail server is another than the web server of its name
		name = net.JoinHostPort(s.target.Name, strconv.Itoa(int(s.target.Port)))
	}
	if strings.TrimSuffix(s.target.Host, ".") == s.target.Name {
		return name
	}
	return name + " at " + s.target.HostPort()
}

// once reads the secret, the first time.
func (s *Secrets) once() (auth.Login, error) {
	if s.root != nil {
		return s.root.once()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.login == nil {
		login, err := s.credential.Login()
		if err != nil {
			return auth.Login{}, err
		}
		s.login = &login
	}
	return *s.login, nil
}

// Username is the account's, as the configuration writes it; empty where the auth has none.
func (s *Secrets) Username() string { return s.credential.Username }

// Proven tells whether a logon of this probe was accepted, at any host, so that several may go at once.
func (s *Secrets) Proven() bool {
	if s.root != nil {
		return s.root.Proven()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.proven
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
		attempt, err = s.gate.Begin(ctx, s.credential.Subject(login), s.place())
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
	for _, host := range s.hosts {
		host.Settle()
	}
}

// remember keeps the first accepted logon, which later ones of the probe follow.
func (s *Secrets) remember(accepted *auth.Attempt) {
	if s.root != nil {
		s.root.prove()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proven = true
	if s.accepted == nil {
		s.accepted = accepted
	}
}

// dropToken forgets a token from a token URL that a server refused; the next probe asks for another.
func (s *Secrets) dropToken() {
	if s.credential.Tokens != nil {
		s.credential.Tokens.Drop()
	}
}

// Hourly tells whether a check that costs failed logons is due at the target, and what the last one said; see
// auth.Gate.Hourly.
func (s *Secrets) Hourly() (last string, due bool) {
	login, err := s.once()
	if err != nil {
		return "", false
	}
	return s.gate.Hourly(s.credential.Subject(login), s.place(), s.target.HostPort())
}

// Note keeps what such a check said.
func (s *Secrets) Note(said string) {
	s.gate.Note(s.credential.Name, s.place(), s.target.HostPort(), said)
}

// Unrun takes back that such a check ran.
func (s *Secrets) Unrun() {
	s.gate.Unrun(s.credential.Name, s.place(), s.target.HostPort())
}

// Outlook says what follows from a refusal; see auth.Gate.Outlook.
func (s *Secrets) Outlook() string { return s.gate.Outlook(false) }

// Explain keeps why the target refuses a right secret too; see auth.Gate.Explain.
func (s *Secrets) Explain(cause auth.Cause) {
	if login, err := s.once(); err == nil {
		s.gate.Explain(s.credential.Subject(login), s.place(), s.target.HostPort(), cause)
	}
}

// Cause gives what Explain kept of an earlier probe while the auth is suspended.
func (s *Secrets) Cause() (auth.Cause, bool) {
	login, err := s.once()
	if err != nil {
		return auth.Cause{}, false
	}
	return s.gate.Cause(s.credential.Subject(login), s.place(), s.target.HostPort())
}

func (s *Secrets) prove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proven = true
}
