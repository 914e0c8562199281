package sslbinding

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// serverPorts are those that servers send mail to, and no person's client asks (Microsoft Learn, "Receive connectors").
var serverPorts = []uint16{25, 717, 2525}

// findPicky tells what some clients refuse in a certificate that others accept, and who. Where none would accept it, or no
// person's client connects, nobody is kept out by that.
func (p *probe) findPicky(g group) {
	b := g.doors[0]
	leaf := b.peer.Certificates[0]
	if why := b.peer.Unsupported; why != nil {
		p.find(CertificateUnsupported, p.ifRefused(b), "The certificate %s, or one above it, has what programs written in Go refuse (%v), the exporter's own probes among them. Other clients may take it.", g, why)
	}
	p.findKeys(g)
	asked := slices.ContainsFunc(g.doors, func(b *binding) bool { return !slices.Contains(serverPorts, b.address.Port()) })
	if b.peer.Refused != nil || len(b.peer.Paths) == 0 || !asked {
		return
	}
	if most, who := longest(leaf); most > 0 && leaf.NotAfter.Sub(leaf.NotBefore) > most+day {
		p.find(CertificateLasting, warning, "The certificate %s is valid for %d days, and %s refuse more than %d.", g, days(leaf.NotAfter.Sub(leaf.NotBefore)), who, days(most))
	}
	if len(leaf.ExtKeyUsage)+len(leaf.UnknownExtKeyUsage) == 0 && !leaf.NotBefore.Before(appleRules) {
		p.find(CertificateNoUsage, warning, "The certificate %s names no extended key usage: phones, tablets and computers of Apple refuse a server's that does not name server authentication.", g)
	}
	if pss := slices.IndexFunc(b.chain.path, probabilistic); pss >= 0 {
		p.find(CertificatePSS, warning, "The certificate %s is signed with RSASSA-PSS (%s; AD CS calls it the alternate signature format): Firefox and many devices refuse that in certificates.", g, wire.Title(b.chain.path[pss]))
	}
	if len(b.peer.Staple) == 0 && mustStaple(leaf) {
		p.find(CertificateUnstapled, warning, "The certificate %s demands that the server staples an OCSP response (must-staple), and it sends none: Firefox refuses that.", g)
	}
}

// findKeys tells of keys that are short, or of a kind that few clients have.
func (p *probe) findKeys(g group) {
	b := g.doors[0]
	for i, cert := range b.chain.path {
		if i > 0 && wire.SelfSigned(cert) {
			break // clients trust a root for being there
		}
		which := "The certificate " + g.String()
		if i > 0 {
			which = fmt.Sprintf("The authority %s, above the certificate %s,", wire.Title(cert), g)
		}
		if bits := wire.KeyBits(cert); bits > 0 && cert.PublicKeyAlgorithm == x509.RSA && bits < p.MinKeyBits {
			p.find(CertificateWeak, warning, "%s has an RSA key of %d bits, and %d are wanted%s.", which, bits, p.MinKeyBits, refusing(bits))
		}
		if kind := unusual(cert); kind != "" {
			p.find(CertificateKeyUnusual, warning, "%s has %s: browsers, phones and Windows have RSA and the curves P-256, P-384 and P-521 in common, and refuse most others.", which, kind)
		}
	}
}

// refusing says who refuses an RSA key of so many bits.
func refusing(bits int) string {
	if bits < 2048 {
		return ": Apple's devices refuse fewer than 2048, and so does OpenSSL at the level of security that most systems set"
	}
	return ""
}

// unusual names the kind of a key that few clients have, "" for others.
func unusual(cert *x509.Certificate) string {
	switch key := cert.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P224() {
			return "a key on the curve P-224"
		}
	case ed25519.PublicKey:
		return "an Ed25519 key"
	case nil:
		switch cert.PublicKeyAlgorithm {
		case x509.ECDSA:
			return "a key on a curve of its own kind (brainpool or secp256k1, say)"
		case x509.DSA, x509.UnknownPublicKeyAlgorithm:
			return "a key of an unknown kind"
		}
	}
	if cert.PublicKeyAlgorithm == x509.DSA {
		return "a DSA key"
	}
	return ""
}

