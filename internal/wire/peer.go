package wire

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Peer is what a handshake showed, for those who look closer than Secure describes it.
type Peer struct {
	Certificates []*x509.Certificate // as sent, leaf first, at most maxChain; empty when none was seen
	Staple       []byte              // the OCSP response in the handshake, not judged; nil without one
	Refused      *failure.Failure    // why the certificate is not verified, stage tls; nil when it is
}

// Peer gives what the handshake showed. It is there also when the handshake failed after the certificates had come.
func (c *Conn) Peer() Peer { return c.peer }

// sent is the name that goes to crypto/tls for SNI, which leaves an address out.
func (t *TLS) sent() string {
	if t.SNI != nil {
		return *t.SNI
	}
	return t.ServerName
}

func (t *TLS) protocols() []string {
	if t.Protocols == nil {
		return []string{"http/1.1"}
	}
	return t.Protocols
}

// suites are the cipher suites to offer up to TLS 1.2; nil for crypto/tls's own choice.
func (t *TLS) suites() []uint16 {
	if !t.Lenient {
		return nil
	}
	var ids []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, s.ID)
	}
	return ids
}

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
