package sslbinding

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// findExpiring looks at what expires first on the path that counts.
func (p *probe) findExpiring(g group) {
	b := g.doors[0]
	first := wire.First(b.chain.path)
	which := "The certificate " + g.String()
	if first != b.peer.Certificates[0] {
		which += ", or rather its issuer " + wire.Title(first) + ","
	}
	now := time.Now()
	left := first.NotAfter.Sub(now)
	days := left.Hours() / 24
	on := first.NotAfter.UTC().Format(time.RFC3339)
	switch leaf := b.peer.Certificates[0]; {
	case left < 0 && b.peer.Refused != nil && !p.run.Module.TLS.Insecure:
		p.find(CertificateExpiring, failing, "%s expired %.1f days ago, on %s.", which, -days, on)
	case left < 0:
		p.find(CertificateExpiring, warning, "%s expired %.1f days ago, on %s.", which, -days, on)
	case days < float64(p.MinDays):
		p.find(CertificateExpiring, warning, "%s expires in %.1f days, on %s; %d days are wanted.", which, days, on, p.MinDays)
	case now.Before(leaf.NotBefore):
		p.find(CertificateNotYetValid, p.ifRefused(b), "The certificate %s is valid from %s on only: it was bound too early, or the clock here is %s behind.", g, leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotBefore.Sub(now).Round(time.Second))
	}
}

// findChains tells why chains lead to no authority, and of what was sent in vain or in the wrong order.
func (p *probe) findChains(seen []*binding) {
	var misordered []*binding
	for _, g := range groups(seen) {
		flawed, surplus := false, false
		for _, b := range g.doors { // one door may send what another leaves out
			if !flawed && b.peer.Flaw != nil {
				flawed = p.findFlaw(b)
			}
			if b.chain.misordered {
				misordered = append(misordered, b)
			}
			if !surplus && len(b.chain.surplus) > 0 && len(b.peer.Paths) > 0 {
				surplus = true
				p.find(ChainSurplus, info, "The chain at %s holds certificates that no client needs: %s.", b.address, strings.Join(b.chain.surplus, "; "))
			}
		}
	}
	if len(misordered) > 0 {
		p.find(ChainMisordered, warning, "The chain at %s is not sent in order, each certificate followed by its issuer.", places(misordered))
	}
}

// flawCodes are the findings of flaws. What has none is told by the failure alone.
var flawCodes = map[wire.FlawKind]string{
	wire.IssuerMissing: ChainIncomplete,
	wire.IssuerKey:     ChainIssuerRenewed,
	wire.IssuerNoCA:    ChainIssuerNoAuthority,
	wire.SignatureWeak: ChainSignatureWeak,
	wire.Constrained:   ChainConstrained,
	wire.Usage:         ChainConstrained,
}

// findFlaw tells why the chain of a door leads to no authority; false where no finding is for that.
func (p *probe) findFlaw(b *binding) bool {
	flaw := b.peer.Flaw
	code := flawCodes[flaw.Kind]
	switch {
	case code == "":
		return false
	case flaw.Kind == wire.Usage && flaw.At.Equal(b.peer.Certificates[0]):
		p.find(CertificateUsage, p.ifRefused(b), "The certificate %s at %s is not for servers: its extended key usage leaves out server authentication.", certificate(b.leaf()), b.address)
	case code == ChainIncomplete:
		p.find(code, p.ifRefused(b), "The chain that %s shows ends with %s: %s. %s", b.address, wire.Title(flaw.At), flaw, p.completion(b))
	default:
		p.find(code, p.ifRefused(b), "The chain that %s shows leads to no authority: %s.", b.address, flaw)
	}
	return true
}

// ifRefused is the severity of what makes a certificate untrusted: an error where that is the failure.
func (p *probe) ifRefused(b *binding) result.Severity {
	if p.run.Module.TLS.Insecure || b.peer.Refused == nil {
		return warning
	}
	return failing
}

// incomplete tells whether the issuer at the end of what was sent is missing.
func (b *binding) incomplete() bool {
	return b.peer.Flaw != nil && b.peer.Flaw.Kind == wire.IssuerMissing
}

func (b *binding) refusal() error {
	if b.peer.Refused == nil {
		return nil
	}
	return b.peer.Refused
}

// completion says how sure it is that a certificate is missing: another door may send it.
func (p *probe) completion(b *binding) string {
	for _, other := range p.bindings {
		if !other.seen() || other.peer.Certificates[0].Equal(b.peer.Certificates[0]) && len(other.peer.Certificates) == len(b.peer.Certificates) {
			continue
		}
		pool := x509.NewCertPool()
		for _, cert := range slices.Concat(b.peer.Certificates, other.peer.Certificates) {
			pool.AddCert(cert)
		}
		if _, err := b.peer.Certificates[0].Verify(x509.VerifyOptions{Roots: p.run.Module.TLS.Roots, Intermediates: pool}); err == nil {
			return fmt.Sprintf("With what %s sends it is trusted: let this server send that intermediate certificate too.", places([]*binding{other}))
		}
	}
	return "If that is an intermediate authority, the server must send its certificate; if it is your own root, name it in tls_config.ca_file."
}
