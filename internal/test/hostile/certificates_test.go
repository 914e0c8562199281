package hostile

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"sync"
	"testing"
	"time"
)

// root is an authority of our own, for what the lab's does not sign.
type root struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issuers are the one that probes trust and its namesake, which they do not.
var issuers = sync.OnceValues(func() (trusted, namesake *root) { return newRoot(), newRoot() })

func newRoot() *root {
	r := &root{key: newKey()}
	r.cert = r.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "an authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}, r.key)
	return r
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func (r *root) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.cert.Raw})
}

// sign completes a certificate for a key; a root that has none yet signs its own.
func (r *root) sign(template *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err)
	}
	template.SerialNumber = serial
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent := r.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), r.key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

// selfSigned is a server's certificate that its own key signed.
func selfSigned() tls.Certificate {
	self := &root{key: newKey()}
	cert := self.sign(leafTemplate(), self.key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: self.key, Leaf: cert}
}

func leafTemplate() *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: service}, DNSNames: []string{service}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// leaf is a server's certificate for the service, less what change does to it.
func (r *root) leaf(change func(*x509.Certificate)) tls.Certificate {
	template := leafTemplate()
	if change != nil {
		change(template)
	}
	key := newKey()
	cert := r.sign(template, key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

// showing is a healthy peer with this certificate.
func showing(t *testing.T, pair tls.Certificate) site {
	trusted, _ := issuers()
	s := at(listen(t, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, healthy))
	s.roots = trusted.pem()
	return s
}

// shows is a row's peer whose certificate is signed by the trusted authority.
func shows(change func(*x509.Certificate)) func(*testing.T) site {
	return func(t *testing.T) site {
		trusted, _ := issuers()
		return showing(t, trusted.leaf(change))
	}
}

// chained sends a certificate many times behind its own.
func chained(n int) func(*testing.T) site {
	return func(t *testing.T) site {
		trusted, namesake := issuers()
		pair := trusted.leaf(nil)
		for range n {
			pair.Certificate = append(pair.Certificate, namesake.cert.Raw)
		}
		return showing(t, pair)
	}
}

func certificates() group {
	between := func(from, to time.Duration) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
	}
	const hour = time.Hour
	return group{"Certificates", "the peer", []fault{
		{does: "shows a certificate for another name", peer: shows(func(c *x509.Certificate) { c.DNSNames = []string{"owa.contoso.test"} }), reports: everywhere("tls/certificate_name").but(sslBinding, "tls/certificate_name, binding_name_not_covered")},
		{does: "shows one without a name", peer: shows(func(c *x509.Certificate) { c.DNSNames = nil }), reports: everywhere("tls/certificate_name").but(sslBinding, "tls/certificate_name, binding_name_not_covered")},
		{does: "shows one that has expired", peer: shows(between(-2*hour, -hour)), reports: everywhere("tls/certificate_expired").but(sslBinding, "tls/certificate_expired, certificate_expiring")},
		{does: "shows one that is not valid yet", peer: shows(between(hour, 2*hour)), reports: everywhere("tls/certificate_expired").but(sslBinding, "tls/certificate_expired, certificate_not_yet_valid")},
		{does: "shows one that is not for servers", peer: shows(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), reports: everywhere("tls/certificate_usage").but(sslBinding, "tls/certificate_usage, certificate_usage_wrong")},
		{does: "shows one by an authority with a trusted one's name", peer: func(t *testing.T) site {
			_, namesake := issuers()
			return showing(t, namesake.leaf(nil))
		}, reports: everywhere("tls/certificate_authority").but(sslBinding, "tls/certificate_authority, chain_issuer_renewed")},
		{does: "shows one that it signed itself", peer: func(t *testing.T) site {
			return showing(t, selfSigned())
		}, reports: everywhere("tls/certificate_authority")},
		{does: "shows one with 2,000 names", peer: shows(func(c *x509.Certificate) {
			for i := range 2000 {
				c.DNSNames = append(c.DNSNames, fmt.Sprintf("a-long-name-of-its-own-%d.contoso.test", i))
			}
		}), reports: everywhere("success").less(smtpProber)},
		{does: "sends 100 certificates behind its own", peer: chained(100), reports: everywhere("success").less(smtpProber).but(sslBinding, "success, chain_surplus")},
		{does: "sends 1,000 certificates behind its own", peer: chained(1000), reports: everywhere("tls/handshake")},
	}}
}
