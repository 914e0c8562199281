package policy

import (
	"net"
	"net/netip"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// ownListener refuses an address and port on which the exporter itself listens: a probe of it would be a loop, and a
// way around the protection of its own pages. An allow rule for exactly that address lifts it.
func (p *Policy) ownListener(host string, ap netip.AddrPort) error {
	exact := func(r Rule) bool { return r.prefix.IsSingleIP() && r.prefix.Addr() == ap.Addr() }
	listens := p.listensOn(ap) || slices.ContainsFunc(embedded(ap.Addr()), func(v4 inner) bool { return p.listensOn(netip.AddrPortFrom(v4.Addr, ap.Port())) })
	if !listens || slices.ContainsFunc(p.allow, exact) {
		return nil
	}
	return failure.New(failure.Policy, OwnListener,
		"the exporter itself listens on %s, port %d; if it may be probed, add exactly %s to policy.allow", both(host, ap.Addr()), ap.Port(), ap.Addr())
}

func (p *Policy) listensOn(ap netip.AddrPort) bool {
	return slices.ContainsFunc(p.listeners, func(l netip.AddrPort) bool {
		if l.Port() != ap.Port() {
			return false
		}
		listening := l.Addr().Unmap().WithZone("")
		if listening.IsUnspecified() || !listening.IsValid() {
			return p.isLocal(ap.Addr())
		}
		return listening == ap.Addr()
	})
}

// isLocal tells whether the address is this machine's. The interfaces are read each time, because addresses come and
// go; where they cannot be read, every address counts as local, so that the doubt is on the safe side.
func (p *Policy) isLocal(a netip.Addr) bool {
	if a.IsLoopback() || a.IsUnspecified() {
		return true
	}
	addrs, err := p.local()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(addrs, func(local net.Addr) bool {
		n, ok := local.(*net.IPNet)
		if !ok {
			return false
		}
		ip, ok := netip.AddrFromSlice(n.IP)
		return ok && ip.Unmap() == a
	})
}
