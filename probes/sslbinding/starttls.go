package sslbinding

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
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
	switch {
	case strings.HasPrefix(greeting, "* "):
		return startIMAP(lines, greeting)
	case strings.HasPrefix(greeting, "+OK"), strings.HasPrefix(greeting, "-ERR"):
		return startPOP3(lines, greeting)
	}
	dialogue := smtp.Dialogue{Lines: &reheard{Lines: lines, first: &greeting}}
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

// imapTag marks the one command that is said, and its answer.
const imapTag = "ews1"

// maxUntagged is how many lines of an IMAP server are read that answer nothing.
const maxUntagged = 100

// startIMAP asks for TLS in IMAP (RFC 9051 section 6.2.1), without asking first whether it is offered: the answer says that.
func startIMAP(lines smtp.Lines, greeting string) error {
	if !strings.HasPrefix(strings.ToUpper(greeting), "* OK") {
		return refusedTLS("the greeting from %s was %q, not * OK", lines, greeting)
	}
	if err := lines.Say(imapTag + " STARTTLS"); err != nil {
		return err
	}
	for range maxUntagged {
		line, err := lines.Hear()
		if err != nil {
			return err
		}
		answer, tagged := strings.CutPrefix(line, imapTag+" ")
		switch {
		case !tagged:
			continue
		case strings.HasPrefix(strings.ToUpper(answer), "OK"):
			return nothingMore(lines)
		case strings.HasPrefix(strings.ToUpper(answer), "BAD"):
			return notOffered("%s does not know STARTTLS: it answered %q. Let its IMAP service offer TLS, which in Exchange needs a certificate that is enabled for IMAP (Enable-ExchangeCertificate)", lines, answer)
		}
		return refusedTLS("%s refused STARTTLS: it answered %q", lines, answer)
	}
	return failure.New(failure.TLS, smtp.Injected.Reason, "%s sent %d lines and no answer to STARTTLS", lines, maxUntagged)
}

// startPOP3 asks for TLS in POP3 (RFC 2595 section 4).
func startPOP3(lines smtp.Lines, greeting string) error {
	if !strings.HasPrefix(greeting, "+OK") {
		return refusedTLS("the greeting from %s was %q, not +OK", lines, greeting)
	}
	if err := lines.Say("STLS"); err != nil {
		return err
	}
	line, err := lines.Hear()
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(line, "+OK"):
		return nothingMore(lines)
	case strings.HasPrefix(line, "-ERR"):
		return notOffered("%s does not start TLS: it answered STLS with %q. Let its POP3 service offer TLS, which in Exchange needs a certificate that is enabled for POP (Enable-ExchangeCertificate)", lines, line)
	}
	return failure.New(failure.TLS, smtp.Injected.Reason, "%q from %s is no answer of POP3", line, lines)
}

// nothingMore holds that nothing came in clear text where only TLS may follow: somebody may have put it there.
func nothingMore(lines smtp.Lines) error {
	if n := lines.Unread(); n > 0 {
		return failure.New(failure.TLS, smtp.Injected.Reason, "%s sent %d bytes in clear text after its answer, where only TLS may follow", lines, n)
	}
	return nil
}

func notOffered(format string, args ...any) error {
	return failure.New(failure.TLS, smtp.NotOffered.Reason, format, args...)
}

func refusedTLS(format string, args ...any) error {
	return failure.New(failure.TLS, smtp.StartTLSRefused.Reason, format, args...)
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
