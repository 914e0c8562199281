package policy

import (
	"net/netip"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// TestProxy: the configuration names the proxy, so no allow rule is needed; name servers must not choose where it is.
func TestProxy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, allow, deny, host, address string
		reason                           string // "" is permitted
	}{
		{name: "private", host: "proxy.contoso.com", address: "10.0.0.1:3128"},
		{name: "not among what may be probed", allow: "mail.contoso.com", host: "proxy.contoso.com", address: "10.0.0.1:3128"},
		{name: "loopback that is written", host: "127.0.0.1", address: "127.0.0.1:3128"},
		{name: "loopback in IPv6 that is written", host: "::1", address: "[::1]:3128"},
		{name: "denied name", deny: "proxy.contoso.com", host: "proxy.contoso.com", address: "10.0.0.1:3128", reason: NameDenied},
		{name: "denied address", deny: "10.0.0.0/8", host: "proxy.contoso.com", address: "10.0.0.1:3128", reason: AddressDenied},
		{name: "denied address that is written", deny: "127.0.0.0/8", host: "127.0.0.1", address: "127.0.0.1:3128", reason: AddressDenied},
		{name: "a name that leads to loopback", host: "proxy.contoso.com", address: "127.0.0.1:3128", reason: AddressDenied},
		{name: "a name that leads to loopback, IPv4-mapped", host: "proxy.contoso.com", address: "[::ffff:127.0.0.1]:3128", reason: AddressDenied},
		{name: "a name that leads to a cloud's metadata", host: "proxy.contoso.com", address: "169.254.169.254:80", reason: AddressDenied},
		{name: "a name that leads to a link-local address", host: "proxy.contoso.com", address: "[fe80::1]:80", reason: AddressDenied},
		{name: "a name that may lead to loopback", allow: "127.0.0.0/8", host: "proxy.contoso.com", address: "127.0.0.1:3128"},
		{name: "no address", host: "proxy.contoso.com", reason: AddressDenied},
		{name: "the exporter itself", host: "127.0.0.1", address: "127.0.0.1:10501", reason: OwnListener},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := New(parsed(t, c.allow), parsed(t, c.deny), []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:10501")})
			var address netip.AddrPort
			if c.address != "" {
				address = netip.MustParseAddrPort(c.address)
			}
			err := p.Proxy(c.host, address)
			if c.reason == "" && err != nil || c.reason != "" && !failure.Is(err, failure.Policy, c.reason) {
				t.Errorf("%s at %s: %v, want %q", c.host, c.address, err, c.reason)
			}
		})
	}
}
