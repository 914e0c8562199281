// Package smtp is the client's side of SMTP as far as a probe goes: greeting, EHLO, STARTTLS, an empty sender, QUIT. It
// sends no mail, and it believes nothing that somebody may have put into the clear text before TLS.
package smtp

import (
	"context"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Lines is the connection that is spoken over; *wire.Lines is one.
type Lines interface {
	Hear() (string, error)
	Say(line string) error
	Unread() int
	String() string
}

// Dialogue is one under way. After a handshake it goes on with the same lines.
type Dialogue struct{ Lines Lines }

// Greeting reads the greeting. The error is a failure of stage status (greeting_refused, service_inactive,
// insufficient_resources), or ReadReply's.
func (d Dialogue) Greeting() (Reply, error) { return d.expect("the greeting", 220, GreetingRefused) }

// Hello says EHLO. The error is as of Greeting, with reason ehlo_refused.
func (d Dialogue) Hello(name string) (Reply, error) {
	return d.ask("EHLO "+name, 250, HelloRefused)
}

// StartTLS brings a server that offers it to where the handshake begins (RFC 3207 section 4). The error is a failure of
// stage tls (starttls_not_offered, starttls_refused, starttls_malformed), as of Greeting, or ReadReply's.
func (d Dialogue) StartTLS(hello Reply) (Reply, error) {
	if !Offered(hello).Has("starttls") {
		return Reply{}, fail(NotOffered, "%s does not offer STARTTLS; it offers %s. %s", d.Lines, list(hello.Lines[1:]), missing(hello))
	}
	if n := d.Lines.Unread(); n > 0 { // it would be taken for the answer
		return Reply{}, fail(Injected, "%s sent %d bytes in clear text after its answer to EHLO, before anything was asked", d.Lines, n)
	}
	r, err := d.ask("STARTTLS", 220, StartTLSRefused)
	if err != nil {
		return r, err
	}
	if n := d.Lines.Unread(); n > 0 {
		return r, fail(Injected, "%s sent %d bytes in clear text after its answer to STARTTLS, where only TLS may follow", d.Lines, n)
	}
	return r, nil
}

// Mail begins a mail without a sender, which is how mail that nobody is to answer begins (RFC 5321 section 4.5.5). The
// error is as of Greeting, with reason mail_refused.
func (d Dialogue) Mail() (Reply, error) { return d.ask("MAIL FROM:<>", 250, MailRefused) }

// Recipient names a recipient. Whatever the reply says is no failure; the error is that of sending or ReadReply's.
func (d Dialogue) Recipient(address string) (Reply, error) {
	return d.command("RCPT TO:<" + address + ">")
}

// Reset gives up the mail that was begun.
func (d Dialogue) Reset() (Reply, error) { return d.command("RSET") }

// Quit says good-bye.
func (d Dialogue) Quit() (Reply, error) { return d.command("QUIT") }

func (d Dialogue) command(line string) (Reply, error) {
	if err := d.Lines.Say(line); err != nil {
		return Reply{}, err
	}
	return ReadReply(d.Lines.Hear)
}

func (d Dialogue) ask(line string, want int, refused failure.Reason) (Reply, error) {
	if err := d.Lines.Say(line); err != nil {
		return Reply{}, err
	}
	verb := line
	for i, c := range line {
		if c == ' ' {
			verb = line[:i]
			break
		}
	}
	return d.expect("the answer to "+verb, want, refused)
}

// expect reads a reply and holds its code against the one wanted.
func (d Dialogue) expect(what string, want int, refused failure.Reason) (Reply, error) {
	r, err := ReadReply(d.Lines.Hear)
	switch {
	case err != nil || r.Code == want:
		return r, err
	case r.Inactive():
		refused = Inactive
	case r.Overloaded():
		refused = Overloaded
	}
	return r, fail(refused, "%s from %s was %s, not %d", what, d.Lines, r, want).Named(r.Enhanced)
}

// Inactive tells whether a server says that its service is not active: Exchange does so when the component is inactive, or
// when the connector belongs to the wrong service (Microsoft Learn, "DSNs and NDRs in Exchange Server", 4.3.2).
func (r Reply) Inactive() bool { return (r.Code == 421 || r.Code == 451) && r.Enhanced == "4.3.2" }

// Overloaded tells whether a server refuses for want of resources: Exchange's back pressure (4.3.1).
func (r Reply) Overloaded() bool { return r.Code/100 == 4 && r.Enhanced == "4.3.1" }

func fail(reason failure.Reason, format string, args ...any) *failure.Failure {
	return failure.New(reason.Stage, reason.Reason, format, args...)
}

// missing says what to look at when STARTTLS is missing.
func missing(hello Reply) string {
	if len(MaskedLines(hello)) > 0 {
		return "A firewall that inspects SMTP has overwritten what the server offers: turn that inspection off"
	}
	return "Ask the server from behind the firewall first: where it offers STARTTLS there, the firewall takes it out; where it does not, let the connector offer TLS, and enable a certificate with its name for SMTP (Enable-ExchangeCertificate)"
}

// silence is the least that is kept of a time limit for finding out why a server does not greet; of a short limit a quarter.
const silence = 3 * time.Second

// Patience is when to look into why a server has said nothing yet; false without a time limit. The greeting may come later
// still.
func Patience(ctx context.Context) (until time.Time, limited bool) {
	end, limited := ctx.Deadline()
	return end.Add(-min(silence, time.Until(end)/4)), limited
}

// FromTheStart is what to add to the failure of a server that greets nobody and shakes hands on another connection.
const FromTheStart = "on another connection it speaks TLS from the start, as port 465 does by RFC 8314"

// Submissions is the port of mail submission over TLS from the start (RFC 8314 section 7.3), on which Exchange's transport has a
// connector that begins in clear text.
const Submissions = 465

// Prompt is how long a server on that port may be silent before it is asked whether it waits for a handshake. No server that
// lets clients wait for the greeting, and punishes who speaks first, listens there.
const Prompt = time.Second
