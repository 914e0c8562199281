package sslbinding

import (
	"crypto/x509"
	"net/netip"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestRealPostfix: the certificate behind a real STARTTLS, and the TLS versions that it accepts.
func TestRealPostfix(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	pair := root.issue(t, &x509.Certificate{DNSNames: []string{service}})
	address := netip.MustParseAddrPort(servers.Postfix{Certificate: pair}.Start(t))
	r := survey{target: on(address), resolver: leads(address), roots: root.pem(), limit: 20 * time.Second, settings: func(s *Settings) {
		s.StartTLS, s.Sweep, s.Thumbprints = []int{int(address.Port())}, true, []string{sum(pair)}
	}}.probe(t)
	if got := verdictOf(r); got != "" {
		t.Fatalf("%s: %v", got, r.Failure)
	}
	wantValue(t, r, 1, "probe_ssl_binding_expected", service, address.String())
	wantValue(t, r, 1, "probe_ssl_binding_tls_version_accepted", "TLS 1.3")
	// Debian's Postfix speaks TLS without STARTTLS no more than Exchange does on these ports.
	r = survey{target: on(address), resolver: leads(address), roots: root.pem(), limit: 2 * time.Second}.probe(t)
	if got := verdictOf(r); got != "tls/not_tls" {
		t.Errorf("without STARTTLS: %q: %v", got, r.Failure)
	}
}
