package wire

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // Windows names certificates by their SHA-1 thumbprint; nothing is trusted by it
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// Certificate is what one certificate says, for a person and for metrics.
type Certificate struct {
	Subject            string    `json:"subject"`
	Issuer             string    `json:"issuer"`
	Names              []string  `json:"names,omitempty"` // DNS names and addresses of the SAN, at most maxNames
	Serial             string    `json:"serial"`          // hex, at most maxSerial
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

	maxSerial = 64 // bytes in hex; RFC 5280 section 4.1.2.2 allows 20 octets
)

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
		Serial: plain.Cut(cert.SerialNumber.Text(16), maxSerial), NotBefore: cert.NotBefore, NotAfter: cert.NotAfter,
		SHA1: strings.ToUpper(hex.EncodeToString(one[:])), SHA256: hex.EncodeToString(two[:]),
		KeyAlgorithm: cert.PublicKeyAlgorithm.String(), KeyBits: keyBits(cert.PublicKey), SignatureAlgorithm: cert.SignatureAlgorithm.String(),
	}
}

// KeyBits is the size of a certificate's RSA or elliptic key, 0 for others.
func KeyBits(cert *x509.Certificate) int { return keyBits(cert.PublicKey) }

// keyBits is the size of an RSA or elliptic key, 0 for others, which have but one size.
func keyBits(key any) int {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen()
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize
	}
	return 0
}
