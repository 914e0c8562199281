package policy

import (
	"net/netip"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Elsewhere says whether one address may be dialled for the sake of this host when it was a target that named the host,
// as certificates name the places of their revocation lists. Whoever runs a target must not choose what inside the
// network is asked for, so on top of what Address denies no private address is dialled, unless an allow rule names the
// host or holds the address. Public addresses need no allow rule. Ask it for every address just before dialling it. The
// error is a *failure.Failure of stage policy.
func (p *Policy) Elsewhere(host string, ap netip.AddrPort) error {
	a, err := p.reach(host, ap)
	if err != nil {
		return err
	}
	if !private(a) || p.allowsName(host) || p.allowsAddr(a) {
		return nil
	}
	return failure.New(failure.Policy, AddressNotAllowed,
		"%s is a private address that a target named; if it may be asked, add the address, its network or the name to policy.allow", both(host, a))
}

// insideOnly are the ranges beside RFC 1918's and the unique local addresses (RFC 4193) that are used within networks.
var insideOnly = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"), // RFC 6598: shared between a provider and its customers
	netip.MustParsePrefix("198.18.0.0/15"), // RFC 2544: benchmarks, and proxies that answer every name themselves
	netip.MustParsePrefix("fec0::/10"),     // RFC 3879: site-local, deprecated
}

// private tells whether the address, or one that it leads to, belongs to a network's inside.
func private(a netip.Addr) bool {
	return isPrivate(a) || slices.ContainsFunc(embedded(a), func(v4 inner) bool { return isPrivate(v4.Addr) })
}

func isPrivate(a netip.Addr) bool {
	return a.IsPrivate() || slices.ContainsFunc(insideOnly, func(p netip.Prefix) bool { return p.Contains(a) })
}
