package policy

import (
	"net/netip"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Proxy says whether one address of a module's proxy may be dialled. The configuration names the proxy, so no allow rule is
// needed: those say what may be probed. Deny rules hold. What is always denied, such as loopback, is so where a name leads
// there, for name servers may lead anywhere; an address that the configuration itself has written is meant. Nobody uses the
// exporter's own listener as a proxy. Ask it for every address just before dialling it. The error is a *failure.Failure of
// stage policy.
func (p *Policy) Proxy(host string, ap netip.AddrPort) error {
	if err := p.name(host); err != nil {
		return err
	}
	a := ap.Addr().Unmap().WithZone("")
	if !a.IsValid() {
		return failure.New(failure.Policy, AddressDenied, "there is no address to dial for the proxy %s", host)
	}
	holds := p.denied
	if host == a.String() {
		holds = p.ruledOut
	}
	if err := holds(host, a); err != nil {
		return failure.New(failure.Policy, AddressDenied, "the module's proxy was not asked: %w", err)
	}
	return p.ownListener(host, netip.AddrPortFrom(a, ap.Port()))
}
