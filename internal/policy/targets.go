package policy

import (
	"net/netip"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// NotATarget is the reason of a module that has targets, none of which is the one asked for.
const NotATarget = "not_a_target"

// Targets are what a module may be asked for, beside what policy says of everything: names, globs, addresses and networks,
// without ports. Without any, a module may be asked for whatever policy permits.
type Targets []Rule

// Target says whether the module may be asked for t, as far as that is known before a look-up; Address must still agree
// where it is dialled. Like policy's allow rules these are held against what is dialled, never against the hostname
// parameter, which is the caller's free choice. The error is a *failure.Failure of stage policy.
func (ts Targets) Target(t target.Target) error {
	switch {
	case len(ts) == 0, ts.name(t.Host):
		return nil
	case t.Addr.IsValid():
		return ts.Address(t.Host, netip.AddrPortFrom(t.Addr, t.Port))
	case slices.ContainsFunc(ts, func(r Rule) bool { return r.prefix.IsValid() }):
		return nil
	}
	return ts.refuse(t.Host)
}

// Known tells whether the module may be asked for t wherever a look-up leads. Else Address decides of every host that is
// dialled for its sake: a mail domain's own may have no address at all.
func (ts Targets) Known(t target.Target) bool {
	return len(ts) == 0 || t.Addr.IsValid() || ts.name(t.Host)
}

// Address says whether one of the target's addresses may be dialled; host is what was looked up.
func (ts Targets) Address(host string, ap netip.AddrPort) error {
	a := ap.Addr().Unmap().WithZone("")
	if len(ts) == 0 || ts.name(host) || slices.ContainsFunc(ts, func(r Rule) bool { return r.matchAddr(a) }) {
		return nil
	}
	return ts.refuse(both(host, a))
}

func (ts Targets) name(host string) bool {
	return slices.ContainsFunc(ts, func(r Rule) bool { return r.MatchName(host) })
}

func (ts Targets) refuse(what string) error {
	return failure.New(failure.Policy, NotATarget, "the module's targets have no rule for %s; add the name, the address or its network to them if this module may probe it", what)
}
