package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them.
func meets() []lab.Meeting {
	return []lab.Meeting{
		{Group: "Names"},
		{Group: "Connections"},
		{Group: "TLS handshakes"},
		{Group: "Certificates"},
		{Group: "Proxies on the way out"},
		{Group: "Responses: heads", But: map[string]string{
			"gives a good answer the status 500": "",
		}},
		{Group: "Responses: bodies"},
		{Group: "Logons"},
		{Group: "Tickets and tokens"},
		{Group: "Redirects"},
	}
}
