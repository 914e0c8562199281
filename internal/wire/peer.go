package wire

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Peer is what a handshake showed, for those who look closer than Secure describes it.
type Peer struct {
	Certificates []*x509.Certificate // as sent, leaf first, at most maxChain; empty when none was seen
	Staple       []byte              // the OCSP response in the handshake, not judged; nil without one
	Refused      *failure.Failure    // why the certificate is not verified, stage tls; nil when it is
	Suite        uint16              // the cipher suite that was agreed
	Alert        Alert               // that ended the handshake; zero for none
	Unsupported  error               // why crypto/tls does not take what Glimpse read; nil when it would
	Flaw         *Flaw               // what that is about; nil when it is verified, or the refusal says it all

	Paths [][]*x509.Certificate // from the leaf to an authority; where something expired, those that led there before
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
