package httpcontent

import (
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// What caches may do with the file.
const (
	cacheNo  = "no"
	cacheAny = "any"
)

// redirectHTTPS demands that port 80 leads to https.
const redirectHTTPS = "https"

// Settings are what a module of this prober can set.
type Settings struct {
	Path      string `yaml:"path"`
	MediaType string `yaml:"media_type"` // in lower case, without parameters; empty for any
	Cache     string `yaml:"cache"`
	Prefix    string `yaml:"prefix"`   // that the body begins with; empty for any
	Redirect  string `yaml:"redirect"` // empty: port 80 is not asked

	plainPort uint16 // where http is asked for a redirect
}

// defaults are those of the offline manifest (HTML 5, "Offline Web applications").
func defaults() *Settings {
	return &Settings{Path: "/offline.appcache", MediaType: "text/cache-manifest", Cache: cacheNo, Prefix: "CACHE MANIFEST", plainPort: 80}
}

// UsePort makes another port than 80 be asked for a redirect, for tests.
func (s *Settings) UsePort(plain uint16) { s.plainPort = plain }

// maxPrefix bounds what a body is compared with.
const maxPrefix = 1024

// Check implements prober.Prober. It brings the settings into their normal spelling: a bare no is a boolean by YAML 1.1, and
// what has read and written the file anew may have made it false.
func (s *Settings) Check(report func(field, problem string)) {
	if !strings.HasPrefix(s.Path, "/") || strings.ContainsFunc(s.Path, unprintable) {
		report("path", fmt.Sprintf("%q: a path begins with / and holds no spaces", s.Path))
	}
	if s.MediaType != "" {
		kind, params, err := mime.ParseMediaType(s.MediaType)
		if err != nil || len(params) > 0 || strings.Count(kind, "/") != 1 {
			report("media_type", fmt.Sprintf("%q is no media type without parameters, such as text/cache-manifest", s.MediaType))
		}
		s.MediaType = kind
	}
	if s.Cache = strings.ToLower(s.Cache); s.Cache == "false" {
		s.Cache = cacheNo
	}
	if caches := []string{cacheNo, cacheAny}; !slices.Contains(caches, s.Cache) {
		report("cache", suggest.OneOf(s.Cache, caches))
	}
	if len(s.Prefix) > maxPrefix {
		report("prefix", fmt.Sprintf("%d bytes: at most %d", len(s.Prefix), maxPrefix))
	}
	if redirects := []string{"", redirectHTTPS}; !slices.Contains(redirects, s.Redirect) {
		report("redirect", suggest.OneOf(s.Redirect, redirects[1:]))
	}
}

// unprintable tells what no path holds as it is.
func unprintable(r rune) bool { return r <= ' ' || r >= 0x7f }

// Need implements prober.Prober.
func (s *Settings) Need() time.Duration { return time.Second }

// Paths implements prober.Prober.
func (s *Settings) Paths() []string { return []string{s.Path} }

// Plan implements prober.Prober.
func (s *Settings) Plan(bool) []string {
	steps := []string{"resolve", "content", "content.connect", "content.tls", "content.request"}
	if s.Redirect != "" {
		steps = append(steps, "redirect", "redirect.connect", "redirect.request")
	}
	return steps
}
