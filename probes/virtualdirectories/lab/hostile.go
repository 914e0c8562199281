package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them.
func meets() []lab.Meeting {
	const also = ", " + unhealthy
	return []lab.Meeting{
		{Group: "Names"},
		{Group: "Connections"},
		{Group: "TLS handshakes"},
		{Group: "Certificates"},
		{Group: "Responses: heads", Usual: "receive/malformed" + also, But: map[string]string{
			"reads the request, and says nothing":                            "receive/timeout" + also,
			"closes in place of an answer":                                   "receive/unhealthy" + also,
			"closes without ending TLS (no close_notify)":                    "receive/unhealthy" + also,
			"resets in place of an answer":                                   "receive/unhealthy" + also,
			"closes within the head":                                         "receive/closed" + also,
			"sends a header byte by byte":                                    "receive/timeout" + also,
			"sends header lines one by one":                                  "receive/timeout" + also,
			"sends interim responses one by one":                             "receive/timeout" + also,
			"sends a header line without end":                                "receive/too_large" + also,
			"sends header lines without end":                                 "receive/too_large" + also,
			"folds a header line without end":                                "receive/too_large" + also,
			"sends a reason phrase without end":                              "receive/too_large" + also,
			"sends empty lines without end":                                  "receive/too_large" + also,
			"sends interim responses with large heads without end":           "receive/too_large" + also,
			"changes to another protocol (101)":                              "status/unexpected, bytes_after_response" + also,
			"gives a good answer the status 201":                             "status/unexpected" + also,
			"gives a good answer the status 202":                             "status/unexpected" + also,
			"gives a good answer the status 203, as a proxy that changed it": "status/unexpected" + also,
			"gives a good answer the status 206, as a part":                  "status/unexpected" + also,
			"gives a good answer the status 500":                             "status/server_error" + also,
			"hands out 1,000 cookies":                                        "success",
			"sends fields of 60 kB in words of two letters":                  "success",
		}},
		{Group: "Responses: bodies", Usual: "receive/malformed" + also, But: map[string]string{
			"sends a body without end":                            "content/foreign_page" + also,
			"sends 100 MB, as it said":                            "content/foreign_page" + also,
			"sends a body byte by byte":                           "receive/timeout" + also,
			"sends less than it said, and closes":                 "receive/closed" + also,
			"sends less than it said, and waits":                  "receive/timeout" + also,
			"says no length, and closes without ending TLS":       "success",
			"sends more than it said":                             "success, bytes_after_response",
			"sends a second response behind the first (smuggled)": "success, bytes_after_response",
			"sends a good answer, and less of it than it said":    "receive/closed" + also,
			"sends a good answer without its last chunk":          "receive/closed" + also,
			"says that a plain answer is deflated":                "success",
			"says a length, and sends chunks":                     "success",
			"sends chunks of one byte without end":                "content/foreign_page" + also,
			"closes before the last chunk":                        "receive/closed" + also,
			"sends a compressed bomb, unasked":                    "content/foreign_page" + also,
			"sends a body that only its own codec could read":     "content/foreign_page" + also,
		}},
		{Group: "Redirects", Usual: "status/redirected" + also},
	}
}
