package sslbinding

import (
	"crypto/tls"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

var (
	bindingInfo = &result.Metric{
		Name: "probe_ssl_binding_info", Labels: []string{"address", "sni", "sha1", "sha256", "subject", "issuer"},
		Help:     "The certificate that each binding shows; sni is the name itself, (none) or (unknown); thumbprints in hex, sha1 as Windows shows it.",
		Presence: "a certificate was seen, be it refused",
	}
	notAfter = &result.Metric{
		Name: "probe_ssl_binding_not_after_timestamp_seconds", Labels: []string{"address", "sni"},
		Help:     "When the certificate of each binding expires, in Unix time.",
		Presence: "a certificate was seen, be it refused",
	}
	trusted = &result.Metric{
		Name: "probe_ssl_binding_trusted", Labels: []string{"address", "sni"},
		Help:     "Whether a client that wants the service's name would accept the certificate of each binding: authority, dates, usage and name, or a pin.",
		Presence: "each binding that was looked at",
	}
	nameCovered = &result.Metric{
		Name: "probe_ssl_binding_name_covered", Labels: []string{"address", "sni", "name"},
		Help:     "Whether the certificate of each binding covers each required name.",
		Presence: "each binding that was looked at",
	}
	expectedMetric = &result.Metric{
		Name: "probe_ssl_binding_expected", Labels: []string{"address", "sni"},
		Help:     "Whether the certificate of each binding is one of the thumbprints expected.",
		Presence: "thumbprints are configured, for each binding looked at",
	}
	expectation = &result.Metric{
		Name: "probe_ssl_binding_expected_info", Labels: []string{"thumbprint"},
		Help:     "The thumbprints that the module expects, SHA-1 as Windows shows it.",
		Presence: "thumbprints are configured, and a binding was looked at",
	}
	revoked = &result.Metric{
		Name: "probe_ssl_binding_revoked", Labels: []string{"address", "sni"},
		Help:     "Whether the certificate of each binding is revoked, by a CRL, an OCSP responder or a stapled OCSP response.",
		Presence: "one of them said so or said no, fresh and signed by the right issuer",
	}
	tlsInfo = &result.Metric{
		Name: "probe_ssl_binding_tls_info", Labels: []string{"address", "sni", "version", "cipher"}, Own: []string{"cipher"},
		Help:     "The TLS version and cipher suite that each binding agreed to.",
		Presence: "a certificate was seen",
	}
	versionAccepted = &result.Metric{
		Name: "probe_ssl_binding_tls_version_accepted", Labels: []string{"address", "version"},
		Help:     "Whether each address and port accepts each TLS version when it is the only one offered.",
		Presence: "sweep is set and the server said yes or no",
	}
	consistent = &result.Metric{
		Name: "probe_ssl_binding_consistent", Labels: []string{"port", "across"},
		Help:     "Whether the same certificate is shown on each port, across family (IPv4 and IPv6), address (all of the target's), server (the target's and those listed), and sni (with the name and without SNI).",
		Presence: "both sides are there and known",
	}
	reachable = &result.Metric{
		Name: "probe_ssl_revocation_reachable", Labels: []string{"kind", "url"}, Own: []string{"kind"},
		Help:     "Whether each place of revocation data that was tried answered: kind is crl or ocsp.",
		Presence: "revocation is set, for each place that was tried",
	}
)

// sha1Digits is how long a SHA-1 thumbprint is.
const sha1Digits = 40

// Blank implements prober.Prober: every metric tells of a binding that was looked at, and there is none.
func (s *Settings) Blank(*result.Result) {}

// measure turns what was seen into samples. What matters most comes first: a probe gives a bounded number of series.
func (p *probe) measure() {
	r := p.run.Result
	for _, c := range p.compare() {
		r.Add(consistent, result.Truth(c.same), fmt.Sprint(c.port), c.across)
	}
	for _, place := range p.places {
		if place.Tried {
			r.Add(reachable, result.Truth(place.Reached), place.Kind, place.URL)
		}
	}
	for _, b := range p.bindings {
		p.measureBinding(b)
	}
	for _, t := range p.Thumbprints {
		if len(t) == sha1Digits {
			t = strings.ToUpper(t)
		}
		r.Add(expectation, 1, t)
	}
	for _, b := range p.bindings {
		for _, name := range p.names(p.name) {
			r.Add(nameCovered, result.Truth(b.seen() && covers(b.peer.Certificates[0], name)), b.address.String(), b.sni, name)
		}
		for _, v := range b.accepted {
			r.Add(versionAccepted, 1, b.address.String(), tls.VersionName(v))
		}
		for _, v := range b.refused {
			r.Add(versionAccepted, 0, b.address.String(), tls.VersionName(v))
		}
	}
}

func (p *probe) measureBinding(b *binding) {
	r, address := p.run.Result, b.address.String()
	r.Add(trusted, result.Truth(b.seen() && b.peer.Refused == nil), address, b.sni)
	if len(p.Thumbprints) > 0 {
		r.Add(expectedMetric, result.Truth(b.seen() && p.expected(b)), address, b.sni)
	}
	if !b.seen() {
		return
	}
	leaf, secure := b.leaf(), b.record.Secure
	r.Add(bindingInfo, 1, address, b.sni, leaf.SHA1, leaf.SHA256, leaf.Subject, leaf.Issuer)
	r.Add(notAfter, float64(leaf.NotAfter.Unix()), address, b.sni)
	r.Add(tlsInfo, 1, address, b.sni, secure.Version, secure.Cipher)
	if b.revoked != nil {
		r.Add(revoked, result.Truth(*b.revoked), address, b.sni)
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
