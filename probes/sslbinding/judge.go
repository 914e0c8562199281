package sslbinding

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Codes of this prober's findings.
const (
	BindingMissing        = "binding_missing"
	NameNotCovered        = "binding_name_not_covered"
	ThumbprintUnexpected  = "binding_thumbprint_unexpected"
	FamiliesDiffer        = "binding_families_differ"
	AddressesDiffer       = "binding_addresses_differ"
	ServerDiffers         = "binding_server_differs"
	SNIDiffers            = "binding_sni_differs"
	BindingsLeftOut       = "bindings_left_out"
	CertificateExpiring   = "certificate_expiring"
	CertificateRevoked    = "certificate_revoked"
	CertificateWeak       = "certificate_key_weak"
	ChainIncomplete       = "chain_incomplete"
	ChainMisordered       = "chain_misordered"
	RevocationUnreachable = "revocation_unreachable"
	RevocationUnusable    = "revocation_unusable"
	VersionOld            = "tls_version_old"
)

// Reasons of its own; the stage is tls unless said otherwise.
const (
	reasonNotTLS     = "target_not_tls" // stage config
	reasonUnexpected = "certificate_unexpected"
	reasonRevoked    = "certificate_revoked"
)

const info, warning, failing = result.Info, result.Warning, result.Error

func (p *probe) find(code string, severity result.Severity, format string, args ...any) {
	p.run.Find(code, severity, origin.Origin{Kind: origin.Unknown}, format, args...)
}

// required are the doors whose certificate decides: each address and port, asked by the service's name.
func (p *probe) required() []*binding {
	return slices.DeleteFunc(slices.Clone(p.bindings), func(b *binding) bool { return b.form != own })
}

// judge draws the verdict. The first thing wrong is the failure; findings tell of all.
func (p *probe) judge(unresolved *failure.Failure) {
	var wrong []*failure.Failure
	if unresolved != nil {
		wrong = append(wrong, unresolved)
	}
	required := p.required()
	for _, b := range required {
		if f := p.wrong(b); f != nil {
			wrong = append(wrong, f)
		}
	}
	if n := len(wrong); n > 1 {
		wrong[0] = failure.New(wrong[0].Stage, wrong[0].Reason, "%w (%d more of %d bindings failed)", wrong[0], n-1, len(required))
	}
	if len(wrong) > 0 {
		p.run.Result.Fail(wrong[0])
	}
	p.findMissing(required)
	seen := slices.DeleteFunc(required, func(b *binding) bool { return !b.seen() })
	p.findCertificates(seen)
	p.findDifferences()
	p.findPlaces()
}

// wrong is the first thing that is wrong with a required binding, nil when all is well.
func (p *probe) wrong(b *binding) *failure.Failure {
	insecure := p.run.Module.TLS.Insecure
	switch {
	case !b.seen():
		return b.failure
	case b.peer.Refused != nil && !insecure:
		return b.peer.Refused
	case len(p.missed(b)) > 0:
		return failure.New(failure.TLS, "certificate_name", "the certificate at %s, %s, does not cover %s", b.address, certificate(b.leaf()), some(p.missed(b)))
	case len(p.Thumbprints) > 0 && !p.expected(b):
		return failure.New(failure.TLS, reasonUnexpected, "the certificate at %s, %s, is none of the thumbprints expected", b.address, certificate(b.leaf()))
	case b.revoked != nil && *b.revoked:
		return failure.New(failure.TLS, reasonRevoked, "the certificate at %s, %s, is revoked", b.address, certificate(b.leaf()))
	}
	return nil
}

// missed are the names not covered that count: where certificates are not verified, only those that the settings name.
func (p *probe) missed(b *binding) []string {
	insecure := p.run.Module.TLS.Insecure
	if insecure && len(p.Names) == 0 {
		return nil
	}
	missed := p.uncovered(b)
	if !insecure && failure.Is(b.refusal(), failure.TLS, "certificate_name") && !slices.Contains(missed, p.name) {
		missed = append(missed, p.name)
	}
	return missed
}

