package policy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

func rules(t *testing.T, text string) (list []Rule) {
	t.Helper()
	for _, s := range strings.Fields(text) {
		list = append(list, mustRule(t, s))
	}
	return list
}

// expect checks that the error is a policy failure with this reason and a sentence that holds the text; an empty reason
// expects none.
func expect(t *testing.T, err error, reason, text string) {
	t.Helper()
	if reason == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	if !failure.Is(err, failure.Policy, reason) {
		t.Fatalf("got %+v, want reason %s", err, reason)
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("sentence %q does not hold %q", err, text)
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, allow, deny, target, hostname, reason, text string
	}{
		{name: "nothing configured permits a name", target: "mail.contoso.com"},
		{name: "nothing configured permits a private address", target: "10.1.2.3"},
		{name: "a denied name", deny: "*.contoso.com", target: "mail.contoso.com", reason: NameDenied, text: "*.contoso.com in policy.deny"},
		{name: "a denied name, written otherwise", deny: "mail.contoso.com", target: "MAIL.Contoso.com.", reason: NameDenied},
		{name: "deny beats allow", allow: "mail.contoso.com", deny: "*.contoso.com", target: "mail.contoso.com", reason: NameDenied},
		{name: "a denied hostname parameter", deny: "mail.contoso.com", target: "10.1.2.3", hostname: "mail.contoso.com", reason: NameDenied},
		{name: "an allowed name", allow: "mail.contoso.com", target: "mail.contoso.com"},
		{name: "another name", allow: "mail.contoso.com", target: "mail.fabrikam.com", reason: NameNotAllowed, text: "add the name"},
		{name: "another name that may be in an allowed network", allow: "mail.contoso.com 10.0.0.0/8", target: "mail.fabrikam.com"},
		{name: "the hostname parameter allows nothing", allow: "mail.contoso.com", target: "10.1.2.3", hostname: "mail.contoso.com", reason: AddressNotAllowed, text: "10.1.2.3"},
		{name: "the hostname parameter allows no name", allow: "mail.contoso.com", target: "mail.fabrikam.com", hostname: "mail.contoso.com", reason: NameNotAllowed},
		{name: "an address in an allowed network, by any hostname", allow: "10.0.0.0/8", target: "10.1.2.3", hostname: "mail.contoso.com"},
		{name: "a denied address", deny: "10.0.0.0/8", target: "10.1.2.3", reason: AddressDenied, text: "10.0.0.0/8 in policy.deny"},
		{name: "loopback", target: "127.0.0.1", reason: AddressDenied, text: "loopback"},
		{name: "IPv4-mapped loopback", target: "[::ffff:127.0.0.1]:8443", reason: AddressDenied, text: "loopback"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tgt, err := target.Parse(test.target, test.hostname)
			if err != nil {
				t.Fatal(err)
			}
			p := New(rules(t, test.allow), rules(t, test.deny), nil)
			expect(t, p.Target(tgt), test.reason, test.text)
		})
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, allow, deny, host, addr, reason, text string
	}{
		{name: "an ordinary address", addr: "10.1.2.3"},
		{name: "an allowed name", allow: "mail.contoso.com", addr: "10.1.2.3"},
		{name: "an allowed network", allow: "10.0.0.0/8", addr: "10.1.2.3"},
		{name: "neither", allow: "10.0.0.0/8 mail.fabrikam.com", addr: "192.0.2.1", reason: AddressNotAllowed, text: "192.0.2.1 (mail.contoso.com)"},
		{name: "an allowed network of the other family", allow: "::/0", addr: "192.0.2.1", reason: AddressNotAllowed},
		{name: "an allowed name never permits a denied address", allow: "mail.contoso.com", deny: "10.0.0.0/8", addr: "10.1.2.3", reason: AddressDenied},
		{name: "an allowed name never permits loopback", allow: "mail.contoso.com", addr: "127.0.0.1", reason: AddressDenied, text: "127.0.0.0/8"},
		{name: "deny beats an allowed address", allow: "10.1.2.3", deny: "10.0.0.0/8", addr: "10.1.2.3", reason: AddressDenied},
		{name: "deny beats unlocking", allow: "127.0.0.1", deny: "127.0.0.0/8", addr: "127.0.0.1", reason: AddressDenied},
		{name: "a denied name, on a redirect", deny: "mail.contoso.com", addr: "10.1.2.3", reason: NameDenied},
		{name: "a denied address written as IPv4-mapped", deny: "10.0.0.0/8", addr: "::ffff:10.1.2.3", reason: AddressDenied},
		{name: "a denied address behind NAT64", deny: "10.0.0.0/8", addr: "64:ff9b::a01:203", reason: AddressDenied},
		{name: "a denied address behind 6to4", deny: "10.0.0.0/8", addr: "2002:a01:203::1", reason: AddressDenied},
		{name: "NAT64 to an ordinary address", addr: "64:ff9b::c000:201"},
		{name: "an allowed network does not reach behind NAT64", allow: "192.0.2.0/24", addr: "64:ff9b::c000:201", reason: AddressNotAllowed},

		{name: "the loopback network is unlocked by itself", allow: "127.0.0.0/8", addr: "127.0.0.1"},
		{name: "and by an address in it", allow: "127.0.0.1", addr: "127.0.0.1"},
		{name: "but only that address", allow: "127.0.0.1", addr: "127.0.0.2", reason: AddressDenied},
		{name: "everything unlocks nothing", allow: "0.0.0.0/0 ::/0", addr: "127.0.0.1", reason: AddressDenied},
		{name: "everything unlocks nothing in IPv6", allow: "0.0.0.0/0 ::/0", addr: "::1", reason: AddressDenied},
		{name: "a network around the range unlocks nothing", allow: "126.0.0.0/7", addr: "127.0.0.1", reason: AddressDenied},
		{name: "link-local does not unlock metadata", allow: "169.254.0.0/16", addr: "169.254.169.254", reason: AddressDenied, text: "metadata"},
		{name: "link-local unlocks its rest", allow: "169.254.0.0/16", addr: "169.254.1.1"},
		{name: "metadata unlocked alone is still link-local inside the range", allow: "169.254.169.254", addr: "169.254.169.254"},
		{name: "loopback does not unlock its NAT64 form", allow: "127.0.0.0/8 64:ff9b::/96", addr: "64:ff9b::7f00:1", reason: AddressDenied},
		{name: "the NAT64 form unlocks itself", allow: "64:ff9b::7f00:0/104", addr: "64:ff9b::7f00:1"},

		{name: "no address", addr: "", reason: AddressDenied},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var a netip.Addr
			if test.addr != "" {
				a = netip.MustParseAddr(test.addr)
			}
			p := New(rules(t, test.allow), rules(t, test.deny), nil)
			expect(t, p.Address("mail.contoso.com", netip.AddrPortFrom(a, 443)), test.reason, test.text)
		})
	}
}

