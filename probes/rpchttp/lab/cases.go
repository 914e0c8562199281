package lab

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// basic are the keys of a module's auth.
const basic = "username: '" + lab.Username + "', password: " + lab.Password + ", schemes: [basic]"

// listed are the keys of a module that may announce.
var listed = []string{"timeout: 3s", "targets: ['*.contoso.test']", "rpc_http: {announce: true}"}

// challenge is IIS's request for a logon.
func challenge() lab.Step {
	return lab.Write(script.Responds("401 Unauthorized", "Server: Microsoft-IIS/10.0\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\nWWW-Authenticate: Basic realm=\"mail.contoso.test\"\r\n", ""))
}

// windowsServer is another response of IIS's.
func windowsServer(status, kind, body string) lab.Step {
	return lab.Write(script.Responds(status, "Server: Microsoft-IIS/10.0\r\nContent-Type: "+kind+"\r\n", body))
}

// nginx is a proxy's own answer.
func nginx(status string) lab.Step {
	return lab.Write(script.Responds(status, "Server: nginx\r\nContent-Type: text/html\r\n", "<html>\r\n<head><title>"+status+"</title></head>\r\n<body>\r\n<center><h1>"+status+"</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"))
}

// cases are what no scenario shows.
func cases() []lab.Case {
	return []lab.Case{
		to("no logon is configured", "success", func(string) lab.Step { return challenge() }),
		to("an echo without a logon", "success", func(string) lab.Step { return windowsServer("200 OK", "application/rpc", lab.RPCEcho) }),
		to("a box refuses the length 0 of one verb", "status/verb_refused, rpc_http_verb_refused", func(head string) lab.Step {
			if strings.HasPrefix(head, "RPC_OUT_DATA ") {
				return nginx("405 Not Allowed")
			}
			return challenge()
		}),
		to("a filter knows no verb but GET", "status/verb_refused, rpc_http_verb_refused", func(head string) lab.Step {
			if strings.HasPrefix(head, "GET ") {
				return challenge()
			}
			return windowsServer("405 Method Not Allowed", "text/html", "")
		}),
		to("a firewall cuts the verbs", "receive/closed, rpc_http_verb_refused", func(head string) lab.Step {
			if strings.HasPrefix(head, "RPC_") {
				return lab.Cut
			}
			return challenge()
		}),
		to("nobody answers any verb but the path", "status/verb_refused", func(string) lab.Step { return windowsServer("403 Forbidden", "text/html", "") }),
		to("a proxy has no server", "status/server_error, answered_by_middlebox", func(string) lab.Step { return nginx("502 Bad Gateway") }),
		to("a redirect", "status/no_echo", func(string) lab.Step {
			return lab.Write(script.Responds("302 Found", "Location: https://mail.contoso.test/owa/\r\n", ""))
		}),
		to("a status of nobody's", "status/unexpected_status", func(string) lab.Step { return windowsServer("409 Conflict", "text/html", "") }),
		to("EWS that lets in whoever asks", "status/no_echo, ews_answers_without_logon", func(string) lab.Step { return lab.Write(script.Sized(script.Folder)) }),
		loggedOn("an RPC proxy whose echo is another", "success", windowsServer("200 OK", "application/rpc", "echo")),
		loggedOn("the logon is refused", "auth/refused", challenge()),
		loggedOn("the account may not", "status/verb_refused", windowsServer("403 Forbidden", "text/html", "")),
		announcing("the length gets through", "success", challenge()),
		announcing("a box limits the length", "status/length_refused, rpc_http_length_refused", nginx("413 Request Entity Too Large")),
		announcing("a box waits for the body", "status/length_refused, rpc_http_length_refused", nil),
		announcing("a box ends the connection over the length", "status/length_refused, rpc_http_length_refused", lab.Cut),
	}
}

// to is a peer that answers by a request's head.
func to(name, reports string, answer func(head string) lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step { return []lab.Step{answer(head)} })))
		p.Keys = []string{"timeout: 8s"}
		return p
	}}
}

// loggedOn is a peer that asks for a logon, and answers whoever has one so.
func loggedOn(name, reports string, answer lab.Step) lab.Case {
	c := to(name, reports, func(head string) lab.Step {
		if !strings.Contains(head, "\r\nAuthorization: ") {
			return challenge()
		}
		return answer
	})
	start := c.Start
	c.Start = func(t lab.TB) lab.Peer {
		p := start(t)
		p.Logon = basic
		return p
	}
	return c
}

// announcing is a peer that asks for a logon, and answers the length so; nil: it waits for the body.
func announcing(name, reports string, answer lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
			switch {
			case !strings.Contains(head, "\r\nContent-Length: 1073741824\r\n"):
				return []lab.Step{challenge()}
			case answer == nil:
				return []lab.Step{lab.ReadBody(1)}
			}
			return []lab.Step{answer}
		})))
		p.Keys = listed
		return p
	}}
}
