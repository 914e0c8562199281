// Package lab is what the prober brings to the simulated site: a module, and hosts that show a certificate at each of
// several doors.
package lab

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// Part is the prober's.
func Part() lab.Part {
	const module = "ssl_binding"
	all := cases()
	for _, s := range Scenarios() {
		all = append(all, s.asCase())
	}
	return lab.Part{
		Prober:  "ssl_binding",
		Modules: []lab.Module{{Name: module}},
		Shared:  map[string][]lab.Verdict{"healthy": {{Module: module, Failure: lab.None}}},
		Cases:   append(all, revocationMissing()),
		Faults:  faults(),
		Loads:   loads(),
		Least:   []string{"ssl_binding: {min_days: 0}"},
		Most:    []string{"ssl_binding: {sweep: true, revocation: true, names: [" + lab.Service + "]}"},
		Meets:   meets(),
		Hostile: []lab.Group{revocation()},
	}
}

// asCase is a scenario that is probed under the service's name.
func (s Scenario) asCase() lab.Case {
	return lab.Case{
		Name: s.Name,
		Want: lab.Verdict{Failure: cmp.Or(s.Expect.Failure, lab.None), Finding: s.Expect.Finding},
		Start: func(t lab.TB) lab.Peer {
			b, err := Start(context.Background(), s)
			if _, six := s.Families(); err != nil && six {
				script.Skip(t, "this machine has no IPv6: "+err.Error())
			}
			if err != nil {
				t.Fatalf("%v", err)
			}
			t.Cleanup(b.Close)
			return lab.Peer{
				Target: fmt.Sprintf("%s:%d", lab.Service, b.Port), Resolver: b, Server: fmt.Sprintf("%s:%d", four, b.Port), Hostname: lab.Service,
				Authority: b.Authority, Cost: b.Cost,
				Keys: []string{"ssl_binding: {addresses: [" + strings.Join(s.Servers, ", ") + "]}"},
			}
		},
	}
}
