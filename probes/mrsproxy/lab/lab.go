// Package lab is what the prober brings to the simulated site: its modules, what they report of each scenario, and peers that
// answer in place of Exchange.
package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// The modules.
const (
	module  = "mrs_proxy"
	windows = "mrs_proxy_windows"
	late    = "mrs_proxy_late"
	bare    = "mrs_proxy_unauthenticated"
	apart   = "mrs_proxy_connections"
)

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: "mrs_proxy",
		Modules: []lab.Module{
			{Name: module, Logon: lab.Basic, Keys: []string{"mrs_proxy: {service: true}"}},
			{Name: windows, Logon: lab.Windows, Keys: []string{"mrs_proxy: {service: true}"}},
			{Name: late, Logon: lab.Basic, About: "looks for a late body that is taken for a new request", Keys: []string{"timeout: 8s", "mrs_proxy: {expect: true, wait: 1s}"}},
			{Name: bare, About: "without a logon it does not show whether MRSProxy is on"},
			{Name: apart, Apart: "connection-per-request"},
		},
		Shared: shared(),
		Faults: []lab.Fault{
			{Module: module, At: "healthy", Panels: true},
			{Module: bare, At: "early-401", Panels: true, Long: true},
			{Module: module, At: "moves-off", Alert: "EwsServiceFailing", Says: []string{"status/disabled", "mrs_proxy_disabled"}, Panels: true},
			{Module: module, At: "moves-down", Alert: "EwsServiceFailing", Says: []string{"status/backend_down"}},
		},
		Loads: []lab.Load{
			{About: "with an auth", At: "early-401", Keys: []string{"mrs_proxy: {service: true}"}, Logon: true},
			{About: "without an auth", At: "early-401", Keys: []string{"mrs_proxy: {service: true}"}},
			{About: "with `expect`", At: "early-401", Keys: []string{"mrs_proxy: {expect: true}"}, Logon: true},
		},
		Least: []string{"mrs_proxy: {expected_schemes: []}"},
		Most:  []string{"mrs_proxy: {service: true, expect: true, wait: 200ms}"},
		Cases: cases(),
		Meets: meets(),
	}
}

// shared are the verdicts at the scenarios that all parts share.
func shared() map[string][]lab.Verdict {
	good := lab.Verdict{Module: module, Outcome: "enabled", Failure: lab.None, Origin: "exchange"}
	byWindows := lab.Verdict{Module: windows, Outcome: "enabled", Failure: lab.None, Origin: "exchange"}
	taken := lab.Verdict{Module: late, Outcome: "enabled", Failure: lab.None, Origin: "exchange"}
	rejected := lab.Verdict{Module: late, Outcome: "enabled", Failure: "status/late_body_rejected", Finding: "late_body_rejected", Origin: "middlebox", Product: "kemp"}
	return map[string][]lab.Verdict{
		"healthy":                {good, taken},
		"kemp-rfc2616":           {good, rejected},
		"kemp-rfc2616-logon":     {good, rejected},
		"kemp-fixed":             {taken},
		"basic-logon":            {good, byWindows},
		"early-401":              {byWindows, {Module: bare, Outcome: "reachable", Failure: lab.None, Origin: "exchange"}},
		"connection-per-request": {{Module: apart, Outcome: "denied", Failure: "auth/refused"}},
		"ews-pool-stopped":       {{Module: module, Outcome: "failed", Failure: "status/server_error", Origin: "http_sys"}},
		"ews-form-page":          {{Module: module, Outcome: "preauthenticated", Failure: "status/logon_page", Finding: "mrs_proxy_preauthenticated, answered_by_middlebox", Origin: "middlebox", Product: "logon_portal"}},
		"ews-not-exchange":       {{Module: module, Outcome: "not_published", Failure: "status/not_published", Finding: "mrs_proxy_not_published"}},
		"only-basic":             {{Module: module, Outcome: "scheme_mismatch", Failure: "auth/scheme_mismatch", Finding: "mrs_proxy_scheme_mismatch"}},
		"moves-off":              {{Module: module, Outcome: "disabled", Failure: "status/disabled", Finding: "mrs_proxy_disabled", Origin: "exchange", Shows: true}},
		"moves-down":             {{Module: module, Outcome: "backend_down", Failure: "status/backend_down", Finding: "mrs_proxy_backend_down", Origin: "exchange", Shows: true}},
	}
}
