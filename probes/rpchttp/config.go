package rpchttp

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Settings are what a module of this prober can set.
type Settings struct {
	Path     string `yaml:"path"`
	Endpoint string `yaml:"endpoint"` // host:port behind the proxy that the query names
	Announce bool   `yaml:"announce"` // ask with the length that a real channel in announces
}

// defaults ask as clients of an RD Gateway do. Exchange's front end takes the same path.
func defaults() *Settings {
	return &Settings{Path: "/rpc/rpcproxy.dll", Endpoint: "localhost:3388"}
}

// endpointForm is a host, or what Outlook has in its place (a mailbox's GUID, an @, a domain), and a port.
var endpointForm = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,255}:[0-9]{1,5}$`)

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if !strings.HasPrefix(s.Path, "/") || strings.ContainsFunc(s.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '?' || r == '#' }) {
		report("path", fmt.Sprintf("%q: a path begins with / and holds no spaces, ? or #", s.Path))
	}
	if !endpointForm.MatchString(s.Endpoint) {
		report("endpoint", fmt.Sprintf("%q: it is host:port, such as localhost:3388", s.Endpoint))
	}
}

// Need implements prober.Prober.
func (s *Settings) Need() time.Duration {
	if s.Announce {
		return 2 * time.Second
	}
	return time.Second
}

// Paths implements prober.Prober.
func (s *Settings) Paths() []string { return []string{s.Path} }

// Plan implements prober.Prober. Controls are asked only where something is wrong, so they are not planned.
func (s *Settings) Plan(logon bool) []string {
	parts := []string{"", ".connect", ".tls", "." + unauthenticated}
	if logon {
		parts = append(parts, ".logon", "."+authenticated)
	}
	steps := []string{"resolve"}
	for _, channel := range channels {
		for _, part := range parts {
			steps = append(steps, channel+part)
		}
	}
	if s.Announce {
		steps = append(steps, announced, announced+".connect", announced+".tls", announced+".request")
	}
	return steps
}

// WithoutLogon implements prober.LogonUser.
func (s *Settings) WithoutLogon() string {
	return "whether the RPC proxy answers does not show, because IIS asks for a logon before it"
}

// WantsTargets implements prober.Bound: a request that announces 1 GiB and never sends it looks like an attack.
func (s *Settings) WantsTargets() string {
	if s.Announce {
		return "rpc_http.announce"
	}
	return ""
}
