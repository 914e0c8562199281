package rdgateway

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Settings are what a module of this prober can set.
type Settings struct {
	Path       string   `yaml:"path"`
	Transports []string `yaml:"transports"` // those that are asked, in this order
}

func defaults() *Settings {
	return &Settings{Path: "/remoteDesktopGateway/", Transports: []string{overHTTP}}
}

// The transports (MS-TSGU section 3.3): two connections that carry one direction each, or one that becomes a websocket.
const (
	overHTTP      = "http"
	overWebSocket = "websocket"
)

var transports = []string{overHTTP, overWebSocket}

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if !strings.HasPrefix(s.Path, "/") || strings.ContainsFunc(s.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '?' || r == '#' }) {
		report("path", fmt.Sprintf("%q: a path begins with / and holds no spaces, ? or #", s.Path))
	}
	if len(s.Transports) == 0 {
		report("transports", "none is listed: there are "+strings.Join(transports, ", "))
	}
	for i, t := range s.Transports {
		field := fmt.Sprintf("transports[%d]", i)
		switch {
		case !slices.Contains(transports, t):
			report(field, fmt.Sprintf("%q: there are %s", t, strings.Join(transports, ", ")))
		case slices.Contains(s.Transports[:i], t):
			report(field, t+" is there already")
		}
	}
}

// Need implements prober.Prober.
func (s *Settings) Need() time.Duration { return time.Duration(1+len(s.Transports)) * time.Second }

// Paths implements prober.Prober.
func (s *Settings) Paths() []string { return []string{s.Path} }

// Plan implements prober.Prober. What needs a logon is planned with one alone; controls are for what went wrong.
func (s *Settings) Plan(logon bool) []string {
	steps := []string{"resolve"}
	for _, t := range s.Transports {
		steps = append(steps, t, t+".out", t+".out.connect", t+".out.tls", t+".out."+unauthenticated)
		if !logon {
			continue
		}
		steps = append(steps, t+".out.logon", t+".out."+authenticated)
		if t == overHTTP {
			steps = append(steps, "http.in", "http.in.connect", "http.in.tls", "http.in."+unauthenticated, "http.in.logon", "http.in."+authenticated, "http.in.packets")
		}
		steps = append(steps, t+".handshake")
	}
	return steps
}

// WithoutLogon implements prober.LogonUser.
func (s *Settings) WithoutLogon() string {
	return "whether packets reach the gateway and its answers come back does not show, because it asks for a logon before it opens a channel"
}
