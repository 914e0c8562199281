package mailprobe

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

// judge draws the verdict from what was said; err is why the dialogue ended, nil when it went well. It gives the failure.
func (p *probe) judge(err error) error {
	if p.conn == nil { // nobody was reached
		return err
	}
	if failure.Is(err, failure.TLS, smtp.NotOffered.Reason) {
		p.find(p.kind.upgradeMissing(), result.Error, "%s does not offer %s: something in between took it out of the answer, or no certificate is set for this service, or the service has not been started anew since. A probe from beside the server tells the first from the others.", p.address(), p.kind.Upgrade)
		p.run.Blame(result.Either)
	}
	if len(p.clear) > 0 {
		p.find(p.kind.plainLogon(), result.Warning, "%s takes passwords in clear text (%s, before TLS): who listens on the way reads them. Exchange does so where LoginType is another than SecureLogin.", p.address(), strings.Join(p.clear, ", "))
		if err == nil {
			p.run.Blame(result.Server)
		}
	}
	return p.hint(err)
}

func (p *probe) find(code string, severity result.Severity, format string, args ...any) {
	p.run.Find(code, severity, origin.Origin{Kind: origin.Unknown}, format, args...)
}

// hint adds to a failure what is likely to help.
func (p *probe) hint(err error) error {
	f := failure.From(err)
	switch {
	case f == nil:
		return nil
	case p.shakes && f.Stage == failure.Receive:
		hinted := failure.New(f.Stage, f.Reason, "%w; on another connection it speaks TLS from the start: set security: implicit, or ask another port", err)
		p.run.Result.Draw(hinted.Name(), p.kind.Name+"_tls_from_the_start")
		return hinted
	case p.Security == Implicit && failure.Is(err, failure.TLS, "not_tls"):
		return failure.New(f.Stage, f.Reason, "%w; a server that greets in clear text is asked with security: starttls", err)
	}
	return err
}