func (p *probe) findMissing(required []*binding) {
	empty := slices.DeleteFunc(slices.Clone(required), func(b *binding) bool { return !b.empty() })
	if len(empty) > 0 {
		p.find(BindingMissing, failing, "No certificate is shown for %s at %s: the server ended the handshake without one (%s), as http.sys does where none is bound.", p.name, places(empty), empty[0].failure.Reason)
	}
}

// findCertificates tells what is wrong with each certificate, once however many doors show it.
func (p *probe) findCertificates(seen []*binding) {
	for _, g := range groups(seen) {
		b := g.doors[0]
		if missed := p.missed(b); len(missed) > 0 {
			p.find(NameNotCovered, failing, "The certificate %s does not cover %s; it covers %s.", g, some(missed), covered(b.leaf()))
		}
		if len(p.Thumbprints) > 0 && !p.expected(b) {
			p.find(ThumbprintUnexpected, failing, "The certificate %s is none of the %d expected.", g, len(p.Thumbprints))
		}
		if b.revoked != nil && *b.revoked {
			p.find(CertificateRevoked, failing, "The certificate %s is revoked.", g)
		}
		p.findExpiring(g)
		if leaf := b.leaf(); leaf.KeyAlgorithm == "RSA" && leaf.KeyBits < p.MinKeyBits {
			p.find(CertificateWeak, warning, "The certificate %s has an RSA key of %d bits, and %d are wanted.", g, leaf.KeyBits, p.MinKeyBits)
		}
	}
	p.findChains(seen)
	p.findOldVersions(seen)
}

// covered lists what a certificate covers.
func covered(c *wire.Certificate) string {
	if len(c.Names) == 0 {
		return "no name but its subject's"
	}
	return some(c.Names)
}

// findExpiring looks at the certificate and at those above it that were sent, the root apart.
func (p *probe) findExpiring(g group) {
	b := g.doors[0]
	first := b.peer.Certificates[0]
	for _, cert := range b.chain.path {
		if !selfSigned(cert) && cert.NotAfter.Before(first.NotAfter) {
			first = cert
		}
	}
	which := "The certificate " + g.String()
	if first != b.peer.Certificates[0] {
		which += ", or rather its issuer " + first.Subject.String() + ","
	}
	left := time.Until(first.NotAfter)
	days := left.Hours() / 24
	switch {
	case left < 0 && b.peer.Refused != nil && !p.run.Module.TLS.Insecure:
		p.find(CertificateExpiring, failing, "%s expired %.1f days ago, on %s.", which, -days, first.NotAfter.UTC().Format(time.RFC3339))
	case left < 0:
		p.find(CertificateExpiring, warning, "%s expired %.1f days ago, on %s.", which, -days, first.NotAfter.UTC().Format(time.RFC3339))
	case days < float64(p.MinDays):
		p.find(CertificateExpiring, warning, "%s expires in %.1f days, on %s; %d days are wanted.", which, days, first.NotAfter.UTC().Format(time.RFC3339), p.MinDays)
	}
}

// findChains tells of certificates that are missing from what was sent, or in the wrong order.
func (p *probe) findChains(seen []*binding) {
	var misordered []*binding
	for _, g := range groups(seen) {
		if b := g.doors[0]; b.chain.misordered {
			misordered = append(misordered, g.doors...)
		}
		for _, b := range g.doors { // one door may send what another leaves out
			if p.incomplete(b) {
				top := b.chain.path[len(b.chain.path)-1]
				p.find(ChainIncomplete, p.ifFailing(), "The chain that %s shows ends with %s, whose issuer %s it does not send. %s", b.address, top.Subject, top.Issuer, p.completion(b))
				break
			}
		}
	}
	if len(misordered) > 0 {
		p.find(ChainMisordered, warning, "The chain at %s is not sent in order, each certificate followed by its issuer.", places(misordered))
	}
}

// ifFailing is the severity of what makes a certificate untrusted.
func (p *probe) ifFailing() result.Severity {
	if p.run.Module.TLS.Insecure {
		return warning
	}
	return failing
}

