package expectcontinue

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// The variants of the request: each on its own connection.
const (
	Wait      = expect.Wait     // with Expect: 100-continue; the body follows the 100, or the wait
	NoExpect  = expect.NoExpect // without Expect: the control
	Immediate = "immediate"     // with Expect, the body sent at once
	Large     = "large"         // without Expect, the body of large_body's size; only with that
)

// maxBody keeps the body below what any server refuses by its length alone: nginx refuses more than 1 MiB up front
// (nginx documentation, client_max_body_size), and then the dialogue under test never happens.
const maxBody = 64 << 10

// Settings are what a module of this prober can set.
type Settings struct {
	Method   string            `yaml:"method"`
	Path     string            `yaml:"path"`
	Wait     time.Duration     `yaml:"wait"`
	Variants []string          `yaml:"variants"`
	Headers  map[string]string `yaml:"headers" redact:"hidden"`
	Body     string            `yaml:"body" redact:"hidden"`

	LargeBody Size `yaml:"large_body"` // 0 for none
	largeBody []byte
	largeOnce sync.Once
}

// defaults are the dialogue that failed in the field: a SOAP request whose sender waits 5 s, as Microsoft's
// connectivity analyser was seen to do.
func defaults() *Settings {
	return &Settings{Method: "POST", Path: ews.Path, Wait: 5 * time.Second}
}

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if methods := []string{"POST", "PUT"}; !slices.Contains(methods, s.Method) {
		report("method", suggest.OneOf(s.Method, methods))
	}
	if !strings.HasPrefix(s.Path, "/") || strings.ContainsFunc(s.Path, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		report("path", fmt.Sprintf("%q: a path begins with / and holds no spaces", s.Path))
	}
	if s.Wait <= 0 || s.Wait > time.Minute {
		report("wait", fmt.Sprintf("%s: from above 0 to 1m", s.Wait))
	}
	for i, v := range s.Variants {
		if v != Immediate {
			report(fmt.Sprintf("variants[%d]", i), fmt.Sprintf("%q: only %q can be added; %q and %q always run", v, Immediate, Wait, NoExpect))
		} else if slices.Index(s.Variants, v) != i {
			report(fmt.Sprintf("variants[%d]", i), fmt.Sprintf("%q is there already", v))
		}
	}
	if len(s.Body) > maxBody {
		report("body", fmt.Sprintf("%d bytes: at most %d, so that no box refuses it by its length alone", len(s.Body), maxBody))
	}
	s.checkLarge(report)
	config.CheckHeaders(s.Headers, report)
}

// Need implements prober.Prober: the wait, and a second for everything else.
func (s *Settings) Need() time.Duration { return s.Wait + time.Second }

// Paths implements prober.Prober.
func (s *Settings) Paths() []string { return []string{s.Path} }

// variants lists the configured ones, the one under test first.
func (s *Settings) variants() []string { return append([]string{Wait, NoExpect}, s.more()...) }

// more are those that do not always run.
func (s *Settings) more() []string {
	if s.LargeBody > 0 {
		return append(slices.Clone(s.Variants), Large)
	}
	return s.Variants
}

// Plan implements prober.Prober.
func (s *Settings) Plan(logon bool) []string {
	steps := []string{"resolve"}
	for _, v := range s.variants() {
		parts := []string{"connect", "tls", "logon", "request", "response"}
		if v == Wait {
			parts = []string{"connect", "tls", "logon", "head", "continue", "body", "response"}
		}
		steps = append(steps, v)
		for _, part := range parts {
			if part != "logon" || logon {
				steps = append(steps, v+"."+part)
			}
		}
	}
	return steps
}

// WithoutLogon implements prober.LogonUser.
func (s *Settings) WithoutLogon() string {
	return "where the server asks for a logon first, the late body is never tested"
}
