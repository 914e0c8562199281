package prober

import (
	"context"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Judgement is what a server said to a user name and its password.
type Judgement int

// The judgements. Whatever is not said may have counted as a wrong password.
const (
	Unjudged Judgement = iota // nothing was said that tells
	Admitted                  // the password is right
	Rejected                  // it was refused
	Unsent                    // the password was not sent
)

// Presented is how a server took a user name and its password, for a person and for advice.
type Presented struct {
	Judgement
	Said  string // its words, as they came
	Code  string // what it called its refusal; empty where it gives no code
	Wrong bool   // its words stand for a wrong user name or password
}

// Present logs on by user name and password over a connection that HTTP is not spoken over, as IMAP and POP3 do: present
// sends both, once, and says how they were taken. Nothing is sent unless the connection's certificate was verified, by opts,
// for the target's name, and the gate lets a logon begin. Errors are failures of stage auth, or present's.
func (s *Session) Present(ctx context.Context, conn *wire.Conn, opts *wire.TLS, present func(username, password string) (Presented, error)) error {
	if err := s.permit(conn, Endpoint{TLS: opts}); err != nil {
		return err
	}
	login, err := s.secrets.read()
	if err != nil {
		return err
	}
	password := login.Secret.Reveal()
	if !auth.Sendable(login.Username) || !auth.Sendable(password) {
		return failure.New(failure.Auth, auth.SecretUnusable, "the user name or the password of auth %s holds a control character or is not UTF-8, which no line can carry", s.secrets.credential.Name)
	}
	s.recorder.redactor.Add("\x00" + login.Username + "\x00" + password)
	attempt, err := s.secrets.begin(ctx, login)
	if err != nil {
		return err
	}
	got, err := present(login.Username, password)
	switch {
	case err != nil || got.Judgement == Unjudged:
		attempt.Unknown()
	case got.Judgement == Admitted:
		attempt.Accepted()
		s.secrets.remember(attempt)
	case got.Judgement == Unsent:
		attempt.Unsent()
	default:
		return s.rejected(conn, attempt, got)
	}
	return err
}

// rejected is a refusal. A wrong password is spoken of only where the server does, and no other target has just accepted it;
// even then Dovecot, for one, says the same where it cannot read its list of accounts.
func (s *Session) rejected(conn *wire.Conn, attempt *auth.Attempt, got Presented) error {
	meaning, why := auth.Secret, sentence("it does not say why: user name or password may be wrong, or the account or its mailbox may not be used so")
	provenAt, at := attempt.ProvenAt()
	switch {
	case provenAt != "":
		meaning = auth.Here
		why = sentence("%s accepted the same secret at %s UTC, so that it is hardly the secret; the account or its mailbox may not be used so", provenAt, at.UTC().Format("15:04:05"))
		got.Code = "" // and so is what the server calls it
	case got.Wrong:
		why = sentence("its words stand for a wrong user name or password, and some servers say them of an account that is disabled, or that they cannot look up")
	}
	attempt.RefusedFor(meaning)
	return failure.New(failure.Auth, auth.Refused, "%s refused the logon of auth %s with %q: %s; %s",
		conn, s.secrets.credential.Name, plain.Cut(got.Said, 200), why, s.secrets.Outlook()).Named(got.Code)
}
