package authroundtrips

import (
	"context"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// protection is what a server does with channel bindings.
type protection struct {
	mode     string // off, allow, require; empty while unknown
	mismatch bool   // it refuses the binding to the certificate that clients see
}

const mismatched = "mismatch"

// checkProtection logs on with the right binding, then without one, then with a wrong one, and stops as soon as it
// knows. A wrong one is a failed logon, so it runs at most once an hour per target; in between, what it said holds.
//
//	right  none  wrong
//	200    200   200    off
//	200    200   401    allow
//	200    401          require
//	401    200          allow, and the server has bound another certificate
//	401    401          nothing known: a wrong password, or require with another certificate
func (p *probe) checkProtection(ctx context.Context, endpoint prober.Endpoint) error {
	session := p.run.Session
	if p.ExtendedProtectionAuth != "" {
		session = p.run.Others[p.ExtendedProtectionAuth]
	}
	if !p.ExtendedProtectionCheck || !session.LogsOn() {
		return nil
	}
	last, due := session.Secrets().Hourly()
	if !due {
		if last != "" {
			p.protection = &protection{mode: strings.TrimSuffix(last, mismatched), mismatch: strings.HasSuffix(last, mismatched)}
		}
		return nil
	}
	step := p.run.Step("protection")
	seen, err := (&bindings{p, session, endpoint, step}).try(ctx)
	if step.End(err); err != nil || seen.mode == "" {
		if !p.tried {
			session.Secrets().Unrun()
		}
		return err
	}
	said := seen.mode
	if seen.mismatch {
		said += mismatched
	}
	step.Detail("Extended Protection: %s", seen.mode)
	session.Secrets().Note(said)
	p.protection = seen
	return nil
}

// bindings is the check under way.
type bindings struct {
	*probe
	session  *prober.Session
	endpoint prober.Endpoint
	step     *prober.Step
}

func (b *bindings) try(ctx context.Context) (*protection, error) {
	right, err := b.once(ctx, auth.Right, true)
	if err != nil || right == unclear {
		return &protection{}, err
	}
	// When the right binding was refused, a second refusal is the secret's: it counts.
	none, err := b.once(ctx, auth.None, right == accepted)
	switch {
	case right == refused && failure.Is(err, failure.Auth, auth.Refused):
		failure.From(err).Message = b.ambiguous() + "; " + b.session.Secrets().Outlook()
		return &protection{}, err
	case err != nil || none == unclear:
		return &protection{}, err
	case right == refused:
		return &protection{mode: "allow", mismatch: true}, nil
	case none == refused:
		return &protection{mode: "require"}, nil
	}
	wrong, err := b.once(ctx, auth.Wrong, true)
	switch {
	case err != nil || wrong == unclear:
		return &protection{}, err
	case wrong == refused:
		return &protection{mode: "allow"}, nil
	}
	return &protection{mode: "off"}, nil
}

// ambiguous is what a refusal of both a bound logon and one without binding means. Only the server's own log tells them apart
// without one more logon.
func (b *bindings) ambiguous() string {
	boxes := secret.Own("a box in between uses another server connection for each request, or shows another certificate than the server has (Extended Protection: require)")
	wrong := secret.Own("the user name or password is wrong, or the account may not log on")
	causes := wrong + "; or " + boxes
	if last := b.run.Result.Conversations[len(b.run.Result.Conversations)-1]; last.Response() != nil {
		if mark := prober.ProxyMark(last.Final, last.Origin); mark != "" {
			causes = "a proxy is in between (" + mark + "): " + boxes + "; or " + wrong
		}
	}
	return secret.Own("a logon bound to the certificate seen here and one without channel binding were both refused with 401: ") + causes +
		secret.Own(". Before you change the password, read in the servers' Security log why it was refused (event 4625)")
}

// verdict is what a server said to a binding.
type verdict int

const (
	unclear verdict = iota // no logon was asked for, by a scheme without bindings, or something else was answered
	accepted
	refused
)

// once logs on once with a binding. A refusal that is forgiven does not suspend a proven account.
func (b *bindings) once(ctx context.Context, binding auth.Binding, forgive bool) (verdict, error) {
	path := b.PathList[0]
	conn, logon, err := b.session.Open(ctx, b.step, b.endpoint, prober.Ask{Request: b.request(path, ""), Binding: binding})
	if err != nil {
		return unclear, err
	}
	defer conn.Close()
	if s := logon.Scheme(); s != "ntlm" && s != "negotiate" {
		logon.Drop()
		return unclear, nil
	}
	b.tried = true
	request := b.step.Step("request")
	request.Detail("channel binding: %s", binding)
	x, body, err := conn.Do(b.request(path, logon.Authorization()), bodyLimit)
	kept := b.run.Exchanged(request.Name(), conn.Conn, x.Record, body, err)
	refusal := kept.Final != nil && kept.Final.Status == 401
	if refusal {
		request.Detail("channel binding: %s, refused with 401", binding)
	}
	// A handshake that was split says nothing of bindings, and another logon would fare no better: it is not forgiven.
	if _, split := b.split(kept.Connection); refusal && forgive && !split {
		logon.Forgive()
		request.End(nil)
		return refused, nil
	}
	err = logon.Read(kept.Final, body).Judge(kept.Final, kept.Origin, err)
	request.End(err)
	switch {
	case err != nil:
		return unclear, err
	case kept.Origin.Portal != "", !kept.Origin.Kind.Serves() && kept.Final.Status/100 != 2:
		return unclear, nil
	}
	return accepted, nil
}

// judgeProtection tells of a binding that the server refuses.
func (p *probe) judgeProtection() {
	if p.protection == nil || !p.protection.mismatch {
		return
	}
	severity := result.Warning
	if failure.Is(p.failure(), failure.Auth) {
		severity = result.Error
		p.restate()
	}
	p.run.Find(ProtectionMismatch, severity, p.first(), "The server takes a logon without channel binding and refuses one that is bound to the certificate which clients see: Extended Protection is set to allow, and the box in front of the server shows another certificate than the server has bound. Clients that send a binding, Windows' own among them, are refused.")
	p.run.Blame(result.InBetween)
}

// restate puts what the finding knows in the place of what the refusal could only guess.
func (p *probe) restate() {
	if f := p.run.Result.Failure; failure.Is(p.failure(), failure.Auth, auth.Refused) {
		f.Message = "the server refuses a logon that is bound to the certificate which clients see, and takes one without channel binding: the box in front of it shows another certificate than the server has (Extended Protection); " +
			p.run.Secrets().Outlook()
	}
}
