package prober

import (
	"crypto/tls"
	"slices"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Certificate is the client's certificate that a probe may show, where a target of its auth asks for one.
type Certificate struct {
	credential auth.Credential
	read       func() (*tls.Certificate, error) // the first time; all of the probe shows the same one
}

// NewCertificate prepares the one of a credential; nil where that has none.
func NewCertificate(credential auth.Credential) *Certificate {
	if credential.Certificate == nil {
		return nil
	}
	return &Certificate{credential, sync.OnceValues(credential.OwnCertificate)}
}

// Own gives the client's certificate for a target: nil where the module's auth has none, or none for that target.
func (n *Network) Own(t target.Target) wire.Own {
	if n.certificate == nil {
		return nil
	}
	return n.certificate.credential.Own(n.module.Name, t, n.certificate.read)
}

// readable says why a certificate that may be asked for cannot be shown: nothing is sent then.
func (n *Network) readable(opts *wire.TLS) error {
	if opts == nil || opts.Own == nil || n.certificate == nil {
		return nil
	}
	_, err := n.certificate.read()
	return err
}

// bare takes the certificate away where a target named the host.
func (e Endpoint) bare() Endpoint {
	if e.Elsewhere && e.TLS != nil && e.TLS.Own != nil {
		opts := *e.TLS
		opts.Own = nil
		e.TLS = &opts
	}
	return e
}

// certificateReasons are those of stage status where a page is about the client's certificate, by what it says.
var certificateReasons = map[origin.CertificateWord]string{
	origin.CertificateWanted: wire.CertificateWanted, origin.CertificateRefused: wire.CertificateRefused, origin.CertificateExpired: wire.CertificateExpired,
	origin.CertificateRevoked: wire.CertificateRevoked, origin.CertificateUntrusted: wire.CertificateUntrusted,
}

// certificateAdvice is the advice of each, for what is found of the same answer.
var certificateAdvice = map[string]string{
	wire.CertificateWanted: wire.AdviceCertificateWanted, wire.CertificateRefused: wire.AdviceCertificateRefused, wire.CertificateExpired: wire.AdviceCertificateExpired,
	wire.CertificateRevoked: wire.AdviceCertificateRevoked, wire.CertificateUntrusted: wire.AdviceCertificateUntrusted,
}

// concludeCertificate draws what follows from an answer that is about the client's certificate, whatever the prober: it says
// nothing of what was asked for, because a server looks at the certificate before the request.
func (r *Recorder) concludeCertificate() {
	res := r.Result
	c := res.Deciding
	if c == nil && len(res.Conversations) > 0 {
		c = res.Conversations[len(res.Conversations)-1]
	}
	if c == nil || c.Response() == nil || c.Reading == nil {
		return
	}
	settled := res.Failure == nil && res.UndecidedReason == ""
	if settled || res.Failure != nil && !slices.Contains([]failure.Stage{failure.Status, failure.Content, failure.Auth}, res.Failure.Stage) {
		return
	}
	reason := certificateReasons[c.Reading.Certificate]
	if reason == "" {
		r.perhapsCertificate(c)
		return
	}
	if s := r.handshake(c); s != nil && s.ShownUntil != nil {
		reason = wire.WhyRefused(reason, *s.ShownUntil)
	}
	res.Failure, res.UndecidedReason, res.Undecided, res.Deciding = nil, "", "", c
	res.Fail(failure.New(failure.Status, reason, "%s answered %s%s: %s", c.Origin.Subject(), c.Answer(), c.Reading.Said(), r.certificateMeans(reason, c)))
	res.Draw(AnsweredByMiddlebox, certificateAdvice[reason])
}

// certificateMeans says what such an answer means.
func (r *Recorder) certificateMeans(reason string, c *result.Conversation) string {
	switch reason {
	case wire.CertificateWanted:
		return r.certificateMissing(c)
	case wire.CertificateExpired:
		return "to the server the exporter's client certificate has expired, or is not valid yet; by this machine's clock " + r.until(c)
	case wire.CertificateRevoked:
		return "to the server the exporter's client certificate is revoked, or it could not find out whether it is, which it takes for the same"
	case wire.CertificateUntrusted:
		return "the server does not trust the issuer of the exporter's client certificate, or takes the certificate for malformed"
	}
	return "it refuses the exporter's client certificate, and its log says why; by this machine's clock " + r.until(c)
}

// until says when the certificate ends that was shown.
func (r *Recorder) until(c *result.Conversation) string {
	s := r.handshake(c)
	switch {
	case s == nil || s.ShownUntil == nil:
		return "nothing is known: none was shown over this connection"
	case time.Now().After(*s.ShownUntil):
		return "it expired " + s.ShownUntil.UTC().Format("2006-01-02 15:04 UTC") + ": renew it"
	}
	return "it is valid until " + s.ShownUntil.UTC().Format("2006-01-02 15:04 UTC")
}

// certificateMissing says why a server has no certificate that wants one.
func (r *Recorder) certificateMissing(c *result.Conversation) string {
	s := r.handshake(c)
	switch {
	case s != nil && s.ShownUntil != nil:
		return "it wants a client's certificate, and does not take the exporter's for one"
	case s != nil && s.AsksCertificate && r.Result.Auth == "":
		return "it wants a client's certificate, and the module has no auth to show one"
	case s != nil && s.AsksCertificate:
		return "it wants a client's certificate, and the module's auth has none for this target"
	}
	return "it wants a client's certificate, and did not ask for one in the handshake. Once it has the request it can ask over TLS 1.2 alone, and of whom has one. Over TLS 1.3 the exporter has no answer to that: let it ask in the handshake (IIS: Negotiate Client Certificate of the binding)"
}

// perhapsCertificate adds to a 403 what it may be about: the pages of IIS do not tell, for who is not on the server itself.
func (r *Recorder) perhapsCertificate(c *result.Conversation) {
	s := r.handshake(c)
	if s == nil || !s.AsksCertificate || c.Status() != 403 || r.Result.Failure == nil {
		return
	}
	if s.ShownUntil != nil {
		r.Result.Failure.Message += "; the server had asked for a client's certificate, and was shown the exporter's: sc-substatus of 12, 13, 16 or 17 in the log of IIS says that it was refused"
		return
	}
	r.Result.Failure.Message += "; the server had asked for a client's certificate, and was shown none: sc-substatus of 7 in the log of IIS says that it wants one"
}

// handshake is that of the connection on which a conversation was; nil without one.
func (r *Recorder) handshake(c *result.Conversation) *wire.Secure {
	for _, conn := range r.Result.Connections {
		if conn.ID == c.Connection {
			return conn.Secure
		}
	}
	return nil
}
