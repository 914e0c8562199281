package lab

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// basic are the keys of a module's auth.
const basic = "username: '" + lab.Username + "', password: " + lab.Password + ", schemes: [basic]"

// asks is Exchange's request for a logon.
var asks = []string{"Negotiate", "NTLM", `Basic realm="mail.contoso.test"`}

// exchange is a response of Exchange's front end.
func exchange(status, body string) lab.Step {
	return lab.Write(script.Responds(status, "Server: Microsoft-IIS/10.0\r\nX-FEServer: EX01\r\nX-BEServer: EX02\r\nContent-Type: text/plain\r\n", body))
}

// challenge is Exchange's front end's request for a logon by these challenges.
func challenge(challenges ...string) lab.Step {
	fields := "Server: Microsoft-IIS/10.0\r\nX-FEServer: EX01\r\n"
	for _, c := range challenges {
		fields += "WWW-Authenticate: " + c + "\r\n"
	}
	return lab.Write(script.Responds("401 Unauthorized", fields, ""))
}

// cases are what no scenario shows.
func cases() []lab.Case {
	nginx404 := lab.Write(script.Responds("404 Not Found", "Server: nginx\r\nContent-Type: text/html\r\n", "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center><h1>404 Not Found</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"))
	nginx502 := lab.Write(script.Responds("502 Bad Gateway", "Server: nginx\r\nContent-Type: text/html\r\n", "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"))
	portal := lab.Write(script.Responds("302 Found", "Location: /my.policy\r\n", ""))
	return []lab.Case{
		first("no logon is configured", "success", challenge(asks...)),
		first("NTLM is not offered beside Negotiate", "success, mrs_proxy_ntlm_missing", challenge("Negotiate")),
		first("Basic with an empty realm alone is offered", "auth/scheme_mismatch, mrs_proxy_scheme_mismatch", challenge(`Basic Realm=""`)),
		first("a proxy knows no way to the path", "status/not_published, mrs_proxy_not_published, answered_by_middlebox", nginx404),
		first("a filter forbids the path", "status/not_published, mrs_proxy_not_published", lab.Write(script.Responds("403 Forbidden", "", ""))),
		first("a portal pre-authenticates", "status/logon_page, mrs_proxy_preauthenticated, answered_by_middlebox", portal),
		first("a page comes in place of the request for a logon", "status/preauthenticated, mrs_proxy_preauthenticated", lab.Write(script.Responds("200 OK", "Content-Type: text/html\r\n", "<h1>Welcome</h1>"))),
		first("a proxy has no server", "status/server_error, answered_by_middlebox", nginx502),
		first("EWS that lets in whoever asks", "status/unexpected_status, ews_answers_without_logon", lab.Write(script.Sized(script.Folder))),
		exposed(),
		logon("the switch is off, and the words do not come through", "status/disabled, mrs_proxy_disabled", exchange("403 Forbidden", "")),
		logon("a filter forbids what is logged on", "status/not_published, mrs_proxy_not_published, answered_by_middlebox", lab.Write(script.Responds("403 Forbidden", "", ""))),
		logon("the back end is unavailable", "status/backend_down, mrs_proxy_backend_down", exchange("503 Service Unavailable", "")),
		logon("the logon is refused", "auth/refused", challenge(asks...)),
		anonymous(),
		hangingUp(),
		posting("Exchange's own error after a late body", "status/error_after_late_body", func(head string) []lab.Step {
			if script.Expects(head) {
				return append(script.Body(head), exchange("500 Internal Server Error", ""))
			}
			return append(script.Body(head), exchange("415 Unsupported Media Type", ""))
		}),
		posting("a server that answers before the body", "success", func(head string) []lab.Step {
			if script.Expects(head) {
				return []lab.Step{exchange("415 Unsupported Media Type", "")}
			}
			return append(script.Body(head), exchange("415 Unsupported Media Type", ""))
		}),
		posting("a box that cannot bear Expect", "receive/closed", func(head string) []lab.Step {
			if script.Expects(head) {
				return []lab.Step{lab.Cut}
			}
			return append(script.Body(head), exchange("415 Unsupported Media Type", ""))
		}),
		posting("more than the answer after the body", "success, bytes_after_response", func(head string) []lab.Step {
			if script.Expects(head) {
				return append([]lab.Step{lab.Write(script.Continue)}, append(script.Body(head), exchange("400 Bad Request", ""), lab.Write("more"))...)
			}
			return append(script.Body(head), exchange("400 Bad Request", ""))
		}),
	}
}

// first is a peer that answers every request so.
func first(name, reports string, answer lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(script.Request(answer)))
		p.Keys = []string{"timeout: 8s"}
		return p
	}}
}

// exposed is a site whose balancer leads every path to the server, asked from outside.
func exposed() lab.Case {
	service := lab.Write(script.Responds("401 Unauthorized", "Server: Microsoft-HTTPAPI/2.0\r\nWWW-Authenticate: Negotiate\r\n", ""))
	return lab.Case{Name: "the replication service is reached from outside", Want: lab.Reports("success, mrs_service_exposed"), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
			if strings.HasPrefix(head, "GET /Microsoft.Exchange.") {
				return []lab.Step{service}
			}
			return []lab.Step{challenge(asks...)}
		})))
		p.Outside = true
		p.Keys = []string{"mrs_proxy: {service: true}"}
		return p
	}}
}

// logon is a peer that asks for a logon, and answers whoever has one so.
func logon(name, reports string, answer lab.Step) lab.Case {
	return loggedOn(name, reports, "", func(string) []lab.Step { return []lab.Step{answer} })
}

// anonymous is a peer that names itself nowhere.
func anonymous() lab.Case {
	return lab.Case{Name: "who answers after the logon does not show", Want: lab.Reports("success"), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Asking(func(authorization string) []lab.Step {
			if authorization == "" {
				return []lab.Step{script.Unauthorized(asks...)}
			}
			return []lab.Step{lab.Write(script.Responds("400 Bad Request", "", ""))}
		}))
		p.Keys, p.Logon = []string{"timeout: 8s"}, basic
		return p
	}}
}

// hangingUp is a peer that ends the connection with each answer, so that the logon takes another one.
func hangingUp() lab.Case {
	return lab.Case{Name: "a server that ends the connection with its request for a logon", Want: lab.Reports("success"), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, lab.Branch(func(head string) []lab.Step {
			if strings.Contains(head, "\r\nAuthorization: ") {
				return []lab.Step{exchange("400 Bad Request", "")}
			}
			return []lab.Step{challenge(asks...)}
		}))
		p.Keys, p.Logon = []string{"timeout: 8s"}, basic
		return p
	}}
}

// posting is a peer whose endpoint is well, and which answers what is posted so.
func posting(name, reports string, answer func(head string) []lab.Step) lab.Case {
	return loggedOn(name, reports, "expect: true, wait: 300ms", func(head string) []lab.Step {
		if strings.HasPrefix(head, "GET ") {
			return []lab.Step{exchange("400 Bad Request", "")}
		}
		return answer(head)
	})
}

func loggedOn(name, reports, settings string, answer func(head string) []lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
			if !strings.Contains(head, "\r\nAuthorization: ") {
				return append(script.Body(head), challenge(asks...))
			}
			return answer(head)
		})))
		p.Keys = []string{"mrs_proxy: {" + settings + "}"}
		p.Logon = basic
		return p
	}}
}
