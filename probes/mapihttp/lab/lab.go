// Package lab is what the prober brings to the simulated site: its modules, what they report of each scenario, and peers that
// answer in place of Exchange.
package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// The modules.
const (
	module  = "mapi_http"
	windows = "mapi_http_windows"
	bare    = "mapi_http_unauthenticated"
	apart   = "mapi_http_connections"
)

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: "mapi_http",
		Modules: []lab.Module{
			{Name: module, Logon: lab.Basic},
			{Name: windows, Logon: lab.Windows},
			{Name: bare, About: "without a logon it does not show whether anybody behind the front end answers"},
			{Name: apart, Apart: "connection-per-request"},
		},
		Shared: shared(),
		Faults: []lab.Fault{
			{Module: module, At: "healthy", Panels: true},
			{At: strangers, Panels: true, Long: true},
			{Module: module, At: "mapi-down", Alert: "EwsServiceFailing", Says: []string{"status/backend_down", "mapi_http_backend_down"}, Panels: true},
		},
		Loads: []lab.Load{
			{About: "with an auth", At: "early-401", Logon: true},
			{About: "without an auth", At: "early-401"},
		},
		Least: []string{"mapi_http: {endpoints: [emsmdb]}"},
		Most:  []string{"mapi_http: {endpoints: [emsmdb, nspi]}"},
		Cases: cases(),
		Meets: meets(),
	}
}

// shared are the verdicts at the scenarios that all parts share.
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
		"ews-form-page":          {{Module: module, Failure: "status/logon_page", Finding: "mapi_http_preauthenticated, answered_by_middlebox", Origin: "middlebox", Product: "logon_portal"}},
		"ews-not-exchange":       {{Module: module, Failure: "status/not_published", Finding: "mapi_http_not_published"}},
		"mapi-down":              {{Module: module, Failure: "status/backend_down", Finding: "mapi_http_backend_down", Origin: "exchange", Shows: true}},
		"mapi-no-mailbox":        {{Module: module, Failure: lab.None, Origin: "exchange", Shows: true}},
	}
}
