// Package smtp asks a Receive connector what a server that brings mail asks it: who are you, what can you do, start TLS.
// Over one connection, without provoking an error, and without sending mail.
package smtp

import (
	"cmp"
	"context"
	"crypto/x509"
	"net/netip"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	dialogue "github.com/ews-exporter/ews_exporter/internal/smtp"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// probe is one dialogue.
type probe struct {
	*Settings
	run   *prober.Run
	conn  *wire.Conn
	lines *wire.Lines
	talk  dialogue.Dialogue

	began    wire.Seconds // the server was to greet from now on
	greeted  wire.Seconds // that long it took; 0 while it has not
	mailed   wire.Seconds // how long MAIL took
	greeting dialogue.Reply
	first    dialogue.Reply        // the first answer to EHLO, in clear text where TLS comes later
	hello    dialogue.Reply        // the last one
	answered bool                  // EHLO, with 250, once at least
	offers   dialogue.Capabilities // over all answers
	mail     dialogue.Reply
	rcpt     dialogue.Reply
	codes    map[string]int
	last     dialogue.Reply // the last reply that came
	shakes   bool           // a second connection showed that the port speaks TLS from the start
	excused  *failure.Failure
	who      origin.Origin
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run, codes: map[string]int{}, who: origin.Origin{Kind: origin.Unknown}}
	resolution, err := run.ResolveTarget(ctx)
	if err == nil {
		step := run.Step("smtp")
		err = p.converse(ctx, step, run.Endpoint(run.Target, resolution))
		run.Result.DecidingConnection = step.Connection()
		p.judge(err)
		step.End(failureOf(run.Result))
	}
	run.Result.Fail(failure.From(err))
	p.measure()
}

// failureOf is the probe's failure as an error: a nil *Failure in an error would not be nil.
func failureOf(r *result.Result) error {
	if r.Failure == nil {
		return nil
	}
	return r.Failure
}

// converse connects and has the dialogue, which becomes the deciding conversation.
func (p *probe) converse(ctx context.Context, step *prober.Step, e prober.Endpoint) error {
	conn, err := p.run.Network.Open(ctx, step, e)
	if err != nil {
		return err
	}
	defer conn.Close()
	p.conn = conn
	if p.Security == Implicit {
		if err := p.secure(step); err != nil {
			return err
		}
	}
	p.lines = conn.Lines()
	p.talk = dialogue.Dialogue{Lines: p.lines}
	p.began = p.run.Now()
	err = p.speak(ctx, step, e)
	p.leave(err)
	p.who = origin.IdentifyMail(&origin.Mail{Greeting: p.greeting, Hello: p.first, Offers: p.offers})
	p.lines.Record.Outcome = p.last.First()
	p.run.Result.Deciding = p.run.Talked(step.Name(), result.SMTP, conn, p.lines.Record, p.who, err)
	return err
}

// speak has the dialogue up to, and without, the farewell.
func (p *probe) speak(ctx context.Context, step *prober.Step, e prober.Endpoint) error {
	if err := p.greet(ctx, step, e); err != nil {
		return err
	}
	if err := p.say(step, "ehlo", "ehlo", p.helloes); err != nil {
		return err
	}
	if p.Security == StartTLS {
		if err := p.upgrade(step); err != nil {
			return err
		}
	}
	if !p.MailFrom {
		return nil
	}
	return p.begin(step)
}

// greet waits for the greeting. When none comes, a second connection tells whether the server waits for a handshake.
func (p *probe) greet(ctx context.Context, step *prober.Step, e prober.Endpoint) error {
	greeting := step.Step(greetingStep)
	if until, limited := dialogue.Patience(ctx); limited && p.Security != Implicit && !p.lines.Await(until) {
		e.TLS = p.options()
		e.TLS.Insecure = true
		p.shakes = p.run.ShakesAtOnce(ctx, e)
	}
	reply, err := p.talk.Greeting()
	p.heard(greetingStep, reply)
	p.greeting = reply
	if err == nil {
		p.greeted = p.run.Now() - p.began
		greeting.Detail("%s; first byte after %.3f s, whole after %.3f s", reply.First(), *p.lines.Record.Heard-p.began, p.greeted)
	}
	greeting.End(err)
	return err
}

