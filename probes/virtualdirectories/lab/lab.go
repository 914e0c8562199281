// Package lab is what the prober brings to the simulated site: servers of Exchange by their pages of health, and what publishes
// them.
package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

const prober = "virtual_directories"

// The modules: one that asks as it comes, and one that asks for every directory there is.
const (
	module     = prober
	everything = "virtual_directories_all"
	all        = "virtual_directories: {directories: [autodiscover, ews, mapi, activesync, oab, owa, ecp, rpc, powershell]}"
	least      = "virtual_directories: {directories: [ews]}"
)

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: prober,
		Modules: []lab.Module{
			{Name: module},
			{Name: everything, About: "every directory that has a page of health", Keys: []string{"timeout: 5s", all}},
		},
		Scenarios: scenarios(),
		Shared: map[string][]lab.Verdict{
			"healthy":          {reports(module, lab.None, ""), reports(everything, lab.None, "")},
			"ews-pool-stopped": {reports(module, "status/server_error", unhealthy)},
			"ews-form-page":    {reports(module, lab.None, "virtual_directory_sign_in")},
		},
		Faults: faults(),
		Loads: []lab.Load{
			{About: "as it comes", At: "healthy"},
			{About: "all nine directories", At: "healthy", Keys: []string{all}},
		},
		Least: []string{least},
		Most:  []string{all},
		Cases: cases(),
		Good:  "200 OK<br/>ex01.contoso.test",
		Meets: meets(),
	}
}

// unhealthy is the finding of most verdicts that are failures.
const unhealthy = "virtual_directory_unhealthy"

func reports(by, failure, finding string) lab.Verdict {
	return lab.Verdict{Module: by, Failure: failure, Finding: finding}
}

// faults are what alerts and the dashboard are tried on.
func faults() []lab.Fault {
	return []lab.Fault{
		{Module: module, At: "healthy", Panels: true},
		{Module: module, At: "directories-owa-closed", Alert: "EwsServiceFailing", Says: []string{"receive/unhealthy", "Found: virtual_directory_unhealthy."}, Panels: true},
		{Module: module, At: "directories-old", Panels: true},
		{Module: module, At: "healthy", Server: "directories-maintenance", Service: lab.Service, Panels: true, Long: true},
		{Module: module, At: "directories-elsewhere", Alert: "EwsServiceFailing", Says: []string{"content/foreign_page", "Answered with: activesync 200"}},
	}
}
