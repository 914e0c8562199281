package lab

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// scenarios are the simulated sites.
func scenarios() []lab.Scenario {
	site := func(name, description string, answers func(path string) string, verdict lab.Verdict) lab.Scenario {
		verdict.Shows = true
		return lab.Scenario{Name: name, Description: description, Verdicts: []lab.Verdict{verdict}, Serve: serves(answers)}
	}
	out := site("directories-owa-closed", "A server whose Outlook on the web is inactive: its page of health ends the connection, the others are as they should be.",
		but("/owa/", closes), reports(module, "receive/unhealthy", unhealthy))
	out.Try = "A server of which one protocol is out of the pool"
	return []lab.Scenario{
		out,
		site("directories-maintenance", "A server in maintenance: it ends the connection to every page of health. Asked directly (hostname), that is no failure.",
			always(closes), reports(module, "receive/unhealthy", unhealthy)),
		site("directories-unpublished", "A publishing rule that lets no page of health through.",
			always(published(404)), reports(module, lab.None, "virtual_directory_unpublished")),
		site("directories-sign-in", "A web application proxy that asks for a logon at Entra ID before anything else.",
			always(redirect("https://login.microsoftonline.com/contoso.test/oauth2/authorize?client_id=x&redirect_uri=y")), reports(module, lab.None, "virtual_directory_sign_in")),
		site("directories-elsewhere", "A name that leads to another web site: a page of its own for whatever is asked.",
			always(script.Responds("200 OK", "Server: web\r\nContent-Type: text/html\r\n", "<html><body><h1>Welcome</h1></body></html>")),
			reports(module, "content/foreign_page", unhealthy)),
		site("directories-hang", "A server that takes every request, and answers none.",
			always(hangs), reports(everything, "receive/timeout", unhealthy)),
		site("directories-old", "An old build of Exchange 2016: healthy, and out of support.",
			built("15.1.2507.6"), reports(module, lab.None, "exchange_build_old, exchange_build_unsupported")),
		site("directories-2010", "Exchange 2010, which has no pages of health.",
			unsupported, reports(module, lab.None, "exchange_build_unsupported")),
	}
}

// What a server does in place of an answer.
const (
	closes = ""
	hangs  = "hangs"
)

const (
	exchange  = "Server: Microsoft-IIS/10.0\r\nX-FEServer: EX01\r\n"
	iis       = "Server: Microsoft-IIS/10.0\r\n"
	html      = "Content-Type: text/html\r\n"
	pageOfEX1 = "200 OK<br/>ex01.contoso.test"
)

func always(answer string) func(string) string { return func(string) string { return answer } }

// health is the page of a server that is well.
func health() string { return script.Responds("200 OK", exchange+html, pageOfEX1) }

// but answers well, less what is below a path.
func but(below, answer string) func(string) string {
	return func(path string) string {
		switch {
		case strings.HasPrefix(path, below):
			return answer
		case strings.HasSuffix(path, "/healthcheck.htm"):
			return health()
		}
		return published(404)
	}
}

// published is an error of IIS, which bears no name of Exchange.
func published(status int) string {
	line := fmt.Sprintf("%d %s", status, http.StatusText(status))
	return script.Responds(line, iis+html, "<h1>"+line+"</h1>")
}

func redirect(to string) string {
	return script.Responds("302 Found", "Server: Microsoft-HTTPAPI/2.0\r\nLocation: "+to+"\r\n", "")
}

// built is a healthy server whose Outlook on the web names its build, when a browser is sent to sign in.
func built(version string) func(string) string {
	return func(path string) string {
		if path == "/owa/" {
			return script.Responds("302 Found", exchange+"X-OWA-Version: "+version+"\r\nLocation: /owa/auth/logon.aspx\r\n", "")
		}
		return but("/nothing", closes)(path)
	}
}

// unsupported is Exchange 2010: its Outlook Web App names it, and it has no pages of health.
func unsupported(path string) string {
	if path == "/owa/" {
		return script.Responds("302 Found", "Server: Microsoft-IIS/7.5\r\nX-OWA-Version: 14.3.513.0\r\nLocation: /owa/auth/logon.aspx\r\n", "")
	}
	return script.Responds("404 Not Found", "Server: Microsoft-IIS/7.5\r\n"+html, "<h1>404 - File or directory not found.</h1>")
}

// patience is how long a client may say nothing, or wait in vain.
const patience = 30 * time.Second

// serves is a server over TLS that answers each request by its path, in lower case.
func serves(answers func(path string) string) func(net.Conn, *tls.Config, func()) {
	return func(raw net.Conn, certificate *tls.Config, request func()) {
		conn := tls.Server(raw, certificate)
		in := bufio.NewReader(conn)
		defer lab.End(conn, in)
		for conn.SetDeadline(time.Now().Add(patience)) == nil {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			request()
			answer := answers(strings.ToLower(r.URL.Path))
			if answer == hangs {
				_, _ = io.Copy(io.Discard, in) // until the client goes away
				return
			}
			if _, err := io.WriteString(conn, answer); err != nil || answer == closes {
				return
			}
		}
	}
}
