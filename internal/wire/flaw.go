package wire

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// FlawKind is what keeps a chain from being verified.
type FlawKind string

// The kinds of flaws. What has no kind is told by the refusal's own words.
const (
	IssuerMissing FlawKind = "issuer_missing" // the issuer is neither sent nor known
	IssuerKey     FlawKind = "issuer_key"     // a certificate has the issuer's name, and another key
	IssuerNoCA    FlawKind = "issuer_no_ca"   // the certificate of the issuer may not certify others
	SignatureWeak FlawKind = "signature_weak" // a signature is made with SHA-1 or MD5
	Untrusted     FlawKind = "untrusted"      // what is sent is complete, and its root is not known
	Constrained   FlawKind = "constrained"    // an issuer may not certify this name, or no authority below it
	Usage         FlawKind = "usage"          // a certificate is not for servers
	Expired       FlawKind = "expired"
	NotYetValid   FlawKind = "not_yet_valid"
)

// Flaw is what keeps a chain from being verified, and where.
type Flaw struct {
	Kind FlawKind
	At   *x509.Certificate // whose issuer, signature, dates, name or usage it is about
	By   *x509.Certificate // the certificate that was sent under the issuer's name; nil without one
}

// String says what is the matter, in half a sentence.
func (f *Flaw) String() string {
	at := "the certificate (" + Title(f.At) + ")"
	switch f.Kind {
	case IssuerMissing:
		return fmt.Sprintf("the issuer of %s, %s, is neither sent nor known here", at, distinguished(f.At.RawIssuer, f.At.Issuer.String()))
	case IssuerKey:
		issuer := distinguished(f.At.RawIssuer, f.At.Issuer.String())
		if f.By != nil {
			return fmt.Sprintf("the certificate of %s that is sent has another key than the one that signed %s, as after a renewal of that authority: the server must send the one that fits", issuer, at)
		}
		return fmt.Sprintf("an authority %s is known here, and it has another key than the one that signed %s, as after a renewal of that authority: let clients, and tls_config.ca_file here, know its new certificate too", issuer, at)
	case IssuerNoCA:
		return fmt.Sprintf("%s signed %s, and is no authority: basic constraints and key usage must allow that", Title(f.By), at)
	case SignatureWeak:
		return fmt.Sprintf("%s is signed with %s, which clients refuse: it must be issued anew, with SHA-256", at, f.At.SignatureAlgorithm)
	case Untrusted:
		return fmt.Sprintf("the chain is complete and ends with %s, which is not known here", Title(f.At))
	case Constrained:
		return fmt.Sprintf("the authority %s is limited in what it may certify, and this is beyond it", Title(f.At))
	case Usage:
		return fmt.Sprintf("the usages that %s allows leave out servers", at)
	case Expired:
		return fmt.Sprintf("%s expired on %s", at, f.At.NotAfter.UTC().Format(time.RFC3339))
	case NotYetValid:
		return fmt.Sprintf("%s is valid from %s on only", at, f.At.NotBefore.UTC().Format(time.RFC3339))
	}
	return string(f.Kind)
}

// diagnose finds what made a verification fail; path is how far what was sent reaches. Nil where the cause says it all.
func diagnose(path, sent []*x509.Certificate, roots *x509.CertPool, cause error) *Flaw {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(cause, new(x509.UnknownAuthorityError)):
		return authorityFlaw(path, sent, roots, cause)
	case !errors.As(cause, &invalid):
		return nil
	case invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return &Flaw{Kind: NotYetValid, At: invalid.Cert}
	case invalid.Reason == x509.Expired:
		return &Flaw{Kind: Expired, At: invalid.Cert}
	case invalid.Reason == x509.IncompatibleUsage:
		return &Flaw{Kind: Usage, At: firstOf(path, notForServers)}
	case invalid.Reason == x509.CANotAuthorizedForThisName || invalid.Reason == x509.TooManyIntermediates:
		return &Flaw{Kind: Constrained, At: firstOf(path[min(1, len(path)-1):], constrains)}
	case invalid.Reason == x509.NotAuthorizedToSign && len(path) > 1:
		i := max(1, slices.IndexFunc(path, invalid.Cert.Equal))
		return &Flaw{Kind: IssuerNoCA, At: path[i-1], By: path[i]}
	}
	return nil
}

// firstOf is the first certificate of a path that has a property, its last where none has: an authority that was not sent
// has it then.
func firstOf(path []*x509.Certificate, has func(*x509.Certificate) bool) *x509.Certificate {
	if i := slices.IndexFunc(path, has); i >= 0 {
		return path[i]
	}
	return path[len(path)-1]
}

func notForServers(cert *x509.Certificate) bool {
	return len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) > 0 &&
		!slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageServerAuth) && !slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny)
}

func constrains(cert *x509.Certificate) bool {
	names := len(cert.PermittedDNSDomains) + len(cert.ExcludedDNSDomains) + len(cert.PermittedIPRanges) + len(cert.ExcludedIPRanges)
	return names > 0 || cert.MaxPathLen > 0 || cert.MaxPathLenZero
}

