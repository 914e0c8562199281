package sstp

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// duplexPath is where SSTP is served ([MS-SSTP] section 3.1.4). The braces stand as they are: no client escapes them.
const duplexPath = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"

// Settings are what a module of this prober can set.
type Settings struct {
	Path        string   `yaml:"path"`
	Thumbprints []string `yaml:"thumbprints"` // of the certificates expected, SHA-1 or SHA-256
	Revocation  bool     `yaml:"revocation"`  // ask the places that the certificates name
}

func defaults() *Settings { return &Settings{Path: duplexPath, Revocation: true} }

// maxThumbprints bounds what is expected.
const maxThumbprints = 50

// Check implements prober.Prober. It brings thumbprints into their normal spelling.
func (s *Settings) Check(report func(field, problem string)) {
	if !strings.HasPrefix(s.Path, "/") || strings.ContainsFunc(s.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		report("path", fmt.Sprintf("%q: a path begins with / and holds no spaces", s.Path))
	}
	if len(s.Thumbprints) > maxThumbprints {
		report("thumbprints", fmt.Sprintf("%d entries: at most %d", len(s.Thumbprints), maxThumbprints))
	}
	for i, text := range s.Thumbprints {
		sum, err := wire.ParseThumbprint(text)
		field := fmt.Sprintf("thumbprints[%d]", i)
		switch {
		case err != nil:
			report(field, err.Error())
		case slices.Contains(s.Thumbprints[:i], sum):
			report(field, fmt.Sprintf("%s is there already", sum))
		default:
			s.Thumbprints[i] = sum
		}
	}
}

// Need implements prober.Prober: a server that is well takes part of a second, and a second to say good-bye.
func (s *Settings) Need() time.Duration { return 2 * time.Second }

// Paths implements prober.Prober.
func (s *Settings) Paths() []string { return []string{s.Path} }

// Plan implements prober.Prober. The controls are for what went wrong, so they are not planned.
func (s *Settings) Plan(bool) []string {
	steps := []string{"resolve", "call", "call.connect", "call.tls", "call.request", "call.negotiate", "call.disconnect"}
	if s.Revocation {
		steps = append(steps, "revocation")
	}
	return steps
}
