// Package lab is what the prober brings to the simulated site: its modules, and what they report of each scenario.
package lab

import (
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// The modules for all sites. Each that refuses a right password has one of its own.
const (
	module = "auth_roundtrips"
	pages  = "auth_roundtrips_pages"
	modern = "auth_roundtrips_modern"
)

const whole = "auth_roundtrips: {expected_schemes: [negotiate, ntlm], extended_protection_check: true}"

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: "auth_roundtrips",
		Modules: []lab.Module{
			{Name: module, Logon: lab.Windows, Keys: []string{whole}},
			{Name: pages, Logon: lab.Windows, About: "the four pages of the field notes, where a scenario has them", Keys: []string{
				"auth_roundtrips: {method: GET, paths: [/auth1.htm, /auth2.htm, /auth3.htm, /auth4.htm]}",
			}},
			{Name: modern, Logon: lab.Windows, About: "where clients are sent to sign in", Keys: []string{"auth_roundtrips: {objects: 1, modern_auth: true}"}},
			apart("auth_legs_split", "legs-split"),
			apart("auth_rebound_allow", "protection-allow-rebound"),
			apart("auth_rebound_require", "protection-require-rebound"),
			apart("auth_connections", "connection-per-request"),
		},
		Shared: map[string][]lab.Verdict{
			"ntlm-persisted":             shows(module, lab.None, ""),
			"ntlm-per-request":           shows(module, lab.None, "auth_per_request"),
			"only-basic":                 shows(module, "auth/scheme_not_offered", "auth_only_basic, auth_scheme_missing"),
			"legs-split":                 shows("auth_legs_split", "auth/refused", "auth_legs_split"),
			"closes-after-challenge":     shows(module, "auth/connection_closed", ""),
			"protection-allow":           shows(module, lab.None, ""),
			"protection-require":         shows(module, lab.None, ""),
			"protection-allow-rebound":   shows("auth_rebound_allow", "auth/refused", "extended_protection_mismatch"),
			"protection-require-rebound": shows("auth_rebound_require", "auth/refused", ""),
			"modern-auth":                shows(modern, lab.None, "modern_auth_offered"),
			"connection-per-request":     shows("auth_connections", "auth/refused", ""),
		},
		Faults: []lab.Fault{
			{Module: module, At: "ntlm-persisted", Panels: true},
			{Module: module, At: "ntlm-per-request", Panels: true}, // every request authenticates
			// By a name of its own: the check of Extended Protection runs once an hour for a name.
			{Module: module, At: "protection-allow", Host: "localhost", Panels: true},
			{Module: module, At: "only-basic", Alert: "EwsServiceFailing", Says: []string{"auth/scheme_not_offered"}, Panels: true},
			{Module: modern, At: "modern-auth", Panels: true},
			{
				At: principalMissing, Service: "principal.contoso.test", Panels: true,
				Alert: "EwsServiceFailing", Says: []string{"auth/unknown_service", "setspn -Q HTTP/principal.contoso.test"},
			},
		},
		Loads: loads(),
		Least: []string{"auth_roundtrips: {objects: 1}"},
		Most:  []string{"auth_roundtrips: {extended_protection_check: true, modern_auth: true}"},
		Cases: slices.Concat(cases(), ticketCases(), modernCases()),
		Meets: meets(),
	}
}

// apart is the module for a site that refuses a right password.
func apart(name, scenario string) lab.Module {
	return lab.Module{Name: name, About: module + ", by the auth of the same name", Apart: scenario, Keys: []string{whole}}
}

// shows is what a module reports of a scenario that is about logons.
func shows(module, failure, finding string) []lab.Verdict {
	return []lab.Verdict{{Module: module, Failure: failure, Finding: finding, Shows: true}}
}
