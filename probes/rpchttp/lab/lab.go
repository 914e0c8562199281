// Package lab is what the prober brings to the simulated site: its modules, what they report of each scenario, and peers that
// answer in place of an RPC proxy.
package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// The modules.
const (
	module  = "rpc_http"
	windows = "rpc_http_windows"
	bare    = "rpc_http_unauthenticated"
	apart   = "rpc_http_connections"
)

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: "rpc_http",
		Modules: []lab.Module{
			{Name: module, Logon: lab.Basic, Keys: []string{"timeout: 4s"}},
			{Name: windows, Logon: lab.Windows},
			{Name: bare, About: "without a logon it does not show whether the RPC proxy answers"},
			{Name: apart, Apart: "connection-per-request"},
		},
		Shared: shared(),
		Faults: []lab.Fault{
			{Module: module, At: "healthy", Panels: true},
			{Module: module, At: "rpc-verbs-refused", Alert: "EwsServiceFailing", Says: []string{"status/verb_refused", "rpc_http_verb_refused"}, Panels: true},
		},
		Loads: []lab.Load{
			{About: "with an auth", At: "early-401", Logon: true},
			{About: "without an auth", At: "early-401"},
		},
		Least: []string{"rpc_http: {}"},
		Most:  []string{"rpc_http: {announce: true}", "targets: [127.0.0.0/8, '*.contoso.test', contoso.test]"},
		Cases: cases(),
		Meets: meets(),
	}
}

// shared are the verdicts at the scenarios that all parts share. Outcomes are each channel's own, and stand in the golden files.
func shared() map[string][]lab.Verdict {
	good := lab.Verdict{Module: module, Failure: lab.None, Origin: "exchange"}
	byWindows := lab.Verdict{Module: windows, Failure: lab.None, Origin: "exchange"}
	return map[string][]lab.Verdict{
		"healthy":                {good},
		"kemp-rfc2616":           {good},
		"kemp-fixed":             {good},
		"basic-logon":            {good, byWindows},
		"only-basic":             {good},
		"early-401":              {byWindows, {Module: bare, Failure: lab.None, Origin: "exchange"}},
		"connection-per-request": {{Module: apart, Failure: "auth/refused"}},
		"ews-pool-stopped":       {{Module: module, Failure: "status/server_error", Origin: "http_sys"}},
		"ews-form-page":          {{Module: module, Failure: "status/logon_page", Finding: "answered_by_middlebox", Origin: "middlebox", Product: "logon_portal"}},
		"ews-not-exchange":       {{Module: module, Failure: "status/not_installed", Finding: "rpc_http_not_installed"}},
		"rpc-verbs-refused":      {{Module: module, Failure: "status/verb_refused", Finding: "rpc_http_verb_refused", Origin: "middlebox", Shows: true}},
		"rpc-verbs-lost":         {{Module: module, Failure: "receive/timeout", Finding: "rpc_http_verb_refused", Shows: true}},
		"rpc-down":               {{Module: module, Failure: "status/rpc_error", Finding: "rpc_http_rpc_error", Shows: true}},
	}
}
