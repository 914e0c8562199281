package sslbinding

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Codes of this prober's findings.
const (
	BindingMissing         = "binding_missing"
	NameNotCovered         = "binding_name_not_covered"
	ThumbprintUnexpected   = "binding_thumbprint_unexpected"
	FamiliesDiffer         = "binding_families_differ"
	AddressesDiffer        = "binding_addresses_differ"
	ServerDiffers          = "binding_server_differs"
	SNIDiffers             = "binding_sni_differs"
	BindingUnsteady        = "binding_unsteady"
	BindingsLeftOut        = "bindings_left_out"
	CertificateExpiring    = "certificate_expiring"
	CertificateNotYetValid = "certificate_not_yet_valid"
	CertificateRevoked     = "certificate_revoked"
	CertificateUnsupported = "certificate_unsupported"
	CertificateWeak        = "certificate_key_weak"
	CertificateKeyUnusual  = "certificate_key_unusual"
	CertificateLasting     = "certificate_lifetime_long"
	CertificateNoUsage     = "certificate_usage_missing"
	CertificateUsage       = "certificate_usage_wrong"
	CertificatePSS         = "certificate_signature_pss"
	CertificateUnstapled   = "certificate_staple_missing"
	ChainIncomplete        = "chain_incomplete"
	ChainMisordered        = "chain_misordered"
	ChainIssuerRenewed     = "chain_issuer_renewed"
	ChainIssuerNoAuthority = "chain_issuer_no_authority"
	ChainSignatureWeak     = "chain_signature_weak"
	ChainConstrained       = "chain_constrained"
	ChainSurplus           = "chain_surplus"
	RevocationUnreachable  = "revocation_unreachable"
	RevocationUnusable     = "revocation_unusable"
	VersionOld             = "tls_version_old"
	SuitesOld              = "tls_suites_old"
	HandshakeRefused       = "tls_handshake_refused"
	HelloUnanswered        = "tls_hello_unanswered"
	ClientCertificate      = "tls_client_certificate"
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
		for _, face := range b.faces() {
			if f := p.wrong(face); f != nil {
				wrong = append(wrong, f)
				break
			}
		}
	}
	if n := len(wrong); n > 1 {
		wrong[0] = failure.New(wrong[0].Stage, wrong[0].Reason, "%w (%d more of %d bindings failed)", wrong[0], n-1, len(required))
	}
	if len(wrong) > 0 {
		p.run.Result.Fail(wrong[0])
	}
	p.findMissing(required)
	p.findUnsteady()
	var seen []*binding
	for _, b := range required {
		seen = append(seen, b.faces()...)
	}
	seen = slices.DeleteFunc(seen, func(b *binding) bool { return !b.seen() })
	p.findCertificates(seen)
	p.findHandshakes(seen)
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

// faces are all that a door showed, each once: one address may stand for several servers.
func (b *binding) faces() []*binding { return append([]*binding{b}, b.others...) }

// findMissing tells of doors that showed no certificate, and why.
func (p *probe) findMissing(required []*binding) {
	missing := slices.DeleteFunc(slices.Clone(required), func(b *binding) bool { return !b.missing() })
	if len(missing) > 0 {
		p.find(BindingMissing, failing, "No certificate is shown for %s at %s: the server ended the handshake without one (%s), as http.sys does where none is bound.", p.name, places(missing), missing[0].failure.Reason)
	}
	refusing := map[string][]*binding{}
	for _, b := range required {
		if b.empty() && !b.missing() {
			refusing[b.peer.Alert.String()] = append(refusing[b.peer.Alert.String()], b)
		}
	}
	for _, alert := range sorted(refusing) {
		p.find(HandshakeRefused, failing, "The server at %s ends each handshake with the alert %s, one by TLS 1.2 that offers every cipher suite too: it has nothing in common with any client, or no certificate for %s.", places(refusing[alert]), alert, p.name)
	}
}

// findUnsteady tells of doors that do not show the same each time, asked by the service's name or else without SNI.
func (p *probe) findUnsteady() {
	for _, first := range p.required() {
		forms := p.at(first.address)
		i := slices.IndexFunc(forms, func(b *binding) bool { return len(b.others) > 0 })
		if i < 0 {
			continue
		}
		b := forms[i]
		var texts []string
		for _, face := range b.faces() {
			text := "no certificate"
			if face.seen() {
				text = fmt.Sprintf("%s with %d above it", certificate(face.leaf()), len(face.peer.Certificates)-1)
			}
			texts = append(texts, text)
		}
		p.find(BindingUnsteady, warning, "One address, several certificates: of %d handshakes alike at %s some got %s. Several servers stand behind it, and not all of them are set up alike.", b.asked+1, places([]*binding{b}), strings.Join(texts, ", others "))
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
		p.findPicky(g)
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
	unsteady := func(g group) bool {
		return slices.ContainsFunc(p.at(g.doors[0].address), func(b *binding) bool { return len(b.others) > 0 })
	}
	if slices.ContainsFunc(c.what, unsteady) { // then it is not SNI that makes the difference
		return
	}
	severity := info
	if p.RequireSameWithoutSNI {
		severity = p.differing(c)
	}
	p.find(SNIDiffers, severity, "On port %d a client that sends no SNI gets something else than one that asks for %s: %s.", c.port, p.name, describe(c.what))
}
