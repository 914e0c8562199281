package policy

import "net/netip"

// deniedRange is a range that is denied unless an allow rule lies wholly inside it.
type deniedRange struct {
	what   string // "a loopback address", for a sentence
	prefix netip.Prefix
}

// basic are the ranges that no mail server is in, or that lead to something a stranger must not reach through us.
// The metadata addresses stand on their own even inside a wider range, so that allowing 169.254.0.0/16 does not open
// them. Sources: RFC 6890 and the IANA special-purpose registries; for the clouds, each provider's own documentation.
var basic = []struct{ what, prefix string }{
	// Amazon EC2 User Guide, "Access instance metadata"; the same address at Google, Azure, OCI and others.
	{"a cloud's metadata address", "169.254.169.254/32"},
	{"a cloud's metadata address", "fd00:ec2::254/128"},
	// Amazon ECS Developer Guide, "Task IAM role"; Amazon EKS User Guide, "Set up the Amazon EKS Pod Identity Agent".
	{"a cloud's credentials address", "169.254.170.2/32"},
	{"a cloud's credentials address", "169.254.170.23/32"},
	{"a cloud's credentials address", "fd00:ec2::23/128"},
	// The IPv6 endpoints of Google Cloud and OCI, as clients in public use call them; no page of the providers was at
	// hand to confirm them, but to deny one unique-local address too many costs nothing.
	{"a cloud's metadata address", "fd20:ce::254/128"},
	{"a cloud's metadata address", "fd00:c1::a9fe:a9fe/128"},
	// Oracle Compute Cloud at Customer, "Retrieve Predefined Instance Metadata".
	{"a cloud's metadata address", "192.0.0.192/32"},
	// Alibaba Cloud ECS, "Overview of ECS instance metadata".
	{"a cloud's metadata address", "100.100.100.200/32"},
	// Microsoft Learn, "What is IP address 168.63.129.16?".
	{"Azure's platform address", "168.63.129.16/32"},

	{"an unspecified address", "0.0.0.0/8"}, // RFC 1122 §3.2.1.3; Linux takes 0.0.0.0 for itself
	{"an unspecified address", "::/128"},
	{"a loopback address", "127.0.0.0/8"},
	{"a loopback address", "::1/128"},
	{"a link-local address", "169.254.0.0/16"},
	{"a link-local address", "fe80::/10"},
	{"a multicast address", "224.0.0.0/4"},
	{"a multicast address", "ff00::/8"},
	{"the broadcast address", "255.255.255.255/32"},
	// RFC 8215: a translation prefix of local choice, so nobody can tell which IPv4 address lies behind.
	{"a local NAT64 address", "64:ff9b:1::/48"},
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052 §2.1
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056 §2
)

// alwaysDenied is basic, and the NAT64 and 6to4 addresses that lead to its IPv4 ranges. IPv4-mapped addresses need no
// entry, because addresses are unmapped before they are looked up.
var alwaysDenied = func() (ranges []deniedRange) {
	for _, b := range basic {
		p := netip.MustParsePrefix(b.prefix)
		ranges = append(ranges, deniedRange{b.what, p})
		if p.Addr().Is4() {
			ranges = append(ranges,
				deniedRange{b.what + " behind NAT64", embed(nat64, p)},
				deniedRange{b.what + " behind 6to4", embed(sixToFour, p)})
		}
	}
	return ranges
}()

// embed puts an IPv4 network behind an IPv6 prefix of whole bytes.
func embed(prefix, v4 netip.Prefix) netip.Prefix {
	bytes, inner := prefix.Addr().As16(), v4.Addr().As4()
	copy(bytes[prefix.Bits()/8:], inner[:])
	return netip.PrefixFrom(netip.AddrFrom16(bytes), prefix.Bits()+v4.Bits())
}

// embedded is the IPv4 address that an IPv6 address leads to through NAT64 or 6to4.
func embedded(a netip.Addr) (netip.Addr, bool) {
	for _, p := range []netip.Prefix{nat64, sixToFour} {
		if p.Contains(a) {
			bytes := a.As16()
			return netip.AddrFrom4([4]byte(bytes[p.Bits()/8:][:4])), true
		}
	}
	return netip.Addr{}, false
}
