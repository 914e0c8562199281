package prober

import (
	"context"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// basicScheme is the only one by which the exporter logs on to proxies. Those of Windows would bind a logon to a connection that
// the tunnel then takes.
const basicScheme = "basic"

// proxyLogon is a logon at a proxy that has asked for one.
type proxyLogon struct {
	authorization string // of the next CONNECT; secret
	made          bool

	secrets *Secrets
	attempt *auth.Attempt
}

// begin makes the logon, over a connection on which the secret may go.
func (l *proxyLogon) begin(ctx context.Context, w *way, hop *wire.Conn) error {
	s := w.Secrets
	login, err := s.read()
	w.recorder.redactor.Add(login.Secret.Reveal())
	if err != nil {
		return err
	}
	if err := s.credential.PermitConnection(w.Target, peerOf(hop, &w.TLS)); err != nil {
		return err
	}
	scheme, err := auth.NewScheme(basicScheme, auth.Setting{Login: login, Host: w.Target.Name, Leaf: hop.Leaf()})
	if err != nil {
		return err
	}
	attempt, err := s.begin(ctx, login)
	if err != nil {
		return err
	}
	authorization, _, err := scheme.Next(ctx, auth.Challenge{Scheme: basicScheme})
	if err != nil {
		attempt.Unsent()
		return err
	}
	w.recorder.hide(authorization)
	*l = proxyLogon{authorization: authorization, made: true, secrets: s, attempt: attempt}
	return nil
}

// judge draws the verdict from the proxy's answer, nil without one. It had asked for the logon, so every other answer than
// another 407 is one to somebody who is logged on, be it that it leads nowhere.
func (l *proxyLogon) judge(final *wire.Response) {
	switch {
	case l.attempt == nil:
	case final == nil:
		l.attempt.Unknown()
	case final.Status == 407:
		l.attempt.Refused(false)
	default:
		l.attempt.Accepted()
		l.secrets.remember(l.attempt)
	}
}
