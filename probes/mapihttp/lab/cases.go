package lab

import (
	"net"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// basic are the keys of a module's auth.
const basic = "username: '" + lab.Username + "', password: " + lab.Password + ", schemes: [basic]"

// asks is Exchange's request for a logon.
var asks = []string{"Negotiate", "NTLM", `Basic realm="mail.contoso.test"`}

// exchange is a response of Exchange's.
func exchange(status, body string) lab.Step {
	return lab.Write(script.Responds(status, "Server: Microsoft-IIS/10.0\r\nX-FEServer: EX01\r\nX-BEServer: EX02\r\nContent-Type: text/html\r\n", body))
}

// page is the endpoint's.
func page() lab.Step { return exchange("200 OK", lab.MapiPage("/mapi/emsmdb/", lab.Username)) }

// challenge is Exchange's front end's request for a logon.
func challenge() lab.Step {
	fields := "Server: Microsoft-IIS/10.0\r\nX-FEServer: EX01\r\n"
	for _, c := range asks {
		fields += "WWW-Authenticate: " + c + "\r\n"
	}
	return lab.Write(script.Responds("401 Unauthorized", fields, ""))
}

// nginx is a proxy's own answer.
func nginx(status string) lab.Step {
	return lab.Write(script.Responds(status, "Server: nginx\r\nContent-Type: text/html\r\n", "<html>\r\n<head><title>"+status+"</title></head>\r\n<body>\r\n<center><h1>"+status+"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"))
}

// cases are what no scenario shows.
func cases() []lab.Case {
	return []lab.Case{
		first("no logon is configured", "success", challenge()),
		atServer(first(strangers, "auth/answers_without_logon, mapi_http_answers_without_logon", page())),
		lent(),
		first("a proxy knows no way to the path", "status/not_published, mapi_http_not_published, answered_by_middlebox", nginx("404 Not Found")),
		first("a filter forbids the path", "status/not_published, mapi_http_not_published", lab.Write(script.Responds("403 Forbidden", "", ""))),
		first("a server without MAPI over HTTP", "status/not_published, mapi_http_not_published", lab.Write(script.Responds("404 Not Found", "Server: Microsoft-IIS/7.5\r\nContent-Type: text/html\r\n", ""))),
		first("a portal pre-authenticates", "status/logon_page, mapi_http_preauthenticated, answered_by_middlebox", lab.Write(script.Responds("302 Found", "Location: /my.policy\r\n", ""))),
		first("another page comes in place of the request for a logon", "status/preauthenticated, mapi_http_preauthenticated", lab.Write(script.Responds("200 OK", "Content-Type: text/html\r\n", "<h1>Welcome</h1>"))),
		first("a proxy has no server", "status/server_error, answered_by_middlebox", nginx("502 Bad Gateway")),
		first("Exchange finds the request odd", "status/unexpected_status", exchange("400 Bad Request", "")),
		first("EWS that lets in whoever asks", "status/unexpected_status, ews_answers_without_logon", lab.Write(script.Sized(script.Folder))),
		loggedOn("the page without a version", "success", lab.Write(script.Responds("200 OK", "X-FEServer: EX01\r\n", "Exchange MAPI/HTTP Connectivity Endpoint"))),
		loggedOn("Exchange forbids the mailbox", "success", exchange("403 Forbidden", "")),
		loggedOn("Exchange shows another page", "success", exchange("200 OK", "<title>Outlook</title>")),
		loggedOn("a filter forbids what is logged on", "status/not_published, mapi_http_not_published, answered_by_middlebox", lab.Write(script.Responds("403 Forbidden", "", ""))),
		loggedOn("a page of somebody else's after the logon", "status/preauthenticated, mapi_http_preauthenticated, answered_by_middlebox", lab.Write(script.Responds("200 OK", "Content-Type: text/html\r\n", "<h1>Welcome</h1>"))),
		loggedOn("the back end is unavailable", "status/backend_down, mapi_http_backend_down", exchange("503 Service Unavailable", "")),
		loggedOn("the logon is refused", "auth/refused", challenge()),
		onlyMailbox(),
		anonymous(),
		hangingUp(),
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

// strangers is the case that others refer to.
const strangers = "the page comes to who has not logged on"

// atServer is a case that can be asked at its address, too.
func atServer(c lab.Case) lab.Case {
	start := c.Start
	c.Start = func(t lab.TB) lab.Peer {
		p := start(t)
		_, port, _ := net.SplitHostPort(p.Target)
		p.Server, p.Hostname = net.JoinHostPort("127.0.0.1", port), lab.Service
		return p
	}
	return c
}

// lent is a box that asks at one endpoint, and lends a stranger's logon at the other.
func lent() lab.Case {
	return lab.Case{Name: "a logon is lent at one endpoint", Want: lab.Reports("auth/answers_without_logon, mapi_http_answers_without_logon"), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
			if strings.HasPrefix(head, "GET /mapi/nspi/") {
				return []lab.Step{page()}
			}
			return []lab.Step{challenge()}
		})))
		p.Keys = []string{"timeout: 8s"}
		return p
	}}
}

// loggedOn is a peer that asks for a logon, and answers whoever has one so.
func loggedOn(name, reports string, answer lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
			if !strings.Contains(head, "\r\nAuthorization: ") {
				return []lab.Step{challenge()}
			}
			return []lab.Step{answer}
		})))
		p.Keys, p.Logon = []string{"timeout: 8s"}, basic
		return p
	}}
}

// onlyMailbox is a server whose address book does not answer.
func onlyMailbox() lab.Case {
	return lab.Case{Name: "the mailbox answers, and the address book's application does not", Want: lab.Reports("status/backend_down, mapi_http_backend_down"), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
			switch {
			case !strings.Contains(head, "\r\nAuthorization: "):
				return []lab.Step{challenge()}
			case strings.HasPrefix(head, "GET /mapi/nspi/"):
				return []lab.Step{exchange("503 Service Unavailable", "")}
			}
			return []lab.Step{page()}
		})))
		p.Keys, p.Logon = []string{"timeout: 8s"}, basic
		return p
	}}
}

// anonymous is a peer that names itself nowhere.
func anonymous() lab.Case {
	return lab.Case{Name: "who answers after the logon does not show", Want: lab.Reports("success"), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Asking(func(authorization string) []lab.Step {
			if authorization == "" {
				return []lab.Step{script.Unauthorized(asks...)}
			}
			return []lab.Step{lab.Write(script.Responds("200 OK", "Content-Type: text/plain\r\n", "hello"))}
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
				return []lab.Step{page()}
			}
			return []lab.Step{challenge()}
		}))
		p.Keys, p.Logon = []string{"timeout: 8s"}, basic
		return p
	}}
}
