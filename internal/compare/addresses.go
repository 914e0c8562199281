package compare

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/diagnosis"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Finder finds the addresses of a target's name. *runner.Runner is one.
type Finder interface {
	Addresses(ctx context.Context, req runner.Request) (all []netip.Addr, left int, err error)
}

// Addresses gives the request once for each address of the target's name, each of which is asked alone. Clients hide an address
// that does not answer behind the others, so none is asked by name. Where the name cannot be looked up it gives the request
// itself, whose result says why. The error says why there is nothing to compare.
func Addresses(ctx context.Context, f Finder, req runner.Request) ([]runner.Request, error) {
	all, left, err := f.Addresses(ctx, req)
	var unresolved *failure.Failure
	switch {
	case errors.As(err, &unresolved):
		return []runner.Request{req}, nil
	case err != nil:
		return nil, err
	case len(all)+left > MaxServers:
		return nil, fmt.Errorf("%s has %d addresses, and a comparison asks at most %d: name those to ask with --direct", req.Target, len(all)+left, MaxServers)
	}
	requests := make([]runner.Request, len(all))
	for i, at := range all {
		requests[i] = req
		requests[i].At = at
	}
	return requests, nil
}

// byAddress tells whether the results are of addresses of one name, and not of a balancer and its servers.
func byAddress(results []*result.Result) bool { return len(results) == 1 || results[0].At != "" }

// withoutRoute has results ask for a route whose address cannot be reached from here, while one of the other family can: the fault
// may well be the exporter's, which has less of a network than clients, and nothing shows that the server is away.
func withoutRoute(results []*result.Result) {
	a, _ := runner.CommonAdvice().Find(advice.Case{About: "connect/family_unreachable"}, false)
	for _, r := range results {
		if unreachable(r) && slices.ContainsFunc(results, func(o *result.Result) bool { return family(o) != family(r) && reached(o) }) {
			diagnosis.Instead(r, a, nil)
		}
	}
}

// unreachable tells whether a result failed because there is no way to its address.
func unreachable(r *result.Result) bool {
	return r.Failure != nil && r.Failure.Stage == failure.Connect && r.Failure.Reason == "unreachable"
}

// reached tells whether a connection to the address was made.
func reached(r *result.Result) bool {
	return slices.ContainsFunc(r.Connections, func(c *wire.Connection) bool { return c.WireReceived > 0 && c.Address.Addr().String() == r.At })
}

// family is what the address that a result is of belongs to.
func family(r *result.Result) string {
	if at, err := netip.ParseAddr(r.At); err == nil && at.Is4() {
		return "IPv4"
	}
	return "IPv6"
}
