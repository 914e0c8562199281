package policy

import (
	"net/netip"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// TestElsewhere: certificates come from whoever runs the target, and name where their revocation lists are.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, allow, deny, host, address string
		reason                           string // "" is permitted
	}{
		{name: "public", host: "crl.example.com", address: "192.0.2.1:80"},
		{name: "public, though only another host is allowed", allow: "mail.contoso.com", host: "crl.example.com", address: "192.0.2.1:80"},
		{name: "denied name", deny: "*.example.com", host: "crl.example.com", address: "192.0.2.1:80", reason: NameDenied},
		{name: "denied address", deny: "192.0.2.0/24", host: "crl.example.com", address: "192.0.2.1:80", reason: AddressDenied},
		{name: "private", host: "pki.contoso.com", address: "10.0.0.1:80", reason: AddressNotAllowed},
		{name: "private in IPv6", host: "pki.contoso.com", address: "[fd00::1]:80", reason: AddressNotAllowed},
		{name: "shared", host: "pki.contoso.com", address: "100.64.0.1:80", reason: AddressNotAllowed},
		{name: "site-local", host: "pki.contoso.com", address: "[fec0::1]:80", reason: AddressNotAllowed},
		{name: "private, IPv4-mapped", host: "pki.contoso.com", address: "[::ffff:10.0.0.1]:80", reason: AddressNotAllowed},
		{name: "private behind NAT64", host: "pki.contoso.com", address: "[64:ff9b::10.0.0.1]:80", reason: AddressNotAllowed},
		{name: "private, allowed by name", allow: "pki.contoso.com", host: "pki.contoso.com", address: "10.0.0.1:80"},
		{name: "private, allowed by network", allow: "10.0.0.0/8", host: "pki.contoso.com", address: "10.0.0.1:80"},
		{name: "loopback", host: "pki.contoso.com", address: "127.0.0.1:80", reason: AddressDenied},
		{name: "loopback, allowed by name alone", allow: "pki.contoso.com", host: "pki.contoso.com", address: "127.0.0.1:80", reason: AddressDenied},
		{name: "loopback, allowed", allow: "127.0.0.0/8", host: "pki.contoso.com", address: "127.0.0.1:80"},
		{name: "a cloud's metadata", host: "pki.contoso.com", address: "169.254.169.254:80", reason: AddressDenied},
		{name: "no address", host: "pki.contoso.com", reason: AddressDenied},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := New(parsed(t, c.allow), parsed(t, c.deny), nil)
			var address netip.AddrPort
			if c.address != "" {
				address = netip.MustParseAddrPort(c.address)
			}
			err := p.Elsewhere(c.host, address)
			if c.reason == "" && err != nil || c.reason != "" && !failure.Is(err, failure.Policy, c.reason) {
				t.Errorf("%s at %s: %v, want %q", c.host, c.address, err, c.reason)
			}
		})
	}
}

// TestElsewhere_neverTheExporterItself, whatever a certificate says.
func TestElsewhere_neverTheExporterItself(t *testing.T) {
	t.Parallel()
	own := netip.MustParseAddrPort("192.0.2.7:10501")
	if err := New(nil, nil, []netip.AddrPort{own}).Elsewhere("x.example", own); !failure.Is(err, failure.Policy, OwnListener) {
		t.Errorf("the exporter's own listener: %v", err)
	}
}

func parsed(t *testing.T, rule string) []Rule {
	t.Helper()
	if rule == "" {
		return nil
	}
	r, err := ParseRule(rule)
	if err != nil {
		t.Fatal(err)
	}
	return []Rule{r}
}
