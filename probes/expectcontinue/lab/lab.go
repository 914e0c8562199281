// Package lab is what the prober brings to the simulated site: its modules, and what they report of each scenario.
package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// The modules. They differ in how long they wait for the 100: 5 s is what the field notes saw a client wait, 1 s is for
// people who try things out.
const (
	module  = "expect_continue"
	fast    = "expect_continue_fast"
	basic   = "expect_continue_basic"
	windows = "expect_continue_windows"
	brief   = module + lab.BriefSuffix
)

// Part is the prober's.
func Part() lab.Part {
	const long, short = "expect_continue: {wait: 5s, variants: [immediate]}", "expect_continue: {wait: 1s, variants: [immediate]}"
	return lab.Part{
		Prober: "expect_continue",
		Modules: []lab.Module{
			{Name: module, Keys: []string{"timeout: 20s", long}},
			{Name: fast, Keys: []string{"timeout: 8s", short}},
			{Name: basic, Logon: lab.Basic, Keys: []string{"timeout: 20s", long}},
			{Name: windows, Logon: lab.Windows, Keys: []string{"timeout: 8s", short}},
		},
		Shared: shared(),
		Brief:  []lab.Module{{Name: brief, Keys: []string{"expect_continue: {wait: 300ms, variants: [immediate]}"}}},
		Faults: faults(),
		Loads:  loads(),
		Least:  []string{"expect_continue: {wait: 1s}"},
		Most:   []string{"expect_continue: {wait: 200ms, variants: [immediate], headers: {" + lab.SecretField + ": " + lab.Secret + "}}"},
		Cases:  cases(),
		Meets:  meets(),
	}
}

// shared are the verdicts without a logon, and with one where a site that asks for it lets the body be tested.
func shared() map[string][]lab.Verdict {
	good := lab.Verdict{Module: module, Outcome: "continue", Failure: lab.None, Origin: "exchange"}
	notTested := lab.Verdict{Module: module, Outcome: "final_first", Failure: lab.None, Finding: "expect_continue_not_tested", Origin: "exchange"}
	lateBody := lab.Verdict{Module: module, Outcome: "ignored_then_error", Failure: "status/late_body_rejected", Finding: "late_body_rejected", Origin: "middlebox", Product: "kemp"}
	ignored := lab.Verdict{Module: module, Outcome: "ignored", Failure: lab.None, Finding: "expect_continue_ignored", Origin: "exchange"}
	noResponse := lab.Verdict{Module: module, Outcome: "no_response", Failure: "receive/timeout"}
	relayed := lab.Verdict{Module: module, Outcome: "continue", Failure: "status/server_error", Origin: "exchange"} // EWS's own error, after the 100
	all := map[string][]lab.Verdict{
		"kemp-rfc2616":       {lateBody},
		"kemp-rfc2616-logon": {notTested, withLogon(lateBody, true)},
		"basic-logon":        {notTested, withLogon(good, true)},
		"only-basic":         {notTested, withLogon(good, false)},
		"expect-417":         {{Module: module, Outcome: "rejected", Failure: lab.None, Finding: "expect_continue_rejected", Origin: "middlebox"}},
		"late-100":           {{Module: module, Outcome: "late", Failure: lab.None, Finding: "expect_continue_late", Origin: "exchange"}},
		"ignored":            {ignored},
		"http10":             {ignored},
		"silent":             {noResponse},
		"slow-drip":          {noResponse},
		"sick-member":        {{Module: module, Outcome: "continue", Failure: "status/server_error", Finding: "answered_by_middlebox", Origin: "middlebox"}},
		"reset-on-body":      {{Module: module, Outcome: "closed", Failure: "receive/reset"}},
		"echo":               {{Module: module, Outcome: "final_first", Failure: lab.None, Finding: "expect_continue_not_tested", Origin: "unknown"}},
		"ews-throttled":      {relayed},
		"ews-soap-fault":     {relayed},
		"ews-form-page":      {{Module: module, Outcome: "final_first", Failure: "status/logon_page", Finding: "answered_by_middlebox", Origin: "middlebox", Product: "logon_portal"}},
		"ews-pool-stopped":   {{Module: module, Outcome: "final_first", Failure: "status/server_error", Origin: "http_sys"}},
		"ews-not-exchange":   {{Module: module, Outcome: "continue", Failure: lab.None, Origin: "ews_server"}},
		"ews-answers-twice":  {{Module: module, Outcome: "continue", Failure: lab.None, Finding: "bytes_after_response", Origin: "exchange"}},
	}
	for _, scenario := range []string{
		"healthy", "kemp-fixed", "answers-100", "ews-affinity-broken", "ews-mailbox-moving", "ews-sick-member", "ews-events-lost",
		"ews-events-hang", "ews-stream-buffered", "ews-stream-cut", "ews-stream-silent", "ews-availability-error", "ews-soap-fault-200",
		"ews-truncated", "ews-affinity-pair", "ews-events-late", "ews-answers-behind", "connection-per-request",
	} {
		all[scenario] = []lab.Verdict{good}
	}
	for _, scenario := range []string{
		"early-401", "ntlm-persisted", "ntlm-per-request", "legs-split", "closes-after-challenge", "protection-allow", "protection-require",
		"protection-allow-rebound", "protection-require-rebound",
	} {
		all[scenario] = []lab.Verdict{notTested}
	}
	for _, scenario := range []string{"early-401", "ntlm-per-request", "protection-allow", "protection-require"} {
		byWindows := good
		byWindows.Module = windows
		all[scenario] = append(all[scenario], byWindows)
	}
	return all
}

// withLogon is a verdict of the module that logs on.
func withLogon(v lab.Verdict, shows bool) lab.Verdict {
	v.Module, v.Shows = basic, shows
	return v
}
