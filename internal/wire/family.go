package wire

import (
	"fmt"
	"net/netip"
	"slices"

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
