package policy

import (
	"net/netip"
	"slices"
)

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

// alwaysDenied are these. They hold too for the IPv4 addresses that IPv6 addresses lead to, see embedded.
var alwaysDenied = func() (ranges []deniedRange) {
	for _, b := range basic {
		ranges = append(ranges, deniedRange{b.what, netip.MustParsePrefix(b.prefix)})
	}
	return ranges
}()

// embedding is a form of IPv6 addresses that lead to an IPv4 address, which stands in them.
type embedding struct {
	what   string       // "NAT64", for a sentence
	prefix netip.Prefix // of all such addresses
	at     int          // bits before the IPv4 address
	within []byte       // what stands right before it, where the prefix does not end there
	turned bool         // each bit of it is
}

// embeddings are all that are known. An IPv4-mapped address needs no entry: addresses are unmapped before they are looked at.
var embeddings = []embedding{
	{what: "NAT64", prefix: netip.MustParsePrefix("64:ff9b::/96"), at: 96},                            // RFC 6052 §2.1
	{what: "6to4", prefix: netip.MustParsePrefix("2002::/16"), at: 16},                                // RFC 3056 §2
	{what: "an IPv4-compatible address", prefix: netip.MustParsePrefix("::/96"), at: 96},              // RFC 4291 §2.5.5.1
	{what: "an IPv4-translated address", prefix: netip.MustParsePrefix("::ffff:0:0:0/96"), at: 96},    // RFC 2765 §2.1
	{what: "Teredo", prefix: netip.MustParsePrefix("2001::/32"), at: 96, turned: true},                // RFC 4380 §4: the client
	{what: "Teredo", prefix: netip.MustParsePrefix("2001::/32"), at: 32},                              // the same: its server
	{what: "ISATAP", prefix: netip.MustParsePrefix("::/0"), at: 96, within: []byte{0, 0, 0x5e, 0xfe}}, // RFC 5214 §6.1
	{what: "ISATAP", prefix: netip.MustParsePrefix("::/0"), at: 96, within: []byte{2, 0, 0x5e, 0xfe}}, // the same, of a global address
}

// inner is an IPv4 address that an IPv6 address leads to, and how.
type inner struct {
	netip.Addr
	by embedding
}

// embedded are the IPv4 addresses that an IPv6 address leads to. Few do, and those of Teredo to two.
func embedded(a netip.Addr) (all []inner) {
	if !a.Is6() || a.IsLoopback() || a.IsUnspecified() {
		return nil
	}
	bytes := a.As16()
	for _, e := range embeddings {
		from := e.at / 8
		if !e.prefix.Contains(a) || !slices.Equal(bytes[from-len(e.within):from], e.within) {
			continue
		}
		v4 := [4]byte(bytes[from:])
		for i := range v4 {
			if e.turned {
				v4[i] = ^v4[i]
			}
		}
		all = append(all, inner{netip.AddrFrom4(v4), e})
	}
	return all
}
