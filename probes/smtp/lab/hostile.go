package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them.
func meets() []lab.Meeting {
	return []lab.Meeting{
		{Group: "Names", But: map[string]string{
			"gives 1,000 addresses": "",
		}},
		{Group: "Connections"},
		{Group: "TLS handshakes", But: map[string]string{
			"wants a certificate of the client (TLS 1.3)":         "",
			"wants a certificate of the client (TLS 1.2)":         "",
			"wants to negotiate anew after the request (TLS 1.2)": "",
			"ends TLS with an alert after the request (TLS 1.2)":  "",
		}},
		{Group: "Certificates", But: map[string]string{
			"shows one with 2,000 names":            "",
			"sends 100 certificates behind its own": "",
		}},
		{Group: "Proxies on the way out", But: map[string]string{"does what it is asked": ""}}, // what is behind it speaks HTTP
		{Group: "Mail servers (SMTP)", Keys: []string{"smtp: {security: starttls}"}, Usual: "receive/malformed", But: map[string]string{
			"never greets": "receive/timeout, smtp_no_greeting",
			"ends the connection in place of a greeting":      "receive/closed, smtp_no_greeting",
			"resets the connection in place of a greeting":    "receive/reset, smtp_no_greeting",
			"greets in single bytes, and never ends the line": "receive/timeout",
			"does not want to talk (554)":                     "status/greeting_refused",
			"is in maintenance (421 4.3.2)":                   "status/service_inactive, smtp_service_inactive",
			"is short of resources (421 4.3.1)":               "status/insufficient_resources, smtp_back_pressure",
			"closes after the greeting":                       "receive/closed",
			"reads EHLO, and says nothing":                    "receive/timeout",
			"refuses EHLO (500)":                              "status/ehlo_refused",
			"ends in the middle of its answer to EHLO":        "receive/closed",
			"does not offer STARTTLS":                         "tls/starttls_not_offered, smtp_starttls_missing",
			"offers it behind a firewall that crosses it out": "tls/starttls_not_offered, smtp_inspected, smtp_starttls_missing",
			"refuses it (454)":                                "tls/starttls_refused",
			"answers it before it was asked (injection)":      "tls/starttls_malformed",
			"sends clear text behind its consent (injection)": "tls/starttls_malformed",
			"goes on in clear text":                           "tls/not_tls",
			"ends in place of the handshake":                  "tls/closed",
			"says nothing in place of the handshake":          "tls/timeout",
			"is in maintenance once TLS is there":             "status/service_inactive, smtp_service_inactive",
			"ends once TLS is there":                          "receive/closed",
			"never answers QUIT":                              "success",
			"answers QUIT in single bytes":                    "success",
		}},
	}
}
