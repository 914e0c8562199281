package lab

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// asDefault are the keys of a module as it comes.
const asDefault = "timeout: 5s"

// cases are what no scenario answers.
func cases() []lab.Case {
	return []lab.Case{
		direct(answering("a server in maintenance, asked directly", "success, exchange_server_maintenance", asDefault, always(closes))),
		direct(answering("a server of which two directories are closed, asked directly", "receive/unhealthy, "+unhealthy, asDefault, func(path string) string {
			if strings.HasPrefix(path, "/owa/") || strings.HasPrefix(path, "/oab/") {
				return closes
			}
			return health()
		})),
		direct(answering("the only directory that is asked is closed, which is no word on the server", "receive/unhealthy, "+unhealthy, least, always(closes))),
		direct(answering("a directory that is missing on a server", "status/not_there, "+unhealthy, asDefault, but("/oab/", published(404)))),
		direct(answering("Exchange 2010, asked directly", "success, exchange_build_unsupported", asDefault, unsupported)),
		answering("a limit on requests", "status/unexpected, "+unhealthy, least, always(published(429))),
		answering("a redirect that every directory inherits", "status/redirected, "+unhealthy, asDefault,
			but("/ews/", script.Responds("302 Found", iis+"Location: https://mail.contoso.test/owa/\r\n", ""))),
		answering("a balancer whose pool for one protocol is empty", "status/server_error, answered_by_middlebox, "+unhealthy, asDefault, but("/mapi/", script.NoServer)),
		answering("a directory that asks for a logon", "success, virtual_directory_sign_in", asDefault,
			but("/microsoft-server-activesync/", script.Responds("401 Unauthorized", exchange+"WWW-Authenticate: Basic realm=\"x\"\r\n", ""))),
		answering("EWS's answer, to whom nobody logged on", "content/foreign_page, ews_answers_without_logon, "+unhealthy, least, always(script.Sized(script.Folder))),
		answering("a build that only the page to sign in on names", "success, exchange_build_old, exchange_build_unsupported", asDefault, named("15.1.2308")),
		answering("an Exchange Server SE that lacks updates", "success, exchange_build_old", asDefault, built("15.2.2562.17")),
		answering("a build that is newer than what is known", "success", asDefault, built("15.2.9999.1")),
	}
}

// answering is a server that answers each request by its path.
func answering(name, said, keys string, answers func(path string) string) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(said), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
			answer := answers(strings.ToLower(strings.Fields(head)[1]))
			if answer == closes {
				return []lab.Step{lab.Reset}
			}
			return []lab.Step{lab.Write(answer)}
		})))
		p.Keys = []string{keys}
		return p
	}}
}

// direct has the server asked past a balancer, under the service's name.
func direct(c lab.Case) lab.Case {
	start := c.Start
	c.Start = func(t lab.TB) lab.Peer {
		p := start(t)
		p.As = lab.Service
		p.Target = strings.Replace(p.Target, lab.Service, "127.0.0.1", 1)
		return p
	}
	return c
}

// named is a healthy server whose build stands in the paths of what its page to sign in on loads, and nowhere else.
func named(build string) func(string) string {
	return func(path string) string {
		switch path {
		case "/owa/":
			return script.Responds("302 Found", exchange+"Location: /owa/auth/logon.aspx\r\n", "")
		case "/owa/auth/logon.aspx":
			return script.Responds("200 OK", exchange+html, `<html><link rel="icon" href="/owa/auth/`+build+`/themes/resources/favicon.ico"/></html>`)
		}
		return but("/nothing", closes)(path)
	}
}
