package lab

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Authority is a certificate authority that lives as long as the process: nothing outside the lab ever trusts it.
type Authority struct {
	Lists []string // URLs of its revocation lists, for the certificates to name; none to begin with

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority with a fresh ECDSA P-256 key.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the lab authority's key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "ews_exporter lab authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing the lab authority's certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the lab authority's certificate back: %w", err)
	}
	return &Authority{cert: cert, key: key}, nil
}

// PEM is the authority's certificate, as a module's ca_file wants it; nothing for none.
func (a *Authority) PEM() []byte {
	if a == nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Pool holds the authority alone, for a client's RootCAs.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Certificate is the authority's, and Key signs for it: for lists of what it has revoked, and the like.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// Key is that of Certificate.
func (a *Authority) Key() crypto.Signer { return a.key }

// Issue makes a server certificate (ECDSA P-256) for names, which may be IP addresses, valid until notAfter. The
// chain holds the leaf alone, because clients of the lab know the authority.
func (a *Authority) Issue(notAfter time.Time, names ...string) (tls.Certificate, error) {
	return a.IssueAs(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = notAfter.AddDate(-1, 0, 0), notAfter }, names...)
}

// IssueAs is Issue for a certificate that change has to its liking, valid for half a year; nil changes nothing.
func (a *Authority) IssueAs(change func(*x509.Certificate), names ...string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a lab server's key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a lab certificate's serial number: %w", err)
	}
	template := a.template(serial, names)
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("signing a lab certificate for %v: %w", names, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("reading a lab certificate for %v back: %w", names, err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}

func (a *Authority) template(serial *big.Int, names []string) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    time.Now().AddDate(0, -6, 0),
		NotAfter:     time.Now().AddDate(0, 6, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		CRLDistributionPoints: a.Lists,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
			continue
		}
		template.DNSNames = append(template.DNSNames, name)
		if template.Subject.CommonName == "" {
			template.Subject.CommonName = name
		}
	}
	return template
}

// ServerConfig is the TLS side of a lab server: a certificate for the lab's names, and HTTP/1.1 alone, because
// Expect: 100-continue as the lab plays it is a matter of HTTP/1.1.
func (a *Authority) ServerConfig() (*tls.Config, error) {
	leaf, err := a.Issue(time.Now().AddDate(0, 6, 0), Names()...)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates: []tls.Certificate{leaf},
		NextProtos:   []string{"http/1.1"},
		MinVersion:   tls.VersionTLS12,
	}, nil
}

// Names are what the lab's certificates cover.
func Names() []string {
	return []string{"mail.contoso.test", "autodiscover.contoso.test", "localhost", "127.0.0.1", "::1"}
}
