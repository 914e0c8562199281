package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// faults are what alerts and the dashboard are tried on. They are asked at Autodiscover's own host, because nobody else
// resolves their names.
func faults() []lab.Fault {
	return []lab.Fault{
		{
			At: "autodiscover-flapping", Panels: true, // look-ups unanswered
			Alert: "EwsAutodiscoverIntermittent", Says: []string{"Unanswered: pox", "status/unexpected_status, answered by middlebox"},
		},
		{
			At: "autodiscover-wrong-url", Panels: true, // wrong URLs that differ
			Alert: "EwsAutodiscoverWrongUrl", Says: []string{"Not as expected: EXPR.EwsUrl", "Expected: https://", "https://anywhere.fabrikam.test", "Answers (the same mark is the same answer):"},
		},
	}
}
