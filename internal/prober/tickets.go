package prober

import (
	"context"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
)

// Tickets are those by which the session logs on with Kerberos, asked for one after the other, to tell which of them is not
// had. They are kept, so a logon that follows asks for none again.
type Tickets struct {
	secrets *Secrets
	tickets auth.Tickets
}

// Tickets gives them; nil where what the server offers is not answered by Kerberos.
func (s *Session) Tickets(offered []auth.Challenge) (*Tickets, error) {
	if s.secrets == nil {
		return nil, nil
	}
	name, _, _ := auth.Choose(s.secrets.credential.Schemes, offered)
	if name != "negotiate" || s.secrets.credential.Kerberos == nil {
		return nil, nil
	}
	login, err := s.secrets.read()
	if err != nil {
		return nil, err
	}
	begin := func(ctx context.Context) (*auth.Attempt, error) { return s.secrets.begin(ctx, login) }
	return &Tickets{s.secrets, auth.Tickets{Login: login, Begin: begin}}, nil
}

// ByKerberos tells whether the session's auth is set up for Kerberos.
func (s *Session) ByKerberos() bool {
	return s.secrets != nil && s.secrets.credential.Kerberos != nil && slices.Contains(s.secrets.credential.Schemes, "negotiate")
}

// FallsBack tells whether the auth may log on by NTLM where no ticket is had, as clients of Windows do: it lists NTLM, and has
// a password.
func (s *Session) FallsBack() bool {
	return s.secrets != nil && s.secrets.credential.Secret != nil && s.secrets.credential.KeyFile == "" && slices.Contains(s.secrets.credential.Schemes, "ntlm")
}

// Realm is the account's.
func (t *Tickets) Realm() string { return t.tickets.Login.Kerberos.Realm() }

// SPN is the service principal that stands for a host.
func (t *Tickets) SPN(host string) string { return t.tickets.Login.Kerberos.SPN(host) }

// Granting sees to it that a ticket-granting ticket is at hand. The account's secret may go to a KDC for that, as far as the
// gate lets it.
func (t *Tickets) Granting(ctx context.Context) error {
	return t.secrets.judged(t.tickets.Granting(ctx))
}

// Service sees to it that a ticket for the service principal is at hand.
func (t *Tickets) Service(ctx context.Context, spn string) error {
	return t.secrets.judged(t.tickets.Service(ctx, spn))
}

// Look tells whether a ticket for a service principal can be had that nobody is to log on by here. A refusal holds for an hour.
func (t *Tickets) Look(ctx context.Context, spn string) error { return t.tickets.Look(ctx, spn) }

// judged adds to a KDC's refusal of the secret what follows from it.
func (s *Secrets) judged(err error) error {
	if failure.Is(err, failure.Auth, kerberos.WrongPassword) {
		return failure.New(failure.Auth, kerberos.WrongPassword, "%w; %s", err, s.gate.Outlook(true))
	}
	return err
}
