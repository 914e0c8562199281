// Package lab is what the prober brings to the simulated site: mail domains, each with hosts, a service record, and what
// its servers answer. They are cases, because a look-up needs names that the site's own address does not have.
package lab

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Part is the prober's.
func Part() lab.Part {
	var cases []lab.Case
	for _, s := range Scenarios() {
		cases = append(cases, s.asCase())
	}
	return lab.Part{
		Prober: "autodiscover", Cases: cases, Loads: loads(), Faults: faults(),
		Least: []string{"autodiscover: {email: " + lab.MailAddress + ", methods: [pox], attempts: 1}"},
		Most:  []string{"autodiscover: {email: " + lab.MailAddress + ", methods: [pox, soap, json, get], attempts: 2}"},
	}
}

// asCase is a scenario in which the settings of a mail address are looked up, with a logon at the hosts of its domain.
func (s Scenario) asCase() lab.Case {
	return lab.Case{
		Name: s.Name,
		Want: lab.Verdict{Failure: cmp.Or(s.Expect.Failure, lab.None), Finding: s.Expect.first()},
		Start: func(t lab.TB) lab.Peer {
			a, err := Start(context.Background(), s)
			if err != nil {
				t.Fatalf("%v", err)
			}
			t.Cleanup(a.Close)
			port := fmt.Sprintf(":%d", a.HTTPS)
			var hosts []string
			for _, host := range []string{"autodiscover.", "autodiscover.sub.", "redirect.", "mail."} {
				hosts = append(hosts, host+lab.MailDomain+port)
			}
			return lab.Peer{
				Target: lab.MailAddress, Resolver: a, Server: loopback + port, Hostname: autodHost, Authority: a.Authority, Cost: a.Cost,
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

// first is one of the findings; empty where there is none.
func (e Expectation) first() string {
	if len(e.Findings) == 0 {
		return ""
	}
	return e.Findings[0]
}
