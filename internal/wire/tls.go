package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// TLS says how a handshake is done and what is accepted.
type TLS struct {
	ServerName string         // SNI (unless it is an address) and the name the certificate must cover
	Roots      *x509.CertPool // nil: the system's
	MinVersion uint16         // 0: TLS 1.2
	Pins       []string       // SHA-256 of a leaf in lower-case hex; a match counts as verified
	Insecure   bool           // go on with a certificate that is not verified

	// Excuse tells whether to go on with a certificate that was refused, for another reason than Insecure; nil: never.
	Excuse func(leaf *x509.Certificate, refused *failure.Failure) bool

	Own Own // for a server that asks for a client's certificate; nil: it gets none

	// For looking at servers rather than using them; the zero values suit every other use.
	SNI        *string  // sent in place of ServerName; a pointer to "" sends none
	MaxVersion uint16   // 0: the newest
	Protocols  []string // ALPN; nil: http/1.1, empty: none
	Lenient    bool     // offer also the cipher suites that crypto/tls counts as insecure, which are all that old servers have
	Split      bool     // send the hello in two segments
	MLKEM      bool     // offer X25519MLKEM768, with which the hello is larger than a segment
}

// Handshake secures the connection. The certificates shown are recorded even when they are refused. Errors are
// failures of stage tls: certificate_* (see verifyReason), certificate_unsupported, client_certificate and those
// that begin so (see CertificateWanted), alert, not_tls, version, closed, reset, timeout, handshake; starttls_malformed, where
// something came in clear text that nobody has read; or what Own gave.
func (c *Conn) Handshake(opts *TLS) error {
	c.Record.Secure = &Secure{}
	if n := c.reader.Buffered(); n > 0 { // somebody may have put it there, and it would be read as said under TLS
		now := c.dialer.now()
		c.Record.TLS = &Span{Start: now, End: now}
		return failure.New(failure.TLS, "starttls_malformed", "%s sent %d bytes in clear text where only TLS may follow", c, n)
	}
	config := &tls.Config{
		ServerName: opts.sent(),
		MinVersion: leastVersion(opts),
		MaxVersion: opts.MaxVersion,
		NextProtos: opts.protocols(),
		// Nil are crypto/tls's own.
		CipherSuites:     opts.suites(),
		CurvePreferences: opts.curves(),
		// Verification is done below, in VerifyConnection, so that a refused certificate is still recorded.
		InsecureSkipVerify: true, //nolint:gosec // see VerifyConnection
		VerifyConnection: func(state tls.ConnectionState) error {
			refused := c.verify(state, opts)
			if opts.Insecure || c.excused(opts) {
				return nil
			}
			return refused
		},
		GetClientCertificate: func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.own(opts, asked) },
		Renegotiation:        opts.renegotiation(),
	}
	c.Record.Secure.ServerName = sni(opts.sent())
	c.secure = tls.Client(opts.carrier(c.raw), config)
	c.deadline(time.Time{})
	c.clear = c.raw.received
	c.raw.hold = c.hold
	defer func() { c.raw.hold = nil }()
	c.Record.TLS = &Span{Start: c.dialer.now()}
	err := c.secure.Handshake() //nolint:noctx // the end of c.ctx breaks reads and writes; HandshakeContext would start a goroutine for the same
	c.Record.TLS.End = c.dialer.now()
	if err != nil {
		if own := (*failure.Failure)(nil); errors.As(err, &own) { // the certificate's refusal, or what Own gave
			return own
		}
		return c.shakeFailure(err, opts)
	}
	c.stream = c.secure
	return nil
}

// leastVersion is the oldest TLS version that is offered.
func leastVersion(opts *TLS) uint16 {
	if opts.MinVersion == 0 {
		return tls.VersionTLS12
	}
	return max(opts.MinVersion, tls.VersionTLS10)
}

// sni is the name that goes out as server_name: an address never does (RFC 6066 section 3).
func sni(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return ""
	}
	return strings.TrimSuffix(name, ".")
}
