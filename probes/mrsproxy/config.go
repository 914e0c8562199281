package mrsproxy

import (
	"fmt"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// proxyPath is where Exchange has the proxy of mailbox moves (Microsoft Learn, "Enable the MRS Proxy endpoint for remote moves").
// Case does not matter to it.
const proxyPath = "/EWS/mrsproxy.svc"

// servicePath is the replication service's own, which it registers with http.sys on port 443 beside IIS. Its front end hands
// requests on to that path of any mailbox server.
const servicePath = "/Microsoft.Exchange.MailboxReplicationService.ProxyService"

// Settings are what a module of this prober can set.
type Settings struct {
	Path            string        `yaml:"path"`
	ExpectedSchemes []string      `yaml:"expected_schemes"`
	Service         bool          `yaml:"service"` // ask for servicePath too
	Expect          bool          `yaml:"expect"`  // look for a late body that is taken for a new request
	Wait            time.Duration `yaml:"wait"`    // for the 100, with Expect
}

// defaults ask for what moves from and to Exchange Online need. The wait is how long a consultant's field notes saw a client
// wait for the 100.
func defaults() *Settings {
	return &Settings{Path: proxyPath, ExpectedSchemes: []string{"negotiate"}, Wait: 5 * time.Second}
}

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if !strings.HasPrefix(s.Path, "/") || strings.ContainsFunc(s.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		report("path", fmt.Sprintf("%q: a path begins with / and holds no spaces", s.Path))
	}
	prober.CheckSchemes("expected_schemes", s.ExpectedSchemes, report)
	if s.Wait <= 0 || s.Wait > time.Minute {
		report("wait", fmt.Sprintf("%s: from above 0 to 1m", s.Wait))
	}
}

// Need implements prober.Prober: with the look for a late body, its wait, and a second for everything else.
func (s *Settings) Need() time.Duration {
	if s.Expect {
		return s.Wait + time.Second
	}
	return time.Second
}

// Paths implements prober.Prober. The service's own path is asked for without credentials, so it is none of them.
func (s *Settings) Paths() []string { return []string{s.Path} }

// Plan implements prober.Prober. Whether the service is asked depends on how the target is asked, so it is not planned.
func (s *Settings) Plan(logon bool) []string {
	steps := []string{"resolve", "unauthenticated", "unauthenticated.connect", "unauthenticated.tls", "unauthenticated.request"}
	if !logon {
		return steps
	}
	steps = append(steps, "authenticated", "authenticated.logon", "authenticated.request")
	if s.Expect {
		for _, part := range []string{"", ".connect", ".tls", ".logon", ".request", ".response"} {
			steps = append(steps, "no_expect"+part)
		}
		for _, part := range []string{"", ".connect", ".tls", ".logon", ".head", ".continue", ".body", ".response"} {
			steps = append(steps, "wait"+part)
		}
	}
	return steps
}

// WithoutLogon implements prober.LogonUser.
func (s *Settings) WithoutLogon() string {
	return "whether MRSProxy is switched on does not show, because Exchange says so only after a logon"
}
