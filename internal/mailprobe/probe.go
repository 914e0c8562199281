package mailprobe

import (
	"context"
	"net/netip"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/mailaccess"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// probe is one dialogue.
type probe struct {
	*Settings
	run   *prober.Run
	conn  *wire.Conn
	lines *wire.Lines
	talk  mailaccess.Dialogue

	greeted  wire.Seconds            // how long the greeting took; 0 while none has come
	offers   mailaccess.Capabilities // over all answers; nil while none has come
	clear    []string                // the ways in which a password may go in clear text
	loggedOn bool
	shakes   bool // a second connection showed that the port speaks TLS from the start
}

// Probe implements prober.Prober.
func (s *Settings) Probe(ctx context.Context, run *prober.Run) {
	p := &probe{Settings: s, run: run}
	err := run.Ready()
	var resolution *wire.Resolution
	if err == nil {
		resolution, err = run.ResolveTarget(ctx)
	}
	if err == nil {
		step := run.Step(s.kind.Name)
		err = p.converse(ctx, step, run.Endpoint(run.Target, resolution))
		run.Result.DecidingConnection = step.Connection()
		err = p.judge(err)
		step.End(err)
	}
	run.Result.Fail(failure.From(err))
	p.measure()
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
		if err := p.run.Secure(step, conn, p.options()); err != nil {
			return err
		}
	}
	p.lines = conn.Lines()
	p.talk = p.kind.Dialogue(p.lines)
	err = p.speak(ctx, step, e)
	outcome := p.talk.Last()
	p.leave(err)
	p.lines.Record.Outcome = outcome
	p.run.Result.Deciding = p.run.Talked(step.Name(), p.kind.Protocol, conn, p.lines.Record, origin.Origin{Kind: origin.Unknown}, err)
	return err
}

// speak has the dialogue up to, and without, the farewell.
func (p *probe) speak(ctx context.Context, step *prober.Step, e prober.Endpoint) error {
	if err := p.greet(ctx, step, e); err != nil {
		return err
	}
	offered, err := p.ask(step, "capabilities")
	if err != nil {
		return err
	}
	if p.Security != Implicit {
		p.clear = p.talk.ClearLogons(offered)
	}
	if p.Security == StartTLS {
		if offered, err = p.upgrade(step, offered); err != nil {
			return err
		}
	}
	if !p.run.LogsOn() {
		return nil
	}
	return p.logOn(ctx, step, offered)
}

// greet waits for the greeting. When none comes, a second connection tells whether the server waits for a handshake.
func (p *probe) greet(ctx context.Context, step *prober.Step, e prober.Endpoint) error {
	greeting, began := step.Step("greeting"), p.run.Now()
	if until, limited := smtp.Patience(ctx); limited && p.Security != Implicit && !p.lines.Await(until) {
		e.TLS = p.options()
		e.TLS.Insecure = true
		p.shakes = p.run.ShakesAtOnce(ctx, e)
	}
	line, err := p.talk.Greeting()
	if err == nil {
		p.greeted = p.run.Now() - began
	}
	if line != "" {
		greeting.Detail("%s", line)
	}
	greeting.End(err)
	return err
}

// ask asks what is offered, as a step.
func (p *probe) ask(step *prober.Step, part string) (mailaccess.Capabilities, error) {
	asking := step.Step(part)
	offered, err := p.talk.Capabilities()
	switch {
	case err != nil:
	case offered == nil:
		asking.Detail("the server does not say what it offers")
	default:
		asking.Detail("%s", offered)
		p.offers = append(p.offers, offered...)
		if p.offers == nil {
			p.offers = mailaccess.Capabilities{}
		}
	}
	asking.End(err)
	return offered, err
}

// upgrade starts TLS and asks again over it: what was said before counts no more for what follows (RFC 9051 section 6.2.1).
func (p *probe) upgrade(step *prober.Step, offered mailaccess.Capabilities) (mailaccess.Capabilities, error) {
	err := step.Do("starttls", func() error {
		if offered != nil && !offered.Has(p.kind.Upgrade) {
			return failure.New(smtp.NotOffered.Stage, smtp.NotOffered.Reason, "%s does not offer %s; it offers %s", p.conn, p.kind.Upgrade, offered)
		}
		return p.talk.StartTLS()
	})
	if err != nil {
		return nil, err
	}
	if err := p.run.Secure(step, p.conn, p.options()); err != nil {
		return nil, err
	}
	return p.ask(step, "capabilities_tls")
}

func (p *probe) options() *wire.TLS {
	opts := p.run.TLS(p.run.Target)
	opts.Protocols = []string{} // servers of mail agree on none
	return opts
}

// farewell bounds the wait for the answer to the good-bye, of which nothing depends.
const farewell = time.Second

// leave says good-bye where the server still listens: not after what was no mail server, nor over a broken connection, nor to
// one that is closing.
func (p *probe) leave(err error) {
	listens := err == nil || failure.Is(err, failure.Auth) ||
		failure.Is(err, failure.Status, mailaccess.LogonUnavailable.Reason, mailaccess.CapabilitiesRefused.Reason) ||
		failure.Is(err, failure.TLS, smtp.NotOffered.Reason, smtp.StartTLSRefused.Reason)
	if listens {
		p.lines.Until = time.Now().Add(farewell)
		p.talk.Quit()
	}
}

// address is where the server was reached, for a sentence.
func (p *probe) address() netip.AddrPort { return p.conn.Record.Address }
