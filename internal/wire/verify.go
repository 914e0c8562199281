package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// verify records what was shown and judges it.
func (c *Conn) verify(state tls.ConnectionState, opts *TLS) error {
	sent, now := state.PeerCertificates[:min(len(state.PeerCertificates), maxChain)], time.Now()
	known := c.dialer.Chains.find(opts, sent, now)
	c.show(state, sent, known)
	s := c.Record.Secure
	if len(s.Chain) == 0 {
		return failure.New(failure.TLS, "certificate_missing", "TLS handshake with %s: the server showed no certificate", c)
	}
	var cause error
	if known != nil {
		c.peer.Paths = known.paths
	} else if cause = c.judge(opts, now); cause == nil {
		c.dialer.Chains.remember(opts, sent, c.peer.Paths, now)
	}
	s.PathExpires = c.peer.pathExpires(cause)
	if cause == nil || slices.Contains(opts.Pins, s.Chain[0].SHA256) {
		s.Verified, c.peer.Flaw = true, nil
		return nil
	}
	return c.refuse(failure.New(failure.TLS, verifyReason(cause, c.peer.Flaw), "TLS handshake with %s: the certificate (%s) was refused: %w%s", c, s.Chain[0].Title(), cause, remedy(c.peer.Flaw)))
}

// show records what was shown; known is what is remembered of what was sent, nil for nothing.
func (c *Conn) show(state tls.ConnectionState, sent []*x509.Certificate, known *chain) {
	s := c.Record.Secure
	s.Version, s.Cipher, s.ALPN = tls.VersionName(state.Version), SuiteName(state.CipherSuite), state.NegotiatedProtocol
	if known != nil {
		sent, s.Chain = known.sent, known.descriptions()
	} else {
		for _, cert := range sent {
			s.Chain = append(s.Chain, describe(cert))
		}
	}
	c.peer.Certificates, c.peer.Staple, c.peer.Suite = sent, state.OCSPResponse, state.CipherSuite
	if len(sent) > 0 {
		c.leaf = sent[0]
	}
}

// refuse records why the certificate is not verified.
func (c *Conn) refuse(why *failure.Failure) error {
	c.Record.Secure.VerifyError, c.peer.Refused = why.Error(), why
	return why
}

// excused tells whether the certificate that was refused is taken all the same.
func (c *Conn) excused(opts *TLS) bool {
	return opts.Excuse != nil && c.leaf != nil && c.peer.Refused != nil && opts.Excuse(c.leaf, c.peer.Refused)
}

// errNoName keeps crypto/x509 from leaving the name out of the verification when there is none.
var errNoName = errors.New("there is no name that the certificate must cover")

// judge verifies a chain, notes the paths that lead to an authority, and gives what is wrong first: dates, name, authority,
// as crypto/x509 has it.
func (c *Conn) judge(opts *TLS, now time.Time) error {
	p := &c.peer
	sent := p.Certificates
	if opts.ServerName == "" {
		return errNoName
	}
	paths, cause := verifyAt(sent, opts.ServerName, opts.Roots, now)
	switch {
	case cause == nil:
		p.Paths = paths
		return nil
	case errors.As(cause, new(x509.HostnameError)):
		p.Paths, _ = verifyAt(sent, "", opts.Roots, now)
		return cause
	}
	reach := Climb(sent)
	if isExpired(cause) {
		p.Paths = outdated(reach, opts.Roots, now)
	}
	p.Flaw = diagnose(reach, sent, opts.Roots, cause)
	return cause
}

func verifyAt(sent []*x509.Certificate, name string, roots *x509.CertPool, at time.Time) ([][]*x509.Certificate, error) {
	intermediates := x509.NewCertPool()
	for _, cert := range sent[1:] {
		intermediates.AddCert(cert)
	}
	return sent[0].Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: intermediates, CurrentTime: at})
}

// outdated gives the path to an authority on which something is out of date: what was sent, as far as it reaches, and above
// it an authority that is known, at a time when the topmost certificate was valid. A leaf may be younger than the expiry of
// an issuer, so that no time suits all of them.
func outdated(path []*x509.Certificate, roots *x509.CertPool, now time.Time) [][]*x509.Certificate {
	top := path[len(path)-1]
	at := now
	if at.After(top.NotAfter) {
		at = top.NotAfter
	} else if at.Before(top.NotBefore) {
		at = top.NotBefore
	}
	rest, err := top.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if err != nil {
		return nil
	}
	var paths [][]*x509.Certificate
	for _, above := range rest {
		paths = append(paths, slices.Concat(path[:len(path)-1], above))
	}
	return paths
}

// Path is the way from the leaf upwards that counts: of those that lead to an authority the one that lasts longest, else as
// far as what was sent reaches. It is empty when no certificate was seen.
func (p *Peer) Path() []*x509.Certificate {
	if len(p.Paths) == 0 {
		return Climb(p.Certificates)
	}
	return slices.MaxFunc(p.Paths, func(a, b []*x509.Certificate) int { return First(a).NotAfter.Compare(First(b).NotAfter) })
}

// First is the certificate of a path that expires first.
func First(path []*x509.Certificate) *x509.Certificate {
	return slices.MinFunc(path, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
}

// pathExpires is when the last of the paths that lead to an authority ends: blackbox_exporter's
// probe_ssl_last_chain_expiry_timestamp_seconds. It goes on being known when it is past. Nil where the name or the
// authority is wrong, for then there is no path that a client could go.
func (p *Peer) pathExpires(cause error) *time.Time {
	if len(p.Paths) == 0 || cause != nil && !isExpired(cause) {
		return nil
	}
	expires := First(p.Path()).NotAfter // a copy: a pointer into the certificate would keep it as long as the record
	return &expires
}

func isExpired(err error) bool {
	var invalid x509.CertificateInvalidError
	return errors.As(err, &invalid) && invalid.Reason == x509.Expired
}

// verifyReason names why a certificate was refused.
func verifyReason(err error, flaw *Flaw) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.HostnameError)):
		return "certificate_name"
	case flaw != nil && flaw.Kind == SignatureWeak:
		return "certificate_signature"
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "certificate_authority"
	case isExpired(err):
		return "certificate_expired"
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "certificate_usage"
	}
	return "certificate_invalid"
}

// remedy says what is the matter and what to do about it where the refusal does not say so itself; it begins with a semicolon.
func remedy(flaw *Flaw) string {
	switch {
	case flaw == nil:
		return ""
	case flaw.Kind == IssuerMissing, flaw.Kind == Untrusted:
		return "; name the authority in tls_config.ca_file where it is the site's own, else a probe of its bindings shows what the server sends"
	}
	return "; " + flaw.String()
}
