package sslbinding

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/mailaccess"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// startTLS brings a connection to where the handshake begins, in the protocol that the greeting shows: SMTP, where the client
// gives this name, IMAP or POP3. Errors are failures of stage tls (starttls_not_offered, starttls_refused,
// starttls_malformed), or those of sending and receiving.
func startTLS(lines smtp.Lines, name string) error {
	greeting, err := lines.Hear()
	if err != nil {
		return err
	}
	again := &reheard{Lines: lines, first: &greeting}
	switch {
	case strings.HasPrefix(greeting, "* "):
		return startAccess(mailaccess.IMAP(again))
	case strings.HasPrefix(greeting, "+OK"), strings.HasPrefix(greeting, "-ERR"):
		return startAccess(mailaccess.POP3(again))
	}
	dialogue := smtp.Dialogue{Lines: again}
	if _, err := dialogue.Greeting(); err != nil {
		return beforeTLS(err)
	}
	hello, err := dialogue.Hello(name)
	if err == nil {
		_, err = dialogue.StartTLS(hello)
	}
	return beforeTLS(err)
}

// reheard gives a line once more that was heard already.
type reheard struct {
	smtp.Lines
	first *string
}

func (r *reheard) Hear() (string, error) {
	if r.first != nil {
		line := *r.first
		r.first = nil
		return line, nil
	}
	return r.Lines.Hear()
}

// Confide implements mailaccess.Lines. Nothing is confided before TLS.
func (r *reheard) Confide(line, _ string) error { return r.Say(line) }

// startAccess asks for TLS in IMAP or POP3, without asking first whether it is offered: the answer says that.
func startAccess(dialogue mailaccess.Dialogue) error {
	if _, err := dialogue.Greeting(); err != nil {
		return beforeTLS(err)
	}
	return beforeTLS(dialogue.StartTLS())
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
// for a handshake. Where it does, and the port is made for that, the door is implicit from now on.
func (p *probe) begin(ctx context.Context, b *binding, conn *wire.Conn) error {
	lines := conn.Lines()
	name := cmp.Or(p.EHLO, smtp.Self(conn.Local().Addr()))
	if b.address.Port() == smtp.Submissions && !lines.Await(time.Now().Add(smtp.Prompt)) && p.shakesAtOnce(ctx, b) {
		b.implicit = true
		return nil
	}
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
	e.TLS = p.options(b)
	return p.run.ShakesAtOnce(ctx, e)
}

// doorLimit bounds one door, so that one that hangs leaves time for everything else. A mail server may take its time with
// the greeting, so it has all but what is needed after it.
func (p *probe) doorLimit(ctx context.Context, b *binding) (context.Context, context.CancelFunc) {
	if end, limited := ctx.Deadline(); limited && p.clear(b) {
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
