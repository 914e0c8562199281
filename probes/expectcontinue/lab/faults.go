package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// faults are what alerts and the dashboard are tried on.
func faults() []lab.Fault {
	return []lab.Fault{
		{
			Module: brief, At: "kemp-rfc2616", Panels: true,
			Alert: "EwsLateBodyRejected", Says: []string{
				"late request bodies are answered 501", "the same request without Expect 200", "Made by: middlebox (kemp)",
				"RFC-7231 Compliant", "Act: whoever runs the box in front (load balancer, proxy) (sure)", "docs/findings/late_body_rejected.md",
			},
		},
		{Module: brief, At: "early-401", Panels: true},
		{Module: brief, At: "expect-417", Alert: "EwsExpectContinueRejected", Says: []string{"Expect: 100-continue is refused with 417"}},
		{Module: brief, At: "ignored", Alert: "EwsExpectContinueIgnored", Says: []string{"No 100 Continue came in 0.3"}, Panels: true},
		{Module: brief, At: "late-100", Alert: "EwsExpectContinueLate", Says: []string{"100 Continue comes only after the body"}},
		{Module: brief, At: "silent", Alert: "EwsServiceFailing", Says: []string{"receive/"}},
		{Module: brief, At: "healthy", Server: "silent", Service: "127.0.0.1", Alert: "EwsServerFailing", Says: []string{"Take the server out of the pool"}},
	}
}
