package virtualdirectories

import (
	"fmt"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// directories are those that have a page of health, with where they are (Microsoft Learn, "Load balancing in Exchange Server",
// and "Default settings for Exchange virtual directories").
var directories = []struct{ name, path string }{
	{"autodiscover", "/autodiscover"},
	{"ews", "/EWS"},
	{"mapi", "/mapi"},
	{"activesync", "/Microsoft-Server-ActiveSync"},
	{"oab", "/OAB"},
	{"owa", owa},
	{"ecp", "/ecp"},
	{"rpc", "/rpc"},
	{"powershell", "/PowerShell"},
}

const (
	owa         = "/owa"
	healthCheck = "/healthcheck.htm" // below each of them
)

// Settings are what a module of this prober can set.
type Settings struct {
	Directories []string `yaml:"directories"`
}

// defaults are the directories that clients use. Balancers commonly ask for the pages of just these.
func defaults() *Settings {
	return &Settings{Directories: []string{"autodiscover", "ews", "mapi", "activesync", "oab", "owa"}}
}

// Check implements prober.Prober.
func (s *Settings) Check(report func(field, problem string)) {
	if len(s.Directories) == 0 {
		report("directories", "empty: name one at least, or leave it out for the usual ones")
	}
	names := make([]string, len(directories))
	for i, d := range directories {
		names[i] = d.name
	}
	for i, name := range s.Directories {
		field := fmt.Sprintf("directories[%d]", i)
		if !slices.Contains(names, name) {
			report(field, suggest.OneOf(name, names))
		} else if slices.Index(s.Directories, name) != i {
			report(field, fmt.Sprintf("%q is there already", name))
		}
	}
}

// Need implements prober.Prober: a server that is well answers within milliseconds.
func (s *Settings) Need() time.Duration { return 2 * time.Second }

// Paths implements prober.Prober.
func (s *Settings) Paths() []string {
	var paths []string
	for _, name := range s.Directories {
		if paths = append(paths, pathOf(name)); name == buildDirectory {
			paths = append(paths, buildPages...)
		}
	}
	return paths
}

// pathOf is where a directory's page of health is.
func pathOf(name string) string {
	for _, d := range directories {
		if d.name == name {
			return d.path + healthCheck
		}
	}
	return "" // Check lets no other name pass
}

// Plan implements prober.Prober.
func (s *Settings) Plan(bool) []string {
	steps := []string{"resolve"}
	for _, name := range s.Directories {
		steps = append(steps, name, name+".connect", name+".tls", name+".page")
	}
	return steps
}
