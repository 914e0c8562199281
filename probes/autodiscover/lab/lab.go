// Package lab is what the prober brings to the simulated site: mail domains, each with hosts, a service record, and what
// its servers answer. They are cases, because a look-up needs names that the site's own address does not have.
package lab

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Part is the prober's.
func Part() lab.Part {
	var cases []lab.Case
	for _, s := range slices.Concat(Scenarios(), ways()) {
		cases = append(cases, s.asCase())
	}
	return lab.Part{
		Prober: "autodiscover", Cases: cases, Loads: loads(), Faults: faults(),
		Least: least(),
		Most:  []string{"autodiscover: {email: " + lab.MailAddress + ", methods: [pox, soap, json, get], attempts: 2}"},
		Good:  pox, Meets: meets(), Hostile: []lab.Group{records(), documents(), redirects()},
	}
}

// asCase is a scenario in which the settings of a mail address are looked up, with a logon at the hosts of its domain.
func (s Scenario) asCase() lab.Case {
	return lab.Case{
		Name: s.Name, Slow: len(s.holes) > 0,
		Want: lab.Verdict{Failure: cmp.Or(s.Expect.Failure, lab.None), Finding: strings.Join(s.Expect.Findings, ", ")},
		Start: func(t lab.TB) lab.Peer {
			a, err := Start(context.Background(), s)
			if err != nil {
				t.Fatalf("%v", err)
			}
			t.Cleanup(a.Close)
			port := fmt.Sprintf(":%d", a.HTTPS)
			var hosts []string
			for _, host := range []string{"", "autodiscover.", "autodiscover.sub.", "redirect.", "mail."} {
				hosts = append(hosts, host+lab.MailDomain+port)
			}
			if s.logon != nil {
				hosts = nil
				for _, host := range s.logon {
					hosts = append(hosts, host+port)
				}
			}
			target := lab.MailAddress
			if s.direct {
				target = autodHost + port
			}
			return lab.Peer{
				Target: target, Resolver: a, Server: loopback + port, Hostname: autodHost, Authority: a.Authority, Cost: a.Cost, Policy: s.policy,
				Keys: []string{fmt.Sprintf("autodiscover: {email: %s, nameserver: %q, %s}", lab.MailAddress, a.Nameserver,
					strings.ReplaceAll(s.Settings, portMark, port))},
				Logon: fmt.Sprintf("username: '%s', password: %s, schemes: [ntlm]", lab.Username, lab.Password), LogonTargets: hosts,
				Adapt: func(settings any) {
					settings.(interface{ UsePorts(https, http uint16) }).UsePorts(a.HTTPS, a.HTTP) //nolint:forcetypeassert // the prober's
				},
			}
		},
	}
}