// authorityFlaw tells why the end of a path leads to no authority: by what was sent, and what is known, under the name of its
// issuer.
func authorityFlaw(path, sent []*x509.Certificate, roots *x509.CertPool, cause error) *Flaw {
	top := path[len(path)-1]
	weak := slices.Contains(weakSignatures, top.SignatureAlgorithm)
	if SelfSigned(top) {
		if len(path) > 1 && named(roots, top.RawSubject) {
			return &Flaw{Kind: IssuerKey, At: path[len(path)-2]}
		}
		return &Flaw{Kind: Untrusted, At: top}
	}
	for _, by := range sent {
		if !bytes.Equal(by.RawSubject, top.RawIssuer) || slices.ContainsFunc(path, by.Equal) {
			continue
		}
		switch err := top.CheckSignatureFrom(by); {
		case errors.As(err, new(x509.ConstraintViolationError)) && by.CheckSignature(top.SignatureAlgorithm, top.RawTBSCertificate, top.Signature) == nil:
			return &Flaw{Kind: IssuerNoCA, At: top, By: by}
		case weak:
			return &Flaw{Kind: SignatureWeak, At: top, By: by}
		case otherKey(err):
			return &Flaw{Kind: IssuerKey, At: top, By: by}
		}
		return nil // a key or an algorithm that crypto/x509 does not take, as the cause says
	}
	switch known := named(roots, top.RawIssuer); {
	case known && weak:
		return &Flaw{Kind: SignatureWeak, At: top}
	case known && otherKey(cause):
		return &Flaw{Kind: IssuerKey, At: top}
	case known:
		return nil
	}
	return &Flaw{Kind: IssuerMissing, At: top}
}

// otherKey tells whether a signature was checked and found not to be made by the key. Of the algorithms one alone has an error
// with a type, and UnknownAuthorityError shows what is beneath it in its text alone.
func otherKey(err error) bool {
	words := []string{"verification error", "verification failure", "but have public key of type"}
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(err.Error(), w) })
}

// weakSignatures are those that crypto/x509 refuses, and browsers since 2017.
var weakSignatures = []x509.SignatureAlgorithm{x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1}

// named tells whether an authority of this name is known; nil stands for the system's.
func named(roots *x509.CertPool, subject []byte) bool {
	if roots == nil {
		var err error
		if roots, err = x509.SystemCertPool(); err != nil {
			return false
		}
	}
	//nolint:staticcheck // deprecated for Windows and macOS, whose own authorities it leaves out: then none is known by name
	return slices.ContainsFunc(roots.Subjects(), func(known []byte) bool { return bytes.Equal(known, subject) })
}

// maxChecks bounds the signatures that are checked to find a path: 20 certificates of one name could cost 400.
const maxChecks = 50

// Climb goes from the leaf upwards through what was sent, as far as that reaches. Of several certificates of an issuer it
// takes the one that lasts longest.
func Climb(sent []*x509.Certificate) []*x509.Certificate {
	checks := 0
	path := sent[:1:1]
	for !SelfSigned(path[len(path)-1]) {
		last := path[len(path)-1]
		var next *x509.Certificate
		for _, cert := range sent {
			if !bytes.Equal(cert.RawSubject, last.RawIssuer) || slices.ContainsFunc(path, cert.Equal) || checks == maxChecks ||
				next != nil && !cert.NotAfter.After(next.NotAfter) {
				continue
			}
			checks++
			if last.CheckSignatureFrom(cert) == nil {
				next = cert
			}
		}
		if next == nil {
			break
		}
		path = append(path, next)
	}
	return path
}

// SelfSigned tells whether a certificate is signed by the key that it is for: neither is one whose issuer has but the same
// name, nor does it matter how well it is signed.
func SelfSigned(cert *x509.Certificate) bool {
	if !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
		return false
	}
	err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature)
	var insecure x509.InsecureAlgorithmError
	return err == nil || errors.As(err, &insecure) || errors.Is(err, x509.ErrUnsupportedAlgorithm)
}

// Title names a certificate for a person: by its subject, else by the names that it covers, else by its thumbprint, as
// Windows shows it.
func Title(cert *x509.Certificate) string {
	d := describe(cert)
	return d.Title()
}

// Title names the certificate for a person, see Title.
func (c *Certificate) Title() string {
	switch {
	case c.Subject != "":
		return c.Subject
	case len(c.Names) > 0:
		return "without a subject, for " + strings.Join(c.Names[:min(len(c.Names), 3)], ", ")
	}
	return "without a subject, " + c.SHA1
}

// distinguished is a name for a person; an empty one is said to be.
func distinguished(raw []byte, name string) string {
	if len(raw) <= emptyName {
		return "an authority with an empty name"
	}
	return name
}

// emptyName is the length of an empty sequence, which a name without parts is.
const emptyName = 2
