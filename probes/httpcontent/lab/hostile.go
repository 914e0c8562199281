package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them.
func meets() []lab.Meeting {
	const other, loop = "status/unexpected_status", "status/redirect_loop, http_content_redirect_loop"
	return []lab.Meeting{
		{Group: "Names"},
		{Group: "Connections"},
		{Group: "TLS handshakes"},
		{Group: "Certificates"},
		{Group: "Responses: heads", But: map[string]string{
			"changes to another protocol (101)":                              other + ", bytes_after_response",
			"gives a good answer the status 201":                             other,
			"gives a good answer the status 202":                             other,
			"gives a good answer the status 203, as a proxy that changed it": other,
			"gives a good answer the status 206, as a part":                  other,
			"gives a good answer the status 500":                             other,
		}},
		{Group: "Responses: bodies"},
		{Group: "Redirects", Usual: "status/redirected_elsewhere, http_content_redirect_elsewhere", But: map[string]string{
			"redirects to where it was asked": loop,
			"redirects on and on":             loop,
		}},
	}
}
