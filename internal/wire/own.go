package wire

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Own gives the certificate that is the exporter's own, for a server that asked for one and whose certificate was verified: by
// a pin, or for that name. Nil is none, which servers may do with (RFC 8446 section 4.4.2). An error ends the handshake.
type Own func(name string, pinned bool) (*tls.Certificate, error)

// presented is what became of the exporter's own certificate on a connection.
type presented struct {
	leaf     *x509.Certificate // nil where none was shown
	unlisted bool              // the server named authorities, and its issuer is none of them
}

// own answers a server that asks for a client's certificate, in the first handshake or in a later one. crypto/tls asks after
// it had the server's certificate verified, and in a later handshake takes no other certificate than that.
func (c *Conn) own(opts *TLS, asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
	s := c.Record.Secure
	s.AsksCertificate = true
	none := &tls.Certificate{}
	if opts.Own == nil || !s.Verified {
		return none, nil
	}
	own, err := opts.Own(opts.ServerName, slices.Contains(opts.Pins, s.Chain[0].SHA256))
	if err != nil {
		return nil, err
	}
	if own == nil {
		return none, nil
	}
	s.ShownUntil = &own.Leaf.NotAfter
	c.shown = presented{leaf: own.Leaf, unlisted: unlisted(asked.AcceptableCAs, own)}
	return own, nil
}

// renegotiation is what a server may do that asks for a client's certificate only once it has the request, as IIS does where a
// virtual directory wants one and the binding does not: negotiate TLS 1.2 anew, once (RFC 5246 section 7.4.1.1, RFC 5746). It
// may not where there is none to show. TLS 1.3 has another way for that, which crypto/tls does not have.
func (t *TLS) renegotiation() tls.RenegotiationSupport {
	if t.Own == nil {
		return tls.RenegotiateNever
	}
	return tls.RenegotiateOnceAsClient
}

// unlisted tells whether a server that says whose certificates it takes (RFC 8446 section 4.2.4) leaves this one's out.
func unlisted(authorities [][]byte, own *tls.Certificate) bool {
	listed := func(der []byte) bool {
		cert, err := x509.ParseCertificate(der)
		return err == nil && slices.ContainsFunc(authorities, func(name []byte) bool { return bytes.Equal(name, cert.RawIssuer) })
	}
	return len(authorities) > 0 && !slices.ContainsFunc(own.Certificate, listed)
}

// The reasons of a server that wants a client's certificate, or refuses the one that it was shown: of stage tls, of stage
// receive, since a client learns it over TLS 1.3 only after its own handshake is done, and of stage status, where a page says so.
const (
	CertificateWanted    = "client_certificate"
	CertificateRefused   = "client_certificate_refused" // and nothing tells why
	CertificateExpired   = "client_certificate_expired"
	CertificateRevoked   = "client_certificate_revoked"
	CertificateUntrusted = "client_certificate_untrusted"
)

// certificateWanted are the alerts by which a server that asked for a client's certificate ends a handshake without one: each
// TLS library has its own before TLS 1.3 (RFC 8446 section 4.4.2.4, RFC 5246 section 7.4.6).
var certificateWanted = []Alert{HandshakeFailure, BadCertificate, CertificateUnknown, AccessDenied, CertificateRequired}

// certificateRefused are those by which a server refuses a certificate that it was shown (RFC 8446 section 6.2).
var certificateRefused = map[Alert]string{
	44: CertificateRevoked, 45: CertificateExpired, 48: CertificateUntrusted,
	HandshakeFailure: CertificateRefused, BadCertificate: CertificateRefused, 43: CertificateRefused, CertificateUnknown: CertificateRefused,
	AccessDenied: CertificateRefused, 51: CertificateRefused, CertificateRequired: CertificateRefused,
}

// ownRefused is the reason that an alert stands for where it is about the client's certificate; empty for any other.
func (c *Conn) ownRefused(a Alert) string {
	asks := c.Record.Secure != nil && c.Record.Secure.AsksCertificate
	switch {
	case c.shown.leaf != nil:
		return WhyRefused(certificateRefused[a], c.shown.leaf.NotAfter)
	case a == CertificateRequired, asks && slices.Contains(certificateWanted, a):
		return CertificateWanted
	}
	return ""
}

// WhyRefused is the reason for which a certificate was refused that lasts until then: where the server does not say why, and the
// certificate is out of date, that is why.
func WhyRefused(said string, until time.Time) string {
	if said == CertificateRefused && time.Now().After(until) {
		return CertificateExpired
	}
	return said
}

// refusesOwn tells whether a failure is about the client's certificate.
func refusesOwn(err error) bool {
	f := failure.From(err)
	return f != nil && strings.HasPrefix(f.Reason, CertificateWanted)
}

// ownFailure is the failure of a stage that an alert about the client's certificate ended; nil where it is about something else.
func (c *Conn) ownFailure(stage failure.Stage, doing string, err error) *failure.Failure {
	switch reason := c.ownRefused(alertIn(err)); reason {
	case "":
		return nil
	case CertificateWanted:
		return failure.New(stage, reason, "%s: %w; %s", doing, err, wanting)
	default:
		return failure.New(stage, reason, "%s: %w; the server refused the exporter's client certificate%s", doing, err, c.whyRefused(reason, time.Now()))
	}
}

// wanting says that the server wants a client's certificate.
const wanting = "the server asks clients for a certificate and does not go on without one, and the exporter has none for it. Where that is meant, give the module's auth one (cert_file, key_file; the target among its targets); else turn it off (in IIS: SSL Settings of the virtual directory, client certificates: Ignore)"

// whyRefused says what a refusal means, and what else the same alert stands for: OpenSSL says unknown_ca too where it has no
// revocation list to look the certificate up in, and certificate_expired where that list has expired (ssl_x509err2alert).
func (c *Conn) whyRefused(reason string, now time.Time) string {
	leaf := c.shown.leaf
	until := leaf.NotAfter.UTC().Format("2006-01-02 15:04 UTC")
	switch {
	case now.After(leaf.NotAfter):
		return fmt.Sprintf(", which expired %s: renew it", until)
	case now.Before(leaf.NotBefore):
		return fmt.Sprintf(", which is not valid before %s by the clock of this machine", leaf.NotBefore.UTC().Format("2006-01-02 15:04 UTC"))
	case reason == CertificateExpired:
		return fmt.Sprintf(" as expired. It is valid until %s by the clock of this machine, so another certificate of its chain has expired, or the server's revocation list, or the server's clock is wrong", until)
	case reason == CertificateRevoked:
		return ": its issuer has revoked it"
	case reason == CertificateUntrusted && c.shown.unlisted:
		return ": the server names the authorities whose certificates it takes, and its issuer is none of them"
	case reason == CertificateUntrusted:
		return ": it does not trust its issuer, or cert_file lacks what stands between the two, or it has no revocation list of that issuer"
	case c.shown.unlisted:
		return ", and names authorities whose certificates it takes, of which its issuer is none"
	}
	return fmt.Sprintf(", valid until %s, and does not say why; its log does", until)
}

// before says, where a connection ended, what had become of a client's certificate before; it begins with a semicolon, or is
// empty where none was asked for. Some servers refuse one without an alert.
func (c *Conn) before() string {
	switch s := c.Record.Secure; {
	case s == nil || !s.AsksCertificate:
		return ""
	case s.ShownUntil != nil:
		return "; before that the server asked for a client's certificate, and was shown the exporter's, which it may have refused so"
	}
	return "; before that the server asked for a client's certificate, and the exporter showed none"
}
