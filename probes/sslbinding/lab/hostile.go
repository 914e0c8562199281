package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them.
func meets() []lab.Meeting {
	return []lab.Meeting{
		{Group: "Names", But: map[string]string{
			"gives 1,000 addresses": "connect/refused, bindings_left_out",
		}},
		{Group: "Connections", But: map[string]string{
			"accepts, and resets at once": "tls/reset, binding_missing",
			"accepts, and closes at once": "tls/closed, binding_missing",
		}},
		{Group: "TLS handshakes", But: map[string]string{
			"refuses with an alert (handshake_failure)":           "tls/alert, tls_handshake_refused",
			"does not know the name (unrecognized_name)":          "tls/alert, binding_missing",
			"speaks TLS 1.1 at most":                              "success, tls_version_old",
			"closes after the client's first words":               "tls/closed, binding_missing",
			"resets after the client's first words":               "tls/reset, binding_missing",
			"wants a certificate of the client (TLS 1.3)":         "success, tls_client_certificate",
			"wants a certificate of the client (TLS 1.2)":         "success, tls_client_certificate",
			"wants to negotiate anew after the request (TLS 1.2)": "",
			"ends TLS with an alert after the request (TLS 1.2)":  "",
		}},
		{Group: "Proxies on the way out"},
		{Group: "Certificates", But: map[string]string{
			"shows a certificate for another name":                             "tls/certificate_name, binding_name_not_covered",
			"shows one without a name":                                         "tls/certificate_name, binding_name_not_covered",
			"shows one that has expired":                                       "tls/certificate_expired, certificate_expiring",
			"shows one by an authority with a trusted one's name":              "tls/certificate_authority, chain_issuer_renewed",
			"shows one that is not valid yet":                                  "tls/certificate_expired, certificate_not_yet_valid",
			"shows one that is not for servers":                                "tls/certificate_usage, certificate_usage_wrong",
			"shows one by an authority that may sign for another domain alone": "tls/certificate_invalid, chain_constrained",
			"sends 100 certificates behind its own":                            "success, chain_surplus",
		}},
		{Group: "Mail servers (SMTP)", Keys: []string{"ssl_binding: {min_days: 0, starttls: [PORT]}"}, Usual: "tls/starttls_malformed", But: map[string]string{
			"never greets": "receive/timeout",
			"ends the connection in place of a greeting":      "receive/closed",
			"resets the connection in place of a greeting":    "receive/reset",
			"greets in single bytes, and never ends the line": "receive/timeout",
			"greets with a line without end":                  "receive/malformed",
			"does not want to talk (554)":                     "tls/starttls_refused",
			"is in maintenance (421 4.3.2)":                   "tls/starttls_refused",
			"is short of resources (421 4.3.1)":               "tls/starttls_refused",
			"closes after the greeting":                       "receive/closed",
			"reads EHLO, and says nothing":                    "receive/timeout",
			"refuses EHLO (500)":                              "tls/starttls_refused",
			"ends in the middle of its answer to EHLO":        "receive/closed",
			"does not offer STARTTLS":                         "tls/starttls_not_offered",
			"offers it behind a firewall that crosses it out": "tls/starttls_not_offered",
			"refuses it (454)":                                "tls/starttls_refused",
			"goes on in clear text":                           "tls/not_tls",
			"ends in place of the handshake":                  "tls/closed, binding_missing",
			"says nothing in place of the handshake":          "tls/timeout",
			"is in maintenance once TLS is there":             "",
			"ends once TLS is there":                          "",
			"sends lines without end over TLS":                "",
			"never answers QUIT":                              "",
			"answers QUIT in single bytes":                    "",
		}},
	}
}