// incomplete tells whether the certificate is not trusted because what was sent leads to no authority. A chain that ends
// with a self-signed certificate lacks nothing but trust.
func (p *probe) incomplete(b *binding) bool {
	return failure.Is(b.refusal(), failure.TLS, "certificate_authority") && b.chain.open()
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
			return fmt.Sprintf("With what %s sends it is trusted: let this server send that intermediate certificate too.", b2s(other))
		}
	}
	return "If that is an intermediate authority, the server must send its certificate; if it is your own root, name it in tls_config.ca_file."
}

func b2s(b *binding) string { return places([]*binding{b}) }

// findOldVersions tells of TLS versions below what tls_config.min_version asks for.
func (p *probe) findOldVersions(seen []*binding) {
	least := p.run.Module.TLS.MinVersion
	old := map[string][]*binding{}
	for _, b := range seen {
		all := slices.DeleteFunc(append(slices.Clone(b.accepted), versionOf(b)), func(v uint16) bool { return v >= least })
		slices.Sort(all)
		if all = slices.Compact(all); len(all) > 0 {
			name := versionNames(all)
			old[name] = append(old[name], b)
		}
	}
	for _, name := range sorted(old) {
		p.find(VersionOld, warning, "%s is accepted at %s; the oldest wanted is %s (tls_config.min_version).", name, places(old[name]), tls.VersionName(least))
	}
}

// versionOf is the version that was agreed.
func versionOf(b *binding) uint16 {
	for _, v := range versions {
		if tls.VersionName(v) == b.record.Secure.Version {
			return v
		}
	}
	return 0xffff
}

// findDifferences tells where doors differ that should show the same. Those that show nothing have a finding of their
// own, except without SNI.
func (p *probe) findDifferences() {
	for _, c := range p.compare() {
		if c.same {
			continue
		}
		if c.across != "sni" {
			c.what = slices.DeleteFunc(c.what, func(g group) bool { return g.what == "" })
		}
		if len(set(c.what)) < 2 {
			continue
		}
		switch c.across {
		case "family":
			p.find(FamiliesDiffer, p.differing(c), "On port %d IPv4 and IPv6 show different certificates for %s: %s. In IIS, 0.0.0.0:%d and [::]:%d are two bindings.", c.port, p.name, describe(c.what), c.port, c.port)
		case "address":
			p.findAddresses(c)
		case "server":
			p.findServers(c)
		case "sni":
			p.findSNI(c)
		}
	}
}

// differing is a warning, but for certificates that are all expected, as during a renewal.
func (p *probe) differing(c comparison) result.Severity {
	for _, g := range c.what {
		if len(p.Thumbprints) == 0 || g.what == "" || !p.expected(g.doors[0]) {
			return warning
		}
	}
	return info
}

// findAddresses tells of addresses that differ within a family; families that differ have a finding of their own.
func (p *probe) findAddresses(c comparison) {
	for _, six := range []bool{false, true} {
		var family []*binding
		for _, g := range c.what {
			family = append(family, slices.DeleteFunc(slices.Clone(g.doors), func(b *binding) bool { return b.address.Addr().Is6() != six })...)
		}
		if g := groups(family); len(g) > 1 {
			c.what = g
			p.find(AddressesDiffer, p.differing(c), "On port %d the addresses of %s show different certificates: %s.", c.port, p.name, describe(g))
			return
		}
	}
}

func (p *probe) findServers(c comparison) {
	severity := info
	if p.SameCertificate {
		severity = p.differing(c)
	}
	p.find(ServerDiffers, severity, "On port %d the balancer and the servers show different certificates for %s: %s. With Extended Protection required, clients cannot log on through this balancer.", c.port, p.name, describe(c.what))
}

func (p *probe) findSNI(c comparison) {
	severity := info
	if p.RequireSameWithoutSNI {
		severity = p.differing(c)
	}
	p.find(SNIDiffers, severity, "On port %d a client that sends no SNI gets something else than one that asks for %s: %s.", c.port, p.name, describe(c.what))
}
