package sessionstate

import (
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// What may be expected.
const (
	Alive       = "alive"
	Unreachable = "unreachable"
)

// Settings are what a module of this prober can set.
type Settings struct {
	Expect string `yaml:"expect"` // required: nobody can guess whether an open port is meant
}

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	switch possible := []string{Alive, Unreachable}; {
	case s.Expect == "":
		report("expect", "required: alive where a web farm needs the state service, unreachable everywhere else")
	case !slices.Contains(possible, s.Expect):
		report("expect", suggest.OneOf(s.Expect, possible))
	}
}

// Need implements prober.Prober: silence is told from an answer only where one was waited for.
func (s *Settings) Need() time.Duration { return maxQuiet + answerLimit }

// Paths implements prober.Prober: what is asked for is no path of a module.
func (s *Settings) Paths() []string { return nil }

// Plan implements prober.Prober: where nobody should be reached, there is no further step that would succeed.
func (s *Settings) Plan(bool) []string {
	if s.Expect == Unreachable {
		return []string{"resolve", "session_state"}
	}
	return []string{"resolve", "session_state", "session_state.connect", "session_state.request"}
}
