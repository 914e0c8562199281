package wire

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// KeyError is an RSA key that is larger than crypto/tls takes.
type KeyError struct{ Bits int }

func (e *KeyError) Error() string {
	return fmt.Sprintf("an RSA key of %d bits, and crypto/tls takes %d at most", e.Bits, maxKey)
}

// readLenient reads of a certificate (RFC 5280 section 4.1) what a person wants to know, without the judgement of
// crypto/x509: which serial numbers, curves and extensions there may be. Nothing is verified by it. Nil when it is none.
func readLenient(raw []byte) *x509.Certificate {
	input := cryptobyte.String(raw)
	var whole, outer, tbs cryptobyte.String
	if !input.ReadASN1Element(&whole, der.SEQUENCE) {
		return nil
	}
	cert := &x509.Certificate{Raw: whole, SerialNumber: new(big.Int)}
	if !whole.ReadASN1(&outer, der.SEQUENCE) || !outer.ReadASN1Element(&tbs, der.SEQUENCE) {
		return nil
	}
	cert.RawTBSCertificate = tbs
	if !tbs.ReadASN1(&tbs, der.SEQUENCE) || !readNames(&tbs, cert) {
		return nil
	}
	readKey(&tbs, cert)
	readAlternatives(&tbs, cert)
	return cert
}

// readNames reads as far as the subject.
func readNames(tbs *cryptobyte.String, cert *x509.Certificate) bool {
	var algorithm, validity, issuer, subject, serial cryptobyte.String
	ok := tbs.SkipOptionalASN1(der.Tag(0).Constructed().ContextSpecific()) &&
		tbs.ReadASN1(&serial, der.INTEGER) &&
		tbs.ReadASN1(&algorithm, der.SEQUENCE) &&
		tbs.ReadASN1Element(&issuer, der.SEQUENCE) &&
		tbs.ReadASN1(&validity, der.SEQUENCE) &&
		readTime(&validity, &cert.NotBefore) && readTime(&validity, &cert.NotAfter) &&
		tbs.ReadASN1Element(&subject, der.SEQUENCE)
	if !ok {
		return false
	}
	cert.SerialNumber = signed(serial)
	cert.RawIssuer, cert.RawSubject = issuer, subject
	cert.Issuer, cert.Subject = readName(issuer), readName(subject)
	var oid asn1.ObjectIdentifier
	if algorithm.ReadASN1ObjectIdentifier(&oid) {
		cert.SignatureAlgorithm = signatureNames[oid.String()]
	}
	return true
}

// signed reads a number in two's complement (X.690 section 8.3).
func signed(content []byte) *big.Int {
	n := new(big.Int).SetBytes(content)
	if len(content) > 0 && content[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(content))*8))
	}
	return n
}

func readTime(s *cryptobyte.String, t *time.Time) bool {
	if s.PeekASN1Tag(der.UTCTime) {
		return s.ReadASN1UTCTime(t)
	}
	return s.ReadASN1GeneralizedTime(t)
}

func readName(raw []byte) (name pkix.Name) {
	var parts pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &parts); err == nil {
		name.FillFromRDNSequence(&parts)
	}
	return name
}

// signatureNames are the algorithms by which certificates are signed, by object identifier (RFC 8017, RFC 5758, RFC 8410).
var signatureNames = map[string]x509.SignatureAlgorithm{
	"1.2.840.113549.1.1.4": x509.MD5WithRSA, "1.2.840.113549.1.1.5": x509.SHA1WithRSA, "1.2.840.113549.1.1.11": x509.SHA256WithRSA,
	"1.2.840.113549.1.1.12": x509.SHA384WithRSA, "1.2.840.113549.1.1.13": x509.SHA512WithRSA, "1.2.840.10045.4.1": x509.ECDSAWithSHA1,
	"1.2.840.10045.4.3.2": x509.ECDSAWithSHA256, "1.2.840.10045.4.3.3": x509.ECDSAWithSHA384, "1.2.840.10045.4.3.4": x509.ECDSAWithSHA512,
	"1.3.101.112": x509.PureEd25519,
}

// readKey reads the key, where it is of a kind that crypto/x509 knows, else what kind it is.
func readKey(tbs *cryptobyte.String, cert *x509.Certificate) {
	var info, inner, algorithm cryptobyte.String
	if !tbs.ReadASN1Element(&info, der.SEQUENCE) {
		return
	}
	cert.RawSubjectPublicKeyInfo = info
	if key, err := x509.ParsePKIXPublicKey(info); err == nil {
		cert.PublicKey = key
	}
	var oid asn1.ObjectIdentifier
	if info.ReadASN1(&inner, der.SEQUENCE) && inner.ReadASN1(&algorithm, der.SEQUENCE) && algorithm.ReadASN1ObjectIdentifier(&oid) {
		cert.PublicKeyAlgorithm = keyNames[oid.String()]
	}
}

var keyNames = map[string]x509.PublicKeyAlgorithm{
	"1.2.840.113549.1.1.1": x509.RSA, "1.2.840.10040.4.1": x509.DSA, "1.2.840.10045.2.1": x509.ECDSA, "1.3.101.112": x509.Ed25519,
}

// alternatives is the extension with the names that a certificate covers (RFC 5280 section 4.2.1.6).
var alternatives = asn1.ObjectIdentifier{2, 5, 29, 17}

// readAlternatives reads the names that the certificate covers: DNS names and addresses, at most maxNames.
func readAlternatives(tbs *cryptobyte.String, cert *x509.Certificate) {
	var tagged, list, one, content, names, name cryptobyte.String
	tbs.SkipOptionalASN1(der.Tag(1).ContextSpecific()) // unique identifiers, which nobody uses
	tbs.SkipOptionalASN1(der.Tag(2).ContextSpecific())
	if !tbs.ReadASN1(&tagged, der.Tag(3).Constructed().ContextSpecific()) || !tagged.ReadASN1(&list, der.SEQUENCE) {
		return
	}
	for list.ReadASN1(&one, der.SEQUENCE) {
		var oid asn1.ObjectIdentifier
		if !one.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(alternatives) {
			continue
		}
		one.SkipOptionalASN1(der.BOOLEAN)
		if !one.ReadASN1(&content, der.OCTET_STRING) || !content.ReadASN1(&names, der.SEQUENCE) {
			return
		}
		var tag der.Tag
		for len(cert.DNSNames)+len(cert.IPAddresses) < maxNames && names.ReadAnyASN1(&name, &tag) {
			switch {
			case tag == der.Tag(2).ContextSpecific():
				cert.DNSNames = append(cert.DNSNames, string(name))
			case tag == der.Tag(7).ContextSpecific() && (len(name) == net.IPv4len || len(name) == net.IPv6len):
				cert.IPAddresses = append(cert.IPAddresses, net.IP(name))
			}
		}
		return
	}
}
