package authroundtrips

import (
	"context"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
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
func (p *probe) checkProtection(ctx context.Context) error {
	secrets := p.run.Secrets
	if p.ExtendedProtectionAuth != "" {
		secrets = p.run.Others[p.ExtendedProtectionAuth]
	}
	if !p.ExtendedProtectionCheck || secrets == nil {
		return nil
	}
	return p.run.Using(secrets, func() error { return p.protectionBy(ctx) })
}

// protectionBy is the check with the secrets in use.
func (p *probe) protectionBy(ctx context.Context) error {
	last, due := p.run.Secrets.Hourly()
	if !due {
		if last != "" {
			p.protection = &protection{mode: strings.TrimSuffix(last, mismatched), mismatch: strings.HasSuffix(last, mismatched)}
		}
		return nil
	}
	step := p.run.Step("protection")
	seen, err := p.tryBindings(ctx, step)
	if step.End(err); err != nil || seen.mode == "" {
		if !p.tried {
			p.run.Secrets.Unrun()
		}
		return err
	}
	said := seen.mode
	if seen.mismatch {
		said += mismatched
	}
	step.Detail("Extended Protection: %s", seen.mode)
	p.run.Secrets.Note(said)
	p.protection = seen
	return nil
}

func (p *probe) tryBindings(ctx context.Context, step *prober.Step) (*protection, error) {
	right, err := p.try(ctx, step, auth.Right, true)
	if err != nil || right == unclear {
		return &protection{}, err
	}
	// When the right binding was refused, a second refusal is the secret's: it counts.
	none, err := p.try(ctx, step, auth.None, right == accepted)
	switch {
	case right == refused && failure.Is(err, failure.Auth, auth.Refused):
		failure.From(err).Message = ambiguous + "; " + p.run.Secrets.Outlook()
		return &protection{}, err
	case err != nil || none == unclear:
		return &protection{}, err
	case right == refused:
		return &protection{mode: "allow", mismatch: true}, nil
	case none == refused:
		return &protection{mode: "require"}, nil
	}
	wrong, err := p.try(ctx, step, auth.Wrong, true)
	switch {
	case err != nil || wrong == unclear:
		return &protection{}, err
	case wrong == refused:
		return &protection{mode: "allow"}, nil
	}
	return &protection{mode: "off"}, nil
}

// ambiguous is what a refusal of both a bound logon and one without binding means. A server that is asked directly shows
// its own certificate, so there the binding is right.
const ambiguous = "the user name or password is wrong (or the account may not log on), or Extended Protection is set to require and the box in front of the server shows another certificate than the server has: " +
	"a logon bound to the certificate seen here and one without channel binding were both refused with 401. To tell them apart, ask a server directly (ews_exporter probe with --direct): it shows its own certificate, and the right password gets in"

// verdict is what a server said to a binding.
type verdict int

const (
	unclear verdict = iota // no logon was asked for, by a scheme without bindings, or something else was answered
	accepted
	refused
)

// try logs on once with a binding. A refusal that is forgiven does not suspend a proven account.
func (p *probe) try(ctx context.Context, step *prober.Step, binding auth.Binding, forgive bool) (verdict, error) {
	path := p.PathList[0]
	conn, logon, err := p.run.OpenBound(ctx, step, p.resolution, p.resolution.Addresses[0], p.request(path, ""), binding)
	if err != nil {
		return unclear, err
	}
	defer conn.Close()
	if s := logon.Scheme(); s != "ntlm" && s != "negotiate" {
		logon.Drop()
		return unclear, nil
	}
	p.tried = true
	request := step.Step("request")
	request.Detail("channel binding: %s", binding)
	x, body, err := conn.Do(p.request(path, logon.Authorization()), bodyLimit)
	kept := p.run.Keep(request.Name(), x.Record, body, err)
	refusal := kept.Final != nil && kept.Final.Status == 401
	if refusal {
		request.Detail("channel binding: %s, refused with 401", binding)
	}
	// A handshake that was split says nothing of bindings, and another logon would fare no better: it is not forgiven.
	if _, split := p.split(kept.Connection); refusal && forgive && !split {
		logon.Forgive()
		request.End(nil)
		return refused, nil
	}
	err = logon.Judge(kept.Final, kept.Origin, err)
	request.End(err)
	switch {
	case err != nil:
		return unclear, err
	case kept.Origin.Kind != origin.Exchange && kept.Origin.Kind != origin.IIS && kept.Final.Status/100 != 2:
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
			p.run.Secrets.Outlook()
	}
}
