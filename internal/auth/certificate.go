package auth

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Certificate is where a client's certificate and its private key are kept, both in PEM. They are read anew for each probe.
type Certificate struct {
	CertFile string // the certificate, and what leads from it to its authority
	KeyFile  string
}

// maxPEM is the most bytes that either file may hold.
const maxPEM = 1 << 20

// The files in which a mistake lies.
var (
	ErrCertFile = errors.New("cert_file")
	ErrKeyFile  = errors.New("key_file")
)

// fileError is a mistake in one of the two files. It names neither, and quotes nothing of them.
type fileError struct{ file, cause error }

func (e *fileError) Error() string   { return e.cause.Error() }
func (e *fileError) Unwrap() []error { return []error{e.file, e.cause} }

// Read reads both files. The error is ErrCertFile or ErrKeyFile beside what is wrong with it, and names no path.
func (c *Certificate) Read() (*tls.Certificate, error) {
	shown, _, err := readCertificates(c.CertFile)
	if err != nil {
		return nil, &fileError{ErrCertFile, err}
	}
	key, err := secret.ReadFile(c.KeyFile, maxPEM)
	if err == nil {
		err = plainKey(key)
	}
	if err != nil {
		return nil, &fileError{ErrKeyFile, err}
	}
	pair, err := tls.X509KeyPair(shown, key)
	switch {
	case err == nil:
		return &pair, nil
	case strings.Contains(err.Error(), "does not match"): // crypto/tls has no type for it
		err = errors.New("it is the key of another certificate than the one in cert_file")
	default:
		err = errors.New("it holds no private key that can be read: RSA, elliptic or Ed25519, in PKCS #8, PKCS #1 or SEC 1")
	}
	return nil, &fileError{ErrKeyFile, err}
}

// Leaf reads the certificate alone.
func (c *Certificate) Leaf() (*x509.Certificate, error) {
	_, leaf, err := readCertificates(c.CertFile)
	return leaf, err
}

// readCertificates reads a file that begins with a client's certificate.
func readCertificates(path string) ([]byte, *x509.Certificate, error) {
	text, err := secret.ReadFile(path, maxPEM)
	if err != nil {
		return nil, nil, err
	}
	rest := text
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, nil, errors.New(`it holds no certificate in PEM ("-----BEGIN CERTIFICATE-----")`)
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, errors.New("its first certificate is malformed")
		}
		return text, leaf, nil
	}
}

// plainKey says why a text has no key that can be used as it is.
func plainKey(text []byte) error {
	for {
		block, rest := pem.Decode(text)
		switch {
		case block == nil:
			return errors.New(`it holds no private key in PEM ("-----BEGIN PRIVATE KEY-----")`)
		case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
			return errors.New("the key is encrypted, and there is nobody to ask for its passphrase: save it without (openssl pkey), readable by the exporter alone")
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil
		}
		text = rest
	}
}

// Soon is how long before its end a client's certificate is warned of.
const Soon = 30 * 24 * time.Hour

// Doubts says what servers will refuse about the certificate, now or soon; empty for nothing.
func Doubts(leaf *x509.Certificate, now time.Time) (doubts []string) {
	day := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
	switch {
	case now.After(leaf.NotAfter):
		doubts = append(doubts, "the certificate expired "+day(leaf.NotAfter)+": servers refuse it; renew it, both files are read anew by themselves")
	case now.Before(leaf.NotBefore):
		doubts = append(doubts, "the certificate is not valid before "+day(leaf.NotBefore)+": servers refuse it until then")
	case leaf.NotAfter.Sub(now) < Soon:
		doubts = append(doubts, "the certificate expires "+day(leaf.NotAfter)+": renew it, both files are read anew by themselves")
	}
	client := slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageClientAuth) || slices.Contains(leaf.ExtKeyUsage, x509.ExtKeyUsageAny)
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) > 0 && !client {
		doubts = append(doubts, "the certificate names what it may be used for, and client authentication (1.3.6.1.5.5.7.3.2) is not among it: servers refuse it")
	}
	return doubts
}

// Own is the client's certificate for a target, to be shown where the server asks for one: nil where the credential has none, or
// where it may not go there at all.
func (c Credential) Own(module string, t target.Target, read func() (*tls.Certificate, error)) func(name string, pinned bool) (*tls.Certificate, error) {
	if c.Certificate == nil || c.Permit(module, t) != nil {
		return nil
	}
	return func(name string, pinned bool) (*tls.Certificate, error) {
		if refused := c.PermitConnection(t, Peer{Verified: true, Name: name, Pinned: pinned}); refused != nil {
			return nil, nil //nolint:nilnil,nilerr // none, as for a server that is not listed
		}
		return read()
	}
}

// OwnCertificate reads the client's certificate. Read it once per probe.
func (c Credential) OwnCertificate() (*tls.Certificate, error) {
	own, err := c.Certificate.Read()
	switch {
	case errors.Is(err, ErrCertFile):
		return nil, failure.New(failure.Auth, SecretUnreadable, "cert_file of the auth %s cannot be had: %w", c.Name, err)
	case err != nil:
		return nil, failure.New(failure.Auth, SecretUnreadable, "key_file of the auth %s cannot be had: %w", c.Name, err)
	}
	return own, nil
}

// LogsOn tells whether the credential answers challenges. One with a certificate alone does not.
func (c Credential) LogsOn() bool { return len(c.Schemes) > 0 }
