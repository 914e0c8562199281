package script

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Authority is that of all scripted peers; making one takes time.
var Authority = sync.OnceValue(newAuthority)

// Namesake is one of the same name that nobody trusts.
var Namesake = sync.OnceValue(newAuthority)

func newAuthority() *lab.Authority {
	a, err := lab.NewAuthority()
	if err != nil {
		panic(err)
	}
	return a
}

// TLS is what the lab's servers have.
func TLS(t lab.TB) *tls.Config {
	t.Helper()
	c, err := Authority().ServerConfig()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

// Leaf is a server's certificate for the service, signed by an authority, less what change does to it.
func Leaf(by *lab.Authority, change func(*x509.Certificate)) tls.Certificate {
	pair, err := by.IssueAs(change, lab.Service)
	if err != nil {
		panic(err)
	}
	return pair
}

// Below is a server's certificate by an authority below another, less what change does to the lower one.
func Below(by *lab.Authority, change func(*x509.Certificate)) tls.Certificate {
	return below(by, Key(), change)
}

// BelowEd25519 is Below for a lower authority that signs by Ed25519.
func BelowEd25519(by *lab.Authority) tls.Certificate {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return below(by, key, nil)
}

func below(by *lab.Authority, key crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	upper := tls.Certificate{Leaf: by.Certificate(), PrivateKey: by.Key()}
	lower := Signed(upper, key, func(c *x509.Certificate) {
		Signing(c, "lower")
		if change != nil {
			change(c)
		}
	})
	pair := Signed(lower, Key(), nil)
	pair.Certificate = append(pair.Certificate, lower.Certificate[0])
	return pair
}

// Signing makes a certificate one that signs others.
func Signing(c *x509.Certificate, name string) {
	c.Subject, c.DNSNames = pkix.Name{CommonName: name}, nil
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
}

// Signed is a server's certificate for the service and a key, signed by another, less what change does to it. One without
// a Leaf signs itself.
func Signed(by tls.Certificate, key crypto.Signer, change func(*x509.Certificate)) tls.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: lab.Service}, DNSNames: []string{lab.Service},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 6, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	if by.Leaf == nil {
		by = tls.Certificate{Leaf: template, PrivateKey: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Leaf, key.Public(), by.PrivateKey)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// Key is a fresh one.
func Key() crypto.Signer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}