// say has one command answered as a step.
func (p *probe) say(step *prober.Step, name, command string, ask func() (dialogue.Reply, error)) error {
	part := step.Step(name)
	reply, err := ask()
	p.heard(command, reply)
	if reply.Code != 0 {
		part.Detail("%s", reply.First())
	}
	if err == nil && reply.Overloaded() { // which is a finding, and no failure
		part.Warn()
	}
	part.End(err)
	return err
}

func (p *probe) heard(command string, reply dialogue.Reply) {
	if reply.Code != 0 {
		p.codes[command], p.last = reply.Code, reply
	}
}

func (p *probe) helloes() (dialogue.Reply, error) {
	reply, err := p.talk.Hello(cmp.Or(p.EHLO, dialogue.Self(p.conn.Local().Addr())))
	if reply.Code != 0 {
		p.hello = reply
		if p.first.Code == 0 {
			p.first = reply
		}
	}
	if err == nil {
		p.answered = true
		p.offers = append(p.offers, dialogue.Offered(reply)...)
	}
	return reply, err
}

// upgrade starts TLS and asks again over it: what was said before counts no more for what follows (RFC 3207 section 4.2).
func (p *probe) upgrade(step *prober.Step) error {
	err := p.say(step, "starttls", "starttls", func() (dialogue.Reply, error) { return p.talk.StartTLS(p.hello) })
	if err != nil {
		return err
	}
	if err := p.secure(step); err != nil {
		return err
	}
	return p.say(step, "ehlo_tls", "ehlo", p.helloes)
}

func (p *probe) secure(step *prober.Step) error { return p.run.Secure(step, p.conn, p.options()) }

func (p *probe) options() *wire.TLS {
	opts := p.run.TLS(p.run.Target)
	opts.Protocols = []string{} // ALPN has no name for SMTP
	opts.Excuse = p.excuse
	return opts
}

// ownPorts are those on which Exchange shows the certificate that it signed itself, in its default: to servers, which send
// all the same (Microsoft Learn, "Receive connectors").
var ownPorts = map[uint16]bool{25: true, 717: true, 2525: true}

// excuse lets a self-signed certificate pass on such a port, whatever its name; not when it is out of date.
func (p *probe) excuse(leaf *x509.Certificate, refused *failure.Failure) bool {
	own := ownPorts[p.run.Target.Port] && leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
	now := time.Now()
	if !own || now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return false
	}
	p.excused = refused
	return true
}

// recipient is one that nobody has: the domain can have no address (RFC 6761 section 6.4).
const recipient = "ews-exporter@relay-check.example.invalid"

// begin begins a mail and gives it up. Nothing is ever sent: there is no DATA here.
func (p *probe) begin(step *prober.Step) error {
	began := p.run.Now()
	err := p.say(step, "mail", "mail", func() (dialogue.Reply, error) {
		var err error
		p.mail, err = p.talk.Mail()
		p.mailed = p.run.Now() - began
		if p.mail.Overloaded() || wantsLogon(p.mail) {
			return p.mail, nil // neither is a failure
		}
		return p.mail, err
	})
	if err != nil || p.mail.Code != 250 {
		return err
	}
	if p.relay {
		err = p.say(step, "rcpt", "rcpt", func() (dialogue.Reply, error) {
			var err error
			p.rcpt, err = p.talk.Recipient(recipient)
			return p.rcpt, err
		})
		if err != nil {
			return err
		}
	}
	_, err = p.talk.Reset()
	return err
}

// wantsLogon tells whether a server takes mail only after a logon (RFC 4954 section 6), as submission does.
func wantsLogon(r dialogue.Reply) bool { return r.Code == 530 }

// farewell bounds the wait for the answer to QUIT, of which nothing depends.
const farewell = time.Second

// leave says good-bye where the server still listens: not after what was no SMTP, nor over a broken connection, nor to one
// that is closing (421).
func (p *probe) leave(err error) {
	if err != nil && (!failure.Is(err, failure.Status) && !failure.Is(err, failure.TLS, dialogue.NotOffered.Reason, dialogue.StartTLSRefused.Reason) || p.last.Code == 421) {
		return
	}
	p.lines.Until = time.Now().Add(farewell)
	_, _ = p.talk.Quit()
}

// address is where the server was reached, for a sentence.
func (p *probe) address() netip.AddrPort { return p.conn.Record.Address }
