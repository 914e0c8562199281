package lab

import "github.com/ews-exporter/ews_exporter/internal/origin"

// Part is what a prober brings to the simulated site. This package knows no prober: what one sees of a scenario, and by
// which modules, stands in its part, in codes as they are on its pages.
type Part struct {
	Prober    string
	Modules   []Module
	Scenarios []Scenario           // of its own, for what does not speak HTTP; their ports follow those of the parts before it
	Shared    map[string][]Verdict // what its modules report at the scenarios of all parts, by their names
	Cases     []Case               // what no scenario shows
	Loads     []Load               // what its modules cost

	// Least are keys, as Module has them, of a module that asks for as little as possible of whatever it meets.
	Least []string
	// Most are those of one that asks for all that it can, and waits for no longer than a second. Where it can send a secret
	// of its own, Secret stands, in a field of the name SecretField.
	Most []string
	// Health are those of one that fetches the server's page of health, and nothing else, which blackbox_exporter can do too:
	// what a probe costs is measured beside that. Nil where the prober does no such thing.
	Health []string

	Brief  []Module // that wait for less than Modules of the same name less BriefSuffix, so that they fit between two scrapes of a test
	Faults []Fault

	// What it makes of peers that are broken, or mean harm.
	Good    string    // the body of an answer over HTTP that a module with Least takes for a good one; empty where any is
	Odd     bool      // usual HTTP servers refuse its requests for what they are, so nothing that one answers can be looked for
	Meets   []Meeting // with those that several probers can meet
	Hostile []Group   // that this prober alone can meet
}

// What stands in Most, for tests to put something else in their place.
const (
	SecretField = "X-Api-Key"              // #nosec G101 -- a field's name
	Secret      = "a-secret-of-the-module" // #nosec G101 -- a placeholder
)

// Module is one of the modules in the configuration that the site comes with (see WriteConfig).
type Module struct {
	Name  string
	About string // a comment on it; empty for none
	Logon Logon
	// Apart is a scenario that refuses a right password. The module is for it alone, with an account and an auth of its
	// own, so that no other is suspended for it. Empty for a module that may ask every scenario.
	Apart string
	Keys  []string // lines of YAML beside those that every module has: prober, auth, ip_protocol, and tls_config
}

// Logon is the name of the auth by which a module logs on.
type Logon string

// The auths that the site comes with; empty for a module without.
const (
	Basic   Logon = "lab"
	Windows Logon = "windows" // NTLM and Negotiate, at the scenarios that ask for a logon; without one there is no such module
)

// BriefSuffix ends the names of Brief.
const BriefSuffix = "_brief"

// None is the Failure of a Verdict that tells of a success.
const None = "none"

// Verdict is what a module reports at a scenario.
type Verdict struct {
	Module  string // of the part's modules; empty in a case
	Failure string // "stage/reason", or None
	Finding string // the codes of the findings that are there, each after a comma, the one that matters first
	// What follows is empty where it is not said.
	Outcome string      // which one of the prober's outcomes
	Origin  origin.Kind // who made the deciding exchange's final response
	Product string      // the product behind that origin, where it shows
	// Shows tells that the scenario is there for this. Without any such verdict it is the first one.
	Shows bool
}

// Scenarios is the table of all scenarios, with what the parts' modules report, in the order of their ports: first those
// that all parts share, then each part's own.
func Scenarios(parts []Part) []Scenario {
	all := shared()
	for _, p := range parts {
		for i := range all {
			all[i].Verdicts = append(all[i].Verdicts, p.Shared[all[i].Name]...)
		}
	}
	for _, p := range parts {
		all = append(all, p.Scenarios...)
	}
	return all
}

// Verdict is what a module reports of the scenario; false where nobody says.
func (s Scenario) Verdict(module string) (Verdict, bool) {
	for _, v := range s.Verdicts {
		if v.Module == module {
			return v, true
		}
	}
	return Verdict{}, false
}