const day = 24 * time.Hour

func days(d time.Duration) int { return int(math.Round(d.Hours() / 24)) }

// Certificates issued from these days on are refused by Apple's systems when they are valid for longer than 825 days, whoever
// issued them, or name no usage (Apple, HT103769 "Requirements for trusted certificates in iOS 13 and macOS 10.15"), and those
// of public authorities, by Chrome too, when for longer than 398 (Apple, HT102028; Chrome Root Program).
var (
	appleRules  = time.Date(2019, 7, 1, 0, 0, 0, 0, time.UTC)
	publicRules = time.Date(2020, 9, 1, 0, 0, 0, 0, time.UTC)
)

// longest is how long a certificate may be valid, and for whom; 0 for those from before there were rules. Only public
// authorities embed what the logs of certificate transparency signed.
func longest(leaf *x509.Certificate) (most time.Duration, who string) {
	switch {
	case leaf.NotBefore.Before(appleRules):
		return 0, ""
	case has(leaf, transparency) && !leaf.NotBefore.Before(publicRules):
		return 398 * day, "Apple's devices and Chrome"
	}
	return 825 * day, "Apple's devices"
}

// Extensions (RFC 6962 section 3.3, RFC 7633).
var (
	transparency = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
	features     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}
)

func has(cert *x509.Certificate, extension asn1.ObjectIdentifier) bool {
	for _, e := range cert.Extensions {
		if e.Id.Equal(extension) {
			return true
		}
	}
	return false
}

// mustStaple tells whether a certificate demands status_request, number 5.
func mustStaple(cert *x509.Certificate) bool {
	for _, e := range cert.Extensions {
		var demanded []int
		if e.Id.Equal(features) {
			_, err := asn1.Unmarshal(e.Value, &demanded)
			return err == nil && slices.Contains(demanded, 5)
		}
	}
	return false
}

func probabilistic(cert *x509.Certificate) bool {
	return slices.Contains([]x509.SignatureAlgorithm{x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS}, cert.SignatureAlgorithm) &&
		!bytes.Equal(cert.RawIssuer, cert.RawSubject)
}

// findHandshakes tells of handshakes that clients have not, or not all, and of what the server wants in them.
func (p *probe) findHandshakes(seen []*binding) {
	old, hello := map[string][]*binding{}, map[string][]*binding{}
	for _, b := range seen {
		if b.unshaken != nil && b.peer.Unsupported == nil && p.certificateSuits(b) {
			text := strings.Join(b.suites, ", ")
			old[text] = append(old[text], b)
		}
		for _, h := range b.hellos {
			hello[h] = append(hello[h], b)
		}
	}
	for _, suites := range sorted(old) {
		p.find(SuitesOld, warning, "At %s no cipher suite is in common with clients of today: programs written in Go, the other probes among them, are answered handshake_failure, and so are browsers or phones. The server has only %s.", places(old[suites]), orUnknown(suites))
	}
	for _, h := range sorted(hello) {
		p.find(HelloUnanswered, warning, "At %s a hello %s is not answered, and the plain one is: a box there reads only the first packet of a hello. Browsers send hellos of that size since they offer ML-KEM.", places(hello[h]), h)
	}
	p.findAsking(seen)
}

func orUnknown(suites string) string {
	if suites == "" {
		return "others, which could not be listed"
	}
	return suites
}

// certificateSuits tells whether it is not the certificate's key that leaves no cipher suite in common.
func (p *probe) certificateSuits(b *binding) bool {
	leaf := b.peer.Certificates[0]
	return unusual(leaf) == "" && (leaf.PublicKeyAlgorithm != x509.RSA || wire.KeyBits(leaf) >= 1024)
}
