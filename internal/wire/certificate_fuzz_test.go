package wire

import (
	"crypto/x509"
	"testing"
	"time"
)

// FuzzDescribe: whatever crypto/x509 takes for a certificate is described within the bounds.
func FuzzDescribe(f *testing.F) {
	a := newAuthority(f)
	f.Add(a.cert.Raw)
	f.Add(a.leaf(f, "mail.contoso.com").Leaf.Raw)
	f.Fuzz(func(t *testing.T, der []byte) {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		d := describe(cert)
		if len(d.Names) > maxNames || len(d.Subject) > maxDN || len(d.Issuer) > maxDN || len(d.Serial) > maxSerial || len(d.SHA1) != 40 || len(d.SHA256) != 64 {
			t.Errorf("%d names, %d and %d bytes", len(d.Names), len(d.Subject), len(d.Issuer))
		}
		for _, name := range d.Names {
			if len(name) > maxName {
				t.Errorf("a name of %d bytes", len(name))
			}
		}
		c := &Conn{peer: Peer{Certificates: []*x509.Certificate{cert, cert}}}
		cause := c.judge(&TLS{ServerName: "mail.contoso.com", Roots: a.pool()}, time.Now())
		_ = verifyReason(cause, c.peer.Flaw) + remedy(c.peer.Flaw)
		if len(c.peer.Path()) == 0 {
			t.Error("no path, not even the leaf")
		}
	})
}