func TestAlwaysDenied(t *testing.T) {
	t.Parallel()
	p := New(nil, nil, nil)
	for _, s := range []string{
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "169.254.1.1", "169.254.169.254", "169.254.170.2", "169.254.170.23",
		"224.0.0.1", "239.255.255.255", "255.255.255.255", "100.100.100.200", "192.0.0.192", "168.63.129.16",
		"::", "::1", "fe80::1", "fe80::1%eth0", "ff02::1", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe",
		"::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::6464:64c8", "64:ff9b::",
		"64:ff9b:1::1", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002::1",
		"::127.0.0.1", "::169.254.169.254", "::2", "::ffff:0:127.0.0.1", "::ffff:0:169.254.169.254", // without and with translation
		"2001:0:808:808::80ff:fffe", "2001:0:808:808:0:1234:5601:5601", "2001:0:7f00:1::f7f7:f7f7", // Teredo: to the client, and by the server
		"2001:db8::5efe:127.0.0.1", "2001:db8::200:5efe:169.254.169.254", "fd00::5efe:224.0.0.1", // ISATAP
	} {
		err := p.Address("x", netip.AddrPortFrom(netip.MustParseAddr(s), 443))
		if !failure.Is(err, failure.Policy, AddressDenied) {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"1.1.1.1", "10.0.0.1", "100.100.100.201", "240.0.0.1", "fd00::1", "64:ff9b::808:808", "2002:808:808::1", "2001:db8::1",
		"::8.8.8.8", "::ffff:0:8.8.8.8", "2001:0:808:808::f7f7:f7f7", "2001:db8::5efe:8.8.8.8", "2001:db8::5eff:7f00:1"} {
		if err := p.Address("x", netip.AddrPortFrom(netip.MustParseAddr(s), 443)); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// TestWhatLeadsToAnAddress is under the rules for it, in each form; a rule for exactly the form lifts what is always denied.
func TestWhatLeadsToAnAddress(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]string{
		"64:ff9b::a01:203": "64:ff9b::/96", "2002:a01:203::1": "2002::/16", "::10.1.2.3": "::/96", "::ffff:0:10.1.2.3": "::ffff:0:0:0/96",
		"2001:0:808:808::f5fe:fdfc": "2001::/32", "2001:0:a01:203::f7f7:f7f7": "2001::/32", "2001:db8::5efe:10.1.2.3": "2001:db8::/32",
	} {
		at := netip.AddrPortFrom(netip.MustParseAddr(form), 443)
		denied := New(nil, rules(t, "10.0.0.0/8"), []netip.AddrPort{netip.MustParseAddrPort("10.1.2.3:443")})
		expect(t, denied.Address("x", at), AddressDenied, "10.0.0.0/8")
		expect(t, New(nil, nil, nil).Elsewhere("x", at), AddressNotAllowed, "private")
		expect(t, New(nil, nil, []netip.AddrPort{netip.MustParseAddrPort("10.1.2.3:443")}).Address("x", at), OwnListener, "itself")
		expect(t, New(rules(t, want), nil, nil).Address("x", at), "", "")
	}
	for _, form := range []string{"::127.0.0.1", "2001:0:808:808::80ff:fffe", "2001:db8::5efe:127.0.0.1"} {
		at := netip.AddrPortFrom(netip.MustParseAddr(form), 443)
		expect(t, New(rules(t, form), nil, nil).Address("x", at), "", "")
		expect(t, New(rules(t, "::/0 127.0.0.0/8"), nil, nil).Address("x", at), AddressDenied, "leads to 127.0.0.1")
	}
}

func TestOwnListener(t *testing.T) {
	t.Parallel()
	interfaces := func() ([]net.Addr, error) {
		return []net.Addr{
			&net.IPNet{IP: net.ParseIP("10.1.2.3"), Mask: net.CIDRMask(24, 32)},
			&net.IPNet{IP: net.ParseIP("2001:db8::5"), Mask: net.CIDRMask(64, 128)},
		}, nil
	}
	broken := func() ([]net.Addr, error) { return nil, errors.New("no interfaces") }
	tests := []struct {
		name, allow, listener, addr, reason string
		local                               func() ([]net.Addr, error)
	}{
		{name: "the address it listens on", listener: "10.1.2.3:10501", addr: "10.1.2.3:10501", reason: OwnListener},
		{name: "another port", listener: "10.1.2.3:10501", addr: "10.1.2.3:443"},
		{name: "another address", listener: "10.1.2.3:10501", addr: "10.1.2.4:10501"},
		{name: "a mapped listener", listener: "[::ffff:10.1.2.3]:10501", addr: "10.1.2.3:10501", reason: OwnListener},
		{name: "every address: a local one", listener: "[::]:10501", addr: "10.1.2.3:10501", reason: OwnListener},
		{name: "every IPv4 address: a local IPv6 one too, on the safe side", listener: "0.0.0.0:10501", addr: "[2001:db8::5]:10501", reason: OwnListener},
		{name: "every address: a remote one", listener: "[::]:10501", addr: "10.9.9.9:10501"},
		{name: "every address: loopback that a network unlocked", allow: "127.0.0.0/8", listener: "[::]:10501", addr: "127.0.0.1:10501", reason: OwnListener},
		{name: "loopback on another port", allow: "127.0.0.0/8", listener: "[::]:10501", addr: "127.0.0.1:8443"},
		{name: "exactly allowed", allow: "127.0.0.1", listener: "[::]:10501", addr: "127.0.0.1:10501"},
		{name: "exactly allowed as /128", allow: "::1/128", listener: "[::1]:10501", addr: "[::1]:10501"},
		{name: "interfaces that cannot be read", listener: "[::]:10501", addr: "10.9.9.9:10501", reason: OwnListener, local: broken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := New(rules(t, test.allow), nil, []netip.AddrPort{netip.MustParseAddrPort(test.listener)})
			p.local = interfaces
			if test.local != nil {
				p.local = test.local
			}
			expect(t, p.Address("x", netip.MustParseAddrPort(test.addr)), test.reason, "add exactly")
		})
	}
}

func TestThisMachinesInterfacesCount(t *testing.T) {
	t.Parallel()
	addrs, err := net.InterfaceAddrs()
	if err != nil || len(addrs) == 0 {
		t.Skip("no interfaces to look at")
	}
	p := New(nil, nil, []netip.AddrPort{netip.MustParseAddrPort("[::]:10501")})
	for _, a := range addrs {
		ip := netip.MustParsePrefix(a.String()).Addr()
		if !p.listensOn(netip.AddrPortFrom(ip.Unmap(), 10501)) {
			t.Errorf("%s is not known as this machine's", ip)
		}
	}
}

// BenchmarkPolicy asks about a server that is one of n that policy.allow names: what each probe asks before it dials.
func BenchmarkPolicy(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			var allow []Rule
			for i := range n {
				r, err := ParseRule(fmt.Sprintf("ex%04d.contoso.com", i))
				if err != nil {
					b.Fatal(err)
				}
				allow = append(allow, r)
			}
			p := New(allow, nil, nil)
			last, err := target.Parse(fmt.Sprintf("ex%04d.contoso.com", n-1), "https")
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := errors.Join(p.Target(last), p.Address(last.Host, netip.MustParseAddrPort("192.0.2.1:443"))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
