package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them.
func meets() []lab.Meeting {
	return []lab.Meeting{
		{Group: "Names"},
		{Group: "Connections"},
		{Group: "TLS handshakes"},
		{Group: "Certificates"},
		{Group: "Certificates of the exporter's own"},
		{Group: "Proxies on the way out"},
		{Group: "Responses: heads", But: map[string]string{
			"changes to another protocol (101)":                              "status/not_fetched, bytes_after_response",
			"gives a good answer the status 201":                             "status/not_fetched",
			"gives a good answer the status 202":                             "status/not_fetched",
			"gives a good answer the status 203, as a proxy that changed it": "status/not_fetched",
			"gives a good answer the status 206, as a part":                  "status/not_fetched",
			"gives a good answer the status 500":                             "status/not_fetched",
		}},
		{Group: "Responses: bodies", But: map[string]string{
			"sends a body byte by byte":                        "receive/timeout",
			"sends less than it said, and closes":              "receive/closed",
			"sends less than it said, and waits":               "receive/timeout",
			"sends a good answer, and less of it than it said": "receive/closed",
			"sends a good answer without its last chunk":       "receive/closed",
			"closes before the last chunk":                     "receive/closed",
		}},
		{Group: "Logons", But: map[string]string{
			"answers every request with 401 (Basic)": "auth/refused, auth_only_basic",
			"says nothing after the logon (Basic)":   "receive/timeout, auth_only_basic",
			"sends who has logged on elsewhere":      "status/not_fetched, auth_only_basic",
		}},
		{Group: "Tickets and tokens"},
		{Group: "Redirects", Usual: "status/not_fetched"},
	}
}
