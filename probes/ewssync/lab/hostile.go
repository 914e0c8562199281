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
			"changes to another protocol (101)":                              "status/unexpected, bytes_after_response",
			"gives a good answer the status 201":                             "status/unexpected",
			"gives a good answer the status 202":                             "status/unexpected",
			"gives a good answer the status 203, as a proxy that changed it": "status/unexpected",
			"gives a good answer the status 206, as a part":                  "status/unexpected",
		}},
		{Group: "Responses: bodies", But: map[string]string{
			"sends a body without end":                         "content/not_soap",
			"sends 100 MB, as it said":                         "content/not_soap",
			"sends a body byte by byte":                        "receive/timeout",
			"sends less than it said, and closes":              "receive/closed",
			"sends less than it said, and waits":               "receive/timeout",
			"sends a good answer, and less of it than it said": "receive/closed",
			"sends a good answer without its last chunk":       "receive/closed",
			"says that a plain answer is deflated":             "content/malformed_xml",
			"sends chunks of one byte without end":             "content/not_soap",
			"closes before the last chunk":                     "receive/closed",
			"sends a compressed bomb, unasked":                 "content/malformed_xml",
			"sends a body that only its own codec could read":  "content/not_soap",
		}},
		{Group: "Documents"},
		{Group: "Logons", But: map[string]string{
			"sends who has logged on elsewhere": "status/redirected",
		}},
		{Group: "Tickets and tokens"},
		{Group: "Redirects", Usual: "status/redirected"},
	}
}
