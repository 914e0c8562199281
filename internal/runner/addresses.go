package runner

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Addresses are those of the target's name, of both families whatever the module prefers, at most wire.MaxAddresses; left is how
// many more there are. Each may be asked alone by Request.At. The error is a *Refusal, or a failure of stage resolve.
func (r *Runner) Addresses(ctx context.Context, req Request) (all []netip.Addr, left int, err error) {
	j, err := r.prepare(req)
	if err != nil {
		return nil, 0, err
	}
	switch {
	case len(j.hosts) > 0:
		return nil, 0, refuse(http.StatusBadRequest, BadRequest, "the module %q is asked for a domain, and finds the hosts itself: there are no addresses of one name to compare", j.module.Name)
	case j.target.Addr.IsValid():
		return nil, 0, refuse(http.StatusBadRequest, BadRequest, "the target %s is an address: write the name whose addresses are to be compared", j.target.Host)
	}
	ctx, cancel := context.WithTimeout(ctx, j.limit)
	defer cancel()
	found, err := (&wire.Dialer{Resolver: r.Resolver}).Resolve(ctx, j.target.Host, wire.Preference{Fallback: true})
	return found.Addresses, found.Dropped, err
}

// only has a job ask its target at one address.
func (j *job) only(at netip.Addr) error {
	if !at.IsValid() {
		return nil
	}
	if len(j.hosts) > 0 || j.target.Addr.IsValid() {
		return refuse(http.StatusBadRequest, BadRequest, "the target has no name, of whose addresses one could be asked alone")
	}
	j.at = at.Unmap()
	return nil
}

// prefers is the module's choice of a family, or that of the only address.
func (j *job) prefers(m *prober.Module) *prober.Module {
	if j.at.IsValid() {
		m.Prefer = wire.Preference{Protocol: "ip6", Fallback: true}
		if j.at.Is4() {
			m.Prefer.Protocol = "ip4"
		}
	}
	return m
}

// resolver is r, which knows of the target's addresses the only one, where one alone is asked.
func (j *job) resolver(r wire.Resolver) wire.Resolver {
	if !j.at.IsValid() {
		return r
	}
	if j.stands {
		return wire.Among(r, j.target.Host, j.at)
	}
	return wire.Pinned(r, j.target.Host, j.at)
}

// adviceNoRoute is the key of the advice for an address without a route.
const adviceNoRoute = "address_without_route"

// routed tells whether the only address can be asked from this machine, and where it cannot, says so in res: that proves
// nothing of whoever is there, as on a machine without IPv6. A proxy has routes of its own.
func (j *job) routed(res *result.Result) bool {
	if !j.at.IsValid() || !j.module.ProxyURL.IsZero() || wire.HasRoute(netip.AddrPortFrom(j.at, j.target.Port)) {
		return true
	}
	res.UndecidedReason = result.NotAsked
	res.Undecided = "Not asked: the exporter's machine has no route to " + j.at.String()
	res.Draw("undecided/"+string(result.NotAsked), adviceNoRoute)
	return false
}

// routeAdvice is for an address that is asked alone, and to which there is no route.
var routeAdvice = advice.Advice{
	Key:   adviceNoRoute,
	Means: "From the exporter's machine there is no route to this address, as on a machine without IPv6. So it was not asked, and nothing follows for whoever is there.", Suffers: "Nobody but this monitoring, where clients have a route.",
	Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
	On:    advice.OnExporter,
	First: "ip -6 route show default; ip -4 route show default",
	Then:  "Probe from a machine that has a route, as clients have one; or give this machine one, as its network is run. Undo by taking that out.",
	Risk:  advice.Change, When: advice.Plan,
	Separates: "If a line is missing for the address's family: the machine has none of that family. If both are there: a route of its own forbids this address; ip route get shows which.",
}
