package sslbinding

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// chain is what the certificates that were sent are to one another.
type chain struct {
	path       []*x509.Certificate // from the leaf upwards, see wire.Peer.Path
	misordered bool                // what was sent of the path is not in order (RFC 5246 section 7.4.2)
	surplus    []string            // certificates that were sent and help no client, in words
	rootSent   bool                // a self-signed certificate is sent: of no use, the client has it or does not trust it
}

// examine reads the chain as sent, leaf first.
func examine(peer *wire.Peer, now time.Time) chain {
	c := chain{path: peer.Path()}
	last := 0
	for _, cert := range c.path {
		if i := slices.IndexFunc(peer.Certificates, cert.Equal); i >= 0 {
			c.misordered = c.misordered || i < last
			last = i
		}
	}
	for i, cert := range peer.Certificates {
		c.rootSent = c.rootSent || i > 0 && bytes.Equal(cert.RawIssuer, cert.RawSubject)
		if why := c.useless(peer, i, now); why != "" {
			c.surplus = append(c.surplus, wire.Title(cert)+" "+why)
		}
	}
	return c
}

// useless says why a certificate that was sent is of no use to anybody, "" where it is to somebody: on a path to an authority,
// or perhaps on that of a client which knows other ones.
func (c chain) useless(peer *wire.Peer, i int, now time.Time) string {
	sent := peer.Certificates
	cert := sent[i]
	onPath := func(path []*x509.Certificate) bool { return slices.ContainsFunc(path, cert.Equal) }
	switch {
	case slices.ContainsFunc(sent[:i], cert.Equal):
		return "once more"
	case onPath(c.path), slices.ContainsFunc(peer.Paths, onPath):
		return ""
	case now.After(cert.NotAfter):
		return fmt.Sprintf("issued by %s, which expired on %s", cert.Issuer, cert.NotAfter.UTC().Format(time.DateOnly))
	case slices.ContainsFunc(c.path, func(other *x509.Certificate) bool {
		return bytes.Equal(other.RawSubject, cert.RawSubject) && !bytes.Equal(other.RawSubjectPublicKeyInfo, cert.RawSubjectPublicKeyInfo)
	}):
		return "with another key than the one that signed"
	case !slices.ContainsFunc(sent, func(other *x509.Certificate) bool {
		return other != cert && bytes.Equal(other.RawIssuer, cert.RawSubject)
	}):
		return "which issued none of the others"
	}
	return ""
}

// notes are words for the table.
func (c chain) notes() []string {
	var notes []string
	if c.misordered {
		notes = append(notes, "chain out of order")
	}
	if len(c.surplus) > 0 {
		notes = append(notes, "useless certificates sent")
	}
	if c.rootSent {
		notes = append(notes, "root sent")
	}
	return notes
}

// covers tells whether the certificate is for this name or address: by the names of its SAN, or by the subject's common
// name where there is no SAN at all, each with at most one wildcard that is the whole first label (RFC 6125 sections
// 6.4.3 and 6.4.4). Clients of today ignore the common name; those of Windows do not, so it counts here, and the
// verification says for itself what it thinks of such a certificate.
func covers(cert *x509.Certificate, name string) bool {
	if cert.VerifyHostname(name) == nil {
		return true
	}
	if len(cert.DNSNames)+len(cert.IPAddresses)+len(cert.EmailAddresses)+len(cert.URIs) > 0 {
		return false
	}
	common := &x509.Certificate{DNSNames: []string{cert.Subject.CommonName}}
	return !isAddress(name) && common.VerifyHostname(name) == nil
}

// uncovered are the names that the binding's certificate does not cover.
func (p *probe) uncovered(b *binding) []string {
	return slices.DeleteFunc(slices.Clone(p.names(p.name)), func(name string) bool { return covers(b.peer.Certificates[0], name) })
}

// expected tells whether the binding's certificate is one of those expected.
func (p *probe) expected(b *binding) bool {
	return b.leaf().Among(p.Thumbprints)
}
