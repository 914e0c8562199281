package lab

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// cases are certificates, and servers that show them, that no scenario has.
func cases() []lab.Case { return slices.Concat(oddServers(), oddCertificates(), oddChains()) }

// oddServers are servers that differ in how they show a certificate.
func oddServers() []lab.Case {
	mail := func() tls.Certificate { return script.Leaf(script.Authority(), nil) }
	return []lab.Case{
		{Name: "a target in clear text", Want: lab.Reports("config/target_not_tls"), Start: func(t lab.TB) lab.Peer {
			p := showing(t, mail())
			p.Target = "http://" + p.Target
			return p
		}},
		shown("another certificate than expected", "tls/certificate_unexpected, binding_thumbprint_unexpected",
			"ssl_binding: {thumbprints: ["+strings.Repeat("0", 40)+"]}", mail),
		revokedByOCSP(),
		twoAddresses(),
		served("servers behind one address that are not alike", "tls/certificate_expired, binding_unsteady, certificate_expiring", plain, func(config *tls.Config) {
			expired := script.Leaf(script.Authority(), func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, -3) })
			pairs, n := []tls.Certificate{mail(), expired}, atomic.Int32{}
			config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pairs[int(n.Add(1)-1)%len(pairs)], nil }
		}),
		served("a server that has old cipher suites alone", "success, tls_suites_old", plain, func(config *tls.Config) {
			config.Certificates, config.MaxVersion = []tls.Certificate{ofRSA()}, tls.VersionTLS12
			config.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_128_CBC_SHA} // #nosec G402 -- which is the fault
		}),
		{Name: "a box that reads the first packet of a hello alone", Want: lab.Reports("success, tls_hello_unanswered"), Start: func(t lab.TB) lab.Peer {
			p := script.Plain(t, wholeHello(shows(mail())))
			p.Keys = []string{"ssl_binding: {hellos: true}"}
			return p
		}},
		served("a server that speaks TLS 1.1 too", "success, tls_version_old", "ssl_binding: {sweep: true}", func(config *tls.Config) {
			config.MinVersion, config.MaxVersion = tls.VersionTLS11, tls.VersionTLS12 // #nosec G402 -- which is the fault
		}),
	}
}

// plain are the settings that ask for nothing.
const plain = "ssl_binding: {min_days: 0}"

// oddCertificates are such as some clients refuse.
func oddCertificates() []lab.Case {
	odd := func(name, reports string, change func(*x509.Certificate)) lab.Case {
		return shown(name, reports, plain, func() tls.Certificate { return script.Leaf(script.Authority(), change) })
	}
	return []lab.Case{
		shown("a short key", "success, certificate_key_weak", "ssl_binding: {min_key_bits: 3072}", ofRSA),
		shown("an Ed25519 key", "success, certificate_key_unusual", plain, func() tls.Certificate {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				panic(err)
			}
			return script.Signed(byAuthority(), key, nil)
		}),
		odd("a certificate for five years", "success, certificate_lifetime_long", func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().AddDate(0, 0, -10), time.Now().AddDate(5, 0, 0)
		}),
		odd("a certificate that says no usage", "success, certificate_usage_missing", func(c *x509.Certificate) { c.ExtKeyUsage = nil }),
		odd("a certificate that wants a staple, where there is none", "success, certificate_staple_missing", func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}} // RFC 7633
		}),
		shown("an alternate signature", "success, certificate_signature_pss", plain, signedByPSS),
		served("a serial number below zero", "tls/certificate_unsupported, certificate_unsupported", plain, func(config *tls.Config) {
			config.Certificates, config.MaxVersion = []tls.Certificate{negative()}, tls.VersionTLS12
		}),
	}
}

// oddChains lead to no authority, or not in order.
func oddChains() []lab.Case {
	return []lab.Case{
		shown("certificates that are sent in no order", "success, chain_misordered", plain, misordered),
		shown("a certificate without its issuer's", "tls/certificate_authority, chain_incomplete", plain, func() tls.Certificate {
			pair := script.Below(script.Authority(), nil)
			pair.Certificate = pair.Certificate[:1]
			return pair
		}),
		shown("an issuer that is no authority", "tls/certificate_authority, chain_issuer_no_authority", plain, func() tls.Certificate {
			return script.Below(script.Authority(), func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, 0 })
		}),
		shown("a signature by SHA-1", "tls/certificate_signature, chain_signature_weak", plain, func() tls.Certificate {
			return script.Leaf(script.Authority(), func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })
		}),
	}
}

