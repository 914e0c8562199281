package authcertificate

import (
	"fmt"
	"strings"
	"time"
)

// Settings are what a module of this prober can set.
type Settings struct {
	Path string        `yaml:"path"`
	Warn time.Duration `yaml:"warn"` // a certificate that ends within it is told of
}

const day = 24 * time.Hour

// defaults leave the time that a new certificate takes to be known everywhere, several times over. The path is Exchange's
// (Microsoft Learn, "Validate an Exchange identity token").
func defaults() *Settings { return &Settings{Path: "/autodiscover/metadata/json/1", Warn: 60 * day} }

// maxWarn is as long as Exchange's own certificate lasts.
const maxWarn = 5 * 365 * day

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if !strings.HasPrefix(s.Path, "/") || strings.ContainsFunc(s.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		report("path", fmt.Sprintf("%q: a path begins with / and holds no spaces", s.Path))
	}
	if s.Warn < 0 || s.Warn > maxWarn {
		report("warn", fmt.Sprintf("%s: from 0s to %dd", s.Warn, maxWarn/day))
	}
}

// Need implements prober.Prober.
func (s *Settings) Need() time.Duration { return time.Second }

// Paths implements prober.Prober.
func (s *Settings) Paths() []string { return []string{s.Path} }

// Plan implements prober.Prober.
func (s *Settings) Plan(bool) []string {
	return []string{"resolve", "metadata", "metadata.connect", "metadata.tls", "metadata.request"}
}
