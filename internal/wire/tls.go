package wire

import (
	"crypto/sha1" //nolint:gosec // Windows names certificates by their SHA-1 thumbprint; nothing is trusted by it
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
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

	// For looking at servers rather than using them; the zero values suit every other use.
	SNI        *string  // sent in place of ServerName; a pointer to "" sends none
	MaxVersion uint16   // 0: the newest
	Protocols  []string // ALPN; nil: http/1.1, empty: none
	Lenient    bool     // offer also the cipher suites that crypto/tls counts as insecure, which are all that old servers have
}

// Certificate is what one certificate says, for a person and for metrics.
type Certificate struct {
	Subject            string    `json:"subject"`
	Issuer             string    `json:"issuer"`
	Names              []string  `json:"names,omitempty"` // DNS names and addresses of the SAN, at most maxNames
	Serial             string    `json:"serial"`          // hex
	NotBefore          time.Time `json:"not_before"`
	NotAfter           time.Time `json:"not_after"`
	SHA1               string    `json:"sha1"`   // upper-case hex without separators, as Windows shows a thumbprint
	SHA256             string    `json:"sha256"` // lower-case hex
	KeyAlgorithm       string    `json:"key_algorithm"`
	KeyBits            int       `json:"key_bits,omitempty"` // 0 where the algorithm has but one size
	SignatureAlgorithm string    `json:"signature_algorithm"`
}

// Bounds on what is kept of a chain, so that nobody's certificates fill the memory.
const (
	maxChain = 20
	maxNames = 100
	maxName  = 256  // bytes of one name; DNS allows 253
	maxDN    = 1024 // bytes of a subject or issuer
)

// Handshake secures the connection. The certificates shown are recorded even when they are refused. Errors are
// failures of stage tls: certificate_* (see verifyReason), alert, not_tls, version, closed, reset,
// timeout, handshake.
func (c *Conn) Handshake(opts *TLS) error {
	c.Record.Secure = &Secure{}
	var refused error
	config := &tls.Config{
		ServerName: opts.sent(),
		MinVersion: max(opts.MinVersion, tls.VersionTLS10),
		MaxVersion: opts.MaxVersion,
		NextProtos: opts.protocols(),
		// Nil are crypto/tls's own.
		CipherSuites:     opts.suites(),
		CurvePreferences: curves,
		// Verification is done below, in VerifyConnection, so that a refused certificate is still recorded.
		InsecureSkipVerify: true, //nolint:gosec // see VerifyConnection
		VerifyConnection: func(state tls.ConnectionState) error {
			refused = c.verify(state, opts)
			if opts.Insecure || c.excused(opts) {
				return nil
			}
			return refused
		},
	}
	if opts.MinVersion == 0 {
		config.MinVersion = tls.VersionTLS12
	}
	c.Record.Secure.ServerName = sni(opts.sent())
	c.secure = tls.Client(c.raw, config)
	c.deadline(time.Time{})
	c.Record.TLS = &Span{Start: c.dialer.now()}
	err := c.secure.Handshake() //nolint:noctx // the end of c.ctx breaks reads and writes; HandshakeContext would start a goroutine for the same
	c.Record.TLS.End = c.dialer.now()
	if err != nil {
		if refused != nil && errors.Is(err, refused) {
			return refused
		}
		return failure.New(failure.TLS, handshakeReason(err), "TLS handshake with %s: %w", c, err)
	}
	c.stream = c.secure
	return nil
}

// curves are crypto/tls's without ML-KEM, whose key share makes the hello larger than a packet. Boxes that read a hello's
// first packet only (https://tldr.fail) would refuse the probe, and let clients with a small one through. It also saves a
// third of a handshake's processor time.
var curves = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

// sni is the name that goes out as server_name: an address never does (RFC 6066 section 3).
func sni(name string) string {
	if _, err := netip.ParseAddr(name); err == nil {
		return ""
	}
	return strings.TrimSuffix(name, ".")
}

// verify records what was shown and judges it.
func (c *Conn) verify(state tls.ConnectionState, opts *TLS) error {
	s := c.Record.Secure
	s.Version, s.Cipher, s.ALPN = tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite), state.NegotiatedProtocol
	for i, cert := range state.PeerCertificates {
		if i == maxChain {
			break
		}
		s.Chain = append(s.Chain, describe(cert))
	}
	c.peer = Peer{Certificates: state.PeerCertificates[:len(s.Chain)], Staple: state.OCSPResponse}
	if len(state.PeerCertificates) == 0 {
		return failure.New(failure.TLS, "certificate_missing", "TLS handshake with %s: the server showed no certificate", c)
	}
	c.leaf = state.PeerCertificates[0]
	if slices.Contains(opts.Pins, s.Chain[0].SHA256) {
		s.Verified = true
		return nil
	}
	cause := verifyChain(state.PeerCertificates, opts)
	if cause == nil {
		s.Verified = true
		return nil
	}
	err := failure.New(failure.TLS, verifyReason(cause), "TLS handshake with %s: the certificate (%s) was refused: %w%s", c, s.Chain[0].Subject, cause, hint(cause))
	s.VerifyError, c.peer.Refused = err.Error(), err
	return err
}

// excused tells whether the certificate that was refused is taken all the same.
func (c *Conn) excused(opts *TLS) bool {
	return opts.Excuse != nil && c.leaf != nil && c.peer.Refused != nil && opts.Excuse(c.leaf, c.peer.Refused)
}

// errNoName keeps crypto/x509 from leaving the name out of the verification when there is none.
var errNoName = errors.New("there is no name that the certificate must cover")

func verifyChain(chain []*x509.Certificate, opts *TLS) error {
	if opts.ServerName == "" {
		return errNoName
	}
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{DNSName: opts.ServerName, Roots: opts.Roots, Intermediates: intermediates})
	return err
}

// hint is what to do about a refusal that does not say so itself; it begins with a semicolon.
func hint(cause error) string {
	if verifyReason(cause) != "certificate_authority" {
		return ""
	}
	return "; name the authority in tls_config.ca_file where it is the site's own, else a probe by ssl_binding shows what the server sends"
}

// verifyReason names why a certificate was refused.
func verifyReason(err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &host):
		return "certificate_name"
	case errors.As(err, &unknown):
		return "certificate_authority"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "certificate_expired"
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "certificate_usage"
	}
	return "certificate_invalid"
}

func describe(cert *x509.Certificate) Certificate {
	names := slices.Clone(cert.DNSNames[:min(len(cert.DNSNames), maxNames)])
	for i := range names {
		names[i] = plain.Cut(names[i], maxName)
	}
	for _, ip := range cert.IPAddresses {
		if len(names) >= maxNames {
			break
		}
		names = append(names, ip.String())
	}
	one := sha1.Sum(cert.Raw) //nolint:gosec // see the import
	two := sha256.Sum256(cert.Raw)
	return Certificate{
		Subject: plain.Cut(cert.Subject.String(), maxDN), Issuer: plain.Cut(cert.Issuer.String(), maxDN), Names: names,
		Serial: cert.SerialNumber.Text(16), NotBefore: cert.NotBefore, NotAfter: cert.NotAfter,
		SHA1: strings.ToUpper(hex.EncodeToString(one[:])), SHA256: hex.EncodeToString(two[:]),
		KeyAlgorithm: cert.PublicKeyAlgorithm.String(), KeyBits: keyBits(cert.PublicKey), SignatureAlgorithm: cert.SignatureAlgorithm.String(),
	}
}