// served is a server whose TLS is another than usual.
func served(name, reports, keys string, change func(*tls.Config)) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		config := shows(script.Leaf(script.Authority(), nil))
		change(config)
		p := script.Peer(lab.ServeTLS(t, config, lab.Hang))
		p.Keys = []string{keys}
		return p
	}}
}

// wholeHello shakes hands with who sends the hello in one packet, and says nothing to anybody else.
func wholeHello(config *tls.Config) lab.Step {
	return func(c *lab.Conn) error {
		b := make([]byte, 16<<10)
		n, err := c.Conn.Read(b)
		if err != nil || n < 5 || n < 5+int(b[3])<<8+int(b[4]) {
			return err
		}
		secure := tls.Server(replayed{c.Conn, io.MultiReader(bytes.NewReader(b[:n]), c.Conn)}, config)
		if err := secure.HandshakeContext(context.Background()); err != nil {
			return err
		}
		_, err = secure.Read(b)
		return err
	}
}

// replayed gives a connection's first bytes once more.
type replayed struct {
	net.Conn
	r io.Reader
}

func (r replayed) Read(p []byte) (int, error) { return r.r.Read(p) }

// shown is a server that shows a certificate.
func shown(name, reports, keys string, pair func() tls.Certificate) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer { return showing(t, pair(), keys) }}
}

// revokedByOCSP is a certificate that its responder has revoked.
func revokedByOCSP() lab.Case {
	return lab.Case{Name: "a certificate that is revoked", Want: lab.Reports("tls/certificate_revoked, certificate_revoked"), Start: func(t lab.TB) lab.Peer {
		serial := big.NewInt(time.Now().UnixNano())
		place := lab.Serve(t, script.Answers(script.Sized(response(ocsp.Revoked, serial))))
		return showing(t, script.Leaf(script.Authority(), func(c *x509.Certificate) {
			c.SerialNumber, c.OCSPServer = serial, []string{"http://" + pki + ":" + script.Port(place) + "/"}
		}), revoking)
	}}
}

// twoAddresses are one service's, with a certificate each.
func twoAddresses() lab.Case {
	return lab.Case{Name: "two addresses with a certificate each", Want: lab.Reports("success, binding_addresses_differ"), Start: func(t lab.TB) lab.Peer {
		p := showing(t, script.Leaf(script.Authority(), nil), "ssl_binding: {min_days: 0}")
		_, port, _ := strings.Cut(p.Target, ":")
		lab.ServeAt(t, server1+":"+port, shows(script.Leaf(script.Authority(), nil)), []lab.Step{lab.Hang})
		p.Resolver = script.Finds{netip.MustParseAddr(four), netip.MustParseAddr(server1)}
		return p
	}}
}

// misordered is a certificate below two authorities, the upper of which is sent first.
func misordered() tls.Certificate {
	upper := script.Leaf(script.Authority(), func(c *x509.Certificate) { script.Signing(c, "upper") })
	lower := script.Signed(upper, script.Key(), func(c *x509.Certificate) { script.Signing(c, "lower") })
	leaf := script.Signed(lower, script.Key(), nil)
	leaf.Certificate = append(leaf.Certificate, upper.Certificate[0], lower.Certificate[0])
	return leaf
}

// byAuthority signs for the trusted authority.
func byAuthority() tls.Certificate {
	a := script.Authority()
	return tls.Certificate{Leaf: a.Certificate(), PrivateKey: a.Key()}
}

// keyRSA is one of the shortest usual length; making one takes time.
var keyRSA = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// ofRSA is a certificate for such a key.
func ofRSA() tls.Certificate { return script.Signed(byAuthority(), keyRSA(), nil) }

// signedByPSS is a certificate by an authority below, in the way that a Windows authority calls alternate.
func signedByPSS() tls.Certificate {
	lower := script.Signed(byAuthority(), keyRSA(), func(c *x509.Certificate) { script.Signing(c, "lower") })
	pair := script.Signed(lower, script.Key(), func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSAPSS })
	pair.Certificate = append(pair.Certificate, lower.Certificate[0])
	return pair
}

// negative is a certificate whose serial number is below zero, which crypto/x509 makes none of.
func negative() tls.Certificate {
	pair := script.Leaf(script.Authority(), func(c *x509.Certificate) { c.SerialNumber = big.NewInt(0x1234567812345678) })
	der := slices.Clone(pair.Certificate[0])
	der[bytes.Index(der, pair.Leaf.SerialNumber.Bytes())] |= 0x80
	pair.Certificate = [][]byte{der}
	return pair
}
