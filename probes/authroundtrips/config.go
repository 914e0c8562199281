package authroundtrips

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// Bounds of what a module may ask for.
const (
	maxObjects = 32
	maxPaths   = 32
)

// Settings are what a module of this prober can set.
type Settings struct {
	Objects         int      `yaml:"objects"` // how many to fetch, over one connection
	Method          string   `yaml:"method"`  // POST sends a small SOAP request, GET none
	PathList        []string `yaml:"paths"`   // fetched in turn, from the first again when they run out
	ExpectedSchemes []string `yaml:"expected_schemes"`
	// ExtendedProtectionCheck tells what the server does with channel bindings, at most once an hour per target.
	ExtendedProtectionCheck bool `yaml:"extended_protection_check"`
	// ExtendedProtectionAuth is the auth that the check logs on with; empty for the module's.
	ExtendedProtectionAuth string `yaml:"extended_protection_auth"`
	// SharedLogonCheck asks once more after a logon of Windows, over another connection and without credentials.
	SharedLogonCheck bool `yaml:"shared_logon_check"`
	// ModernAuth asks once more by an empty Bearer, to learn where clients are sent to sign in.
	ModernAuth bool `yaml:"modern_auth"`
}

// defaults are the four objects of a consultant's field notes, as an EWS client fetches them.
func defaults() *Settings {
	return &Settings{Objects: 4, Method: "POST", PathList: []string{ews.Path}, SharedLogonCheck: true}
}

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if s.Objects < 1 || s.Objects > maxObjects {
		report("objects", fmt.Sprintf("%d: from 1 to %d", s.Objects, maxObjects))
	}
	if methods := []string{"GET", "POST"}; !slices.Contains(methods, s.Method) {
		report("method", suggest.OneOf(s.Method, methods))
	}
	if len(s.PathList) == 0 || len(s.PathList) > maxPaths {
		report("paths", fmt.Sprintf("%d paths: from 1 to %d", len(s.PathList), maxPaths))
	}
	for i, path := range s.PathList {
		if !strings.HasPrefix(path, "/") || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			report(fmt.Sprintf("paths[%d]", i), fmt.Sprintf("%q: a path begins with / and holds no spaces", path))
		}
	}
	if s.ExtendedProtectionAuth != "" && !s.ExtendedProtectionCheck {
		report("extended_protection_auth", "is of no use without extended_protection_check")
	}
	prober.CheckSchemes("expected_schemes", s.ExpectedSchemes, report)
}

// Auths implements prober.AuthUser.
func (s *Settings) Auths() map[string]string {
	if s.ExtendedProtectionAuth == "" {
		return nil
	}
	return map[string]string{"extended_protection_auth": s.ExtendedProtectionAuth}
}

// Need implements prober.Prober.
func (s *Settings) Need() time.Duration { return time.Second }

// Paths implements prober.Prober.
func (s *Settings) Paths() []string { return s.PathList }

// Plan implements prober.Prober.
func (s *Settings) Plan(bool) []string {
	steps := []string{"resolve"}
	steps = append(steps, "fetch", "fetch.connect", "fetch.tls", "fetch.object", "fetch.object.ask")
	if s.ModernAuth {
		steps = append(steps, "modern", "modern.connect", "modern.tls", "modern.request")
	}
	return steps
}

// WithoutLogon implements prober.LogonUser.
func (s *Settings) WithoutLogon() string {
	return "where the server asks for a logon, nothing is fetched"
}
