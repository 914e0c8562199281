package sslbinding

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"
)

// chain is what the certificates that were sent are to one another.
type chain struct {
	path       []*x509.Certificate // from the leaf upwards, as far as what was sent reaches
	misordered bool                // one does not certify the one before it (RFC 5246 section 7.4.2)
	unrelated  int                 // certificates that are no part of the path
	rootSent   bool                // a self-signed certificate ends the path: of no use, the client has it or does not trust it
}

// maxChecks bounds the signatures that are checked to find the path: 20 certificates of one name could cost 400.
const maxChecks = 50

// examine reads the chain as sent, leaf first.
func examine(sent []*x509.Certificate) chain {
	checks := 0
	c := chain{path: sent[:1:1]}
	for len(c.path) <= len(sent) {
		last := c.path[len(c.path)-1]
		if selfSigned(last) {
			break
		}
		i := slices.IndexFunc(sent, func(cert *x509.Certificate) bool {
			if !bytes.Equal(cert.RawSubject, last.RawIssuer) || slices.ContainsFunc(c.path, cert.Equal) || checks == maxChecks {
				return false
			}
			checks++
			return last.CheckSignatureFrom(cert) == nil
		})
		if i < 0 {
			break
		}
		c.path = append(c.path, sent[i])
	}
	for i, cert := range c.path {
		c.misordered = c.misordered || !cert.Equal(sent[i])
	}
	c.unrelated = len(sent) - len(c.path)
	c.rootSent = len(c.path) > 1 && selfSigned(c.path[len(c.path)-1])
	return c
}

func selfSigned(cert *x509.Certificate) bool { return bytes.Equal(cert.RawIssuer, cert.RawSubject) }

// open tells whether the path ends before a self-signed certificate. It is complete then only if its last issuer is an
// authority that the client trusts by itself.
func (c chain) open() bool { return !selfSigned(c.path[len(c.path)-1]) }

// notes are words for the table.
func (c chain) notes() []string {
	var notes []string
	if c.misordered {
		notes = append(notes, "chain out of order")
	}
	if c.unrelated > 0 {
		notes = append(notes, "unrelated certificates sent")
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
	return slices.Contains(p.Thumbprints, b.leaf().SHA256) || slices.Contains(p.Thumbprints, strings.ToLower(b.leaf().SHA1))
}
