package wire

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
)

// reasonFamily is unreachable, where the name has addresses of the other family.
const reasonFamily = "family_unreachable"

// bothFamilies tells whether the name has, beside a, an address of the other family, as far as those were looked up.
func (r *Resolution) bothFamilies(a netip.Addr) bool {
	return slices.ContainsFunc(r.Addresses, func(other netip.Addr) bool { return other.Is4() != a.Is4() })
}

// choice says by what the family of a was asked, and how the other one is, "" where there was no choice: a was not looked up,
// or the name has no other.
func (r *Resolution) choice(a netip.Addr) string {
	if r.Span == nil {
		return ""
	}
	this, other, protocol := "IPv6", "IPv4", "ip4"
	if a.Is4() {
		this, other, protocol = other, this, "ip6"
	}
	switch {
	case r.bothFamilies(a):
		return fmt.Sprintf("; that is %s, by the module's %s; the name has %s addresses too, and ip_protocol %s with ip_protocol_fallback false asks those alone",
			this, r.Prefer, other, protocol)
	case !r.Prefer.Fallback:
		return fmt.Sprintf("; that is %s, and by the module's %s no other was looked up", this, r.Prefer)
	}
	return ""
}

// familyAdvice is for a family without a route, where there is another.
var familyAdvice = advice.Advice{
	Key:   "family_without_route",
	Means: "The name has addresses of IPv4 and of IPv6, and from the exporter's machine there is no route to the one that was asked.", Suffers: "Nobody but this monitoring, where clients use the other family.",
	Owners: []advice.Owner{advice.Exporter, advice.Network},
	On:     "on a client, in PowerShell",
	First:  "Test-NetConnection SERVICE -Port PORT",
	Then:   "Set ip_protocol of the module to the family that clients use, and ip_protocol_fallback: false; note the values before, and go back by them. Or give the exporter's machine a route to the address.", Risk: advice.Change, When: advice.Morning,
	Separates: "If RemoteAddress is of the other family than the address in the message: clients use that one, and the module should ask it. If it is of the same family and TcpTestSucceeded is True: a route is missing near the exporter. If that is False: a route is missing near the host, or the record should not be there.",
	For:       advice.About("connect/" + reasonFamily),
}

// HasRoute tells whether this machine has a route to a, and an address of its own to go out from. It asks the operating system
// by connecting a datagram socket, which sends nothing. An error of another kind, such as a shortage, does not count as none.
func HasRoute(a netip.AddrPort) bool {
	conn, err := net.Dial("udp", a.String()) //nolint:noctx // it waits for nothing
	if err != nil {
		return !isAny(err, unreachableErrors)
	}
	_ = conn.Close()
	return true
}

// Pinned is a resolver that knows of host the one address alone, and asks below about all others; nil: the system's.
func Pinned(below Resolver, host string, at netip.Addr) Resolver {
	if below == nil {
		below = systemResolver
	}
	return pinned{Resolver: below, host: host, at: at}
}

// Among is Pinned where the name has the address, which is looked up each time: the name stays what decides who is asked.
func Among(below Resolver, host string, at netip.Addr) Resolver {
	p, _ := Pinned(below, host, at).(pinned)
	p.proven = true
	return p
}

type pinned struct {
	Resolver
	host   string
	at     netip.Addr
	proven bool // the name must have the address
}

// LookupNetIP implements Resolver.
func (p pinned) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if strings.EqualFold(strings.TrimSuffix(host, "."), strings.TrimSuffix(p.host, ".")) {
		return []netip.Addr{p.at}, p.prove(ctx, host)
	}
	return p.Resolver.LookupNetIP(ctx, network, host)
}

// prove looks whether the name has the address, where it must.
func (p pinned) prove(ctx context.Context, host string) error {
	if !p.proven {
		return nil
	}
	found, err := p.Resolver.LookupNetIP(ctx, "ip", host)
	same := func(a netip.Addr) bool { return a.Unmap() == p.at.Unmap() }
	if err == nil && !slices.ContainsFunc(found, same) {
		err = fmt.Errorf("the name does not have the address %s now; service discovery lists those that it has", p.at)
	}
	return err
}

// LookupCNAME implements aliasResolver: what the name is an alias for does not depend on the address.
func (p pinned) LookupCNAME(ctx context.Context, host string) (string, error) {
	if aliases, ok := p.Resolver.(aliasResolver); ok {
		return aliases.LookupCNAME(ctx, host)
	}
	return host, nil
}
