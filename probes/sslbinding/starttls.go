package sslbinding

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// startTLS brings an SMTP connection to where the handshake begins, under this name. Errors are failures of stage tls
// (starttls_not_offered, starttls_refused, starttls_malformed), or those of sending and receiving.
func startTLS(lines smtp.Lines, name string) error {
	dialogue := smtp.Dialogue{Lines: lines}
	if _, err := dialogue.Greeting(); err != nil {
		return beforeTLS(err)
	}
	hello, err := dialogue.Hello(name)
	if err == nil {
		_, err = dialogue.StartTLS(hello)
	}
	return beforeTLS(err)
}

// beforeTLS says of what goes wrong in the dialogue that it is in the way of the handshake.
func beforeTLS(err error) error {
	var malformed *smtp.MalformedError
	switch {
	case errors.As(err, &malformed):
		return failure.New(failure.TLS, smtp.Injected.Reason, "%w", err)
	case failure.Is(err, failure.Status):
		return failure.New(failure.TLS, smtp.StartTLSRefused.Reason, "%w", err)
	}
	return err
}

// begin has the dialogue before the handshake. When the server does not greet, a second connection tells whether it waits
// for a handshake.
func (p *probe) begin(ctx context.Context, b *binding, conn *wire.Conn) error {
	lines := conn.Lines()
	name := cmp.Or(p.EHLO, smtp.Self(conn.Local().Addr()))
	until, limited := smtp.Patience(ctx)
	if !limited || lines.Await(until) {
		return startTLS(lines, name)
	}
	shakes := p.shakesAtOnce(ctx, b)
	err := startTLS(lines, name)
	if shakes && failure.Is(err, failure.Receive) {
		return failure.New(failure.Receive, failure.From(err).Reason, "%w; %s: take %d out of starttls", err, smtp.FromTheStart, b.address.Port())
	}
	return err
}

// shakesAtOnce tells whether a door shakes hands without being asked to.
func (p *probe) shakesAtOnce(ctx context.Context, b *binding) bool {
	e := p.endpoint(b)
	e.TLS = p.options(b.form, true)
	return p.run.ShakesAtOnce(ctx, e)
}

// doorLimit bounds one door, so that one that hangs leaves time for everything else. A mail server may take its time with
// the greeting, so it has all but what is needed after it.
func (p *probe) doorLimit(ctx context.Context, b *binding) (context.Context, context.CancelFunc) {
	if end, limited := ctx.Deadline(); limited && p.smtp(b) {
		after := time.Second
		if p.Revocation {
			after = knockLimit
		}
		if left := time.Until(end) - after; left > knockLimit {
			return context.WithTimeout(ctx, left)
		}
	}
	return context.WithTimeout(ctx, knockLimit)
}
