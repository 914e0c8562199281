package policy

import (
	"net"
	"net/netip"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// The reasons of a failure of stage policy.
const (
	NameDenied        = "name_denied"         // a deny rule matches the name
	NameNotAllowed    = "name_not_allowed"    // there are allow rules, none for the name, and none for addresses
	AddressDenied     = "address_denied"      // a deny rule holds the address, or it is in a range that is always denied
	AddressNotAllowed = "address_not_allowed" // there are allow rules, and none for the name or the address
	OwnListener       = "own_listener"        // the exporter itself listens there
)

// Policy says what may be reached. It is safe for concurrent use.
type Policy struct {
	allow, deny []Rule
	listeners   []netip.AddrPort
	local       func() ([]net.Addr, error) // the addresses of this machine's interfaces
}

// New makes a policy. Deny beats allow; an empty allow list permits what is not denied. The listeners are the
// exporter's own: where one listens on every address (0.0.0.0 or ::), its port is refused on every local address.
func New(allow, deny []Rule, listeners []netip.AddrPort) *Policy {
	return &Policy{allow: slices.Clone(allow), deny: slices.Clone(deny), listeners: slices.Clone(listeners), local: net.InterfaceAddrs}
}

// Target says whether the target may be looked up and dialled, as far as that is known before a look-up. The error
// is a *failure.Failure of stage policy. Address must still agree to every address that is dialled.
//
// Allow rules are held against the host that is dialled, never against the hostname parameter, which is the caller's
// free choice; deny rules against both.
func (p *Policy) Target(t target.Target) error {
	for _, name := range []string{t.Host, t.Name} {
		if err := p.name(name); err != nil {
			return err
		}
	}
	if t.Addr.IsValid() {
		return p.Address(t.Host, netip.AddrPortFrom(t.Addr, t.Port))
	}
	onAddresses := func(r Rule) bool { return r.prefix.IsValid() }
	if len(p.allow) == 0 || p.allowsName(t.Host) || slices.ContainsFunc(p.allow, onAddresses) {
		return nil
	}
	return failure.New(failure.Policy, NameNotAllowed,
		"policy.allow has no rule for %s; add the name, or the network that it is in, to policy.allow if it may be probed", t.Host)
}

// Address says whether one address may be dialled for the sake of this host: the name that was looked up, or the
// literal that was written (never the hostname parameter). Ask it for every address just before dialling exactly
// that address, again on every redirect. The error is a *failure.Failure of stage policy.
func (p *Policy) Address(host string, ap netip.AddrPort) error {
	a, err := p.reach(host, ap)
	if err != nil {
		return err
	}
	if len(p.allow) == 0 || p.allowsName(host) || p.allowsAddr(a) {
		return nil
	}
	return failure.New(failure.Policy, AddressNotAllowed,
		"policy.allow has no rule for %s; add the address or its network to policy.allow, or the name, if it may be probed", both(host, a))
}

// reach holds a destination against everything but the allow rules, and gives its address in the form that rules take.
func (p *Policy) reach(host string, ap netip.AddrPort) (netip.Addr, error) {
	if err := p.name(host); err != nil {
		return netip.Addr{}, err
	}
	a := ap.Addr().Unmap().WithZone("")
	if !a.IsValid() {
		return a, failure.New(failure.Policy, AddressDenied, "there is no address to dial for %s", host)
	}
	if err := p.denied(host, a); err != nil {
		return a, err
	}
	return a, p.ownListener(host, netip.AddrPortFrom(a, ap.Port()))
}

// name holds a name against the deny rules.
func (p *Policy) name(name string) error {
	for _, r := range p.deny {
		if r.MatchName(name) {
			return failure.New(failure.Policy, NameDenied, "the rule %s in policy.deny forbids %s; remove the rule if it may be probed", r, name)
		}
	}
	return nil
}

// denied holds an address, and those that it leads to, against the deny rules and the ranges that are always denied.
func (p *Policy) denied(host string, a netip.Addr) error {
	if err := p.ruledOut(host, a); err != nil {
		return err
	}
	if d, in := rangeOf(a); in && !p.unlocks(d.prefix.Bits(), a) {
		return failure.New(failure.Policy, AddressDenied,
			"%s is %s, which is denied unless policy.allow says otherwise; if it may be probed, add %s, or a network within %s, to policy.allow",
			both(host, a), d.what, a, d.prefix)
	}
	for _, v4 := range embedded(a) {
		if d, in := rangeOf(v4.Addr); in && !p.unlocks(v4.by.at+d.prefix.Bits(), a) {
			return failure.New(failure.Policy, AddressDenied,
				"%s leads to %s (%s), %s, which is denied unless policy.allow says otherwise; if it may be probed, add %s to policy.allow",
				both(host, a), v4.Addr, v4.by.what, d.what, a)
		}
	}
	return nil
}

// rangeOf is the first of the ranges that are always denied that an address is in.
func rangeOf(a netip.Addr) (deniedRange, bool) {
	i := slices.IndexFunc(alwaysDenied, func(d deniedRange) bool { return d.prefix.Contains(a) })
	if i < 0 {
		return deniedRange{}, false
	}
	return alwaysDenied[i], true
}

// ruledOut holds an address, and those that it leads to, against the deny rules alone.
func (p *Policy) ruledOut(host string, a netip.Addr) error {
	inside := embedded(a)
	for _, r := range p.deny {
		if r.matchAddr(a) || slices.ContainsFunc(inside, func(v4 inner) bool { return r.matchAddr(v4.Addr) }) {
			return failure.New(failure.Policy, AddressDenied, "the rule %s in policy.deny forbids %s; remove the rule if it may be probed", r, both(host, a))
		}
	}
	return nil
}

// unlocks tells whether an allow rule holds the address and lies wholly inside the range, which has so many bits, so that a
// wide rule such as 0.0.0.0/0 opens nothing by accident.
func (p *Policy) unlocks(bits int, a netip.Addr) bool {
	return slices.ContainsFunc(p.allow, func(r Rule) bool { return r.matchAddr(a) && r.prefix.Bits() >= bits })
}

func (p *Policy) allowsName(name string) bool {
	return slices.ContainsFunc(p.allow, func(r Rule) bool { return r.MatchName(name) })
}

func (p *Policy) allowsAddr(a netip.Addr) bool {
	return slices.ContainsFunc(p.allow, func(r Rule) bool { return r.matchAddr(a) })
}

// both writes an address, and the name it was found by.
func both(host string, a netip.Addr) string {
	if host == "" || host == a.String() {
		return a.String()
	}
	return a.String() + " (" + host + ")"
}
