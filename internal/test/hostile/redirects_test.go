package hostile

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// redirecting is a row's peer that redirects each request to where it is told; host is what was asked, with its port.
func redirecting(to func(host, path string) string) func(*testing.T) site {
	return https(lab.Branch(func(head string) []lab.Step {
		_, rest, _ := strings.Cut(head, "\r\nHost: ")
		host, _, _ := strings.Cut(rest, "\r\n")
		path := strings.Fields(head)[1]
		return append(received(head), lab.Write("HTTP/1.1 302 Found\r\nLocation: "+to(host, path)+"\r\nContent-Length: 0\r\n\r\n"))
	}))
}

// leading is redirecting to a fixed place.
func leading(to string) func(*testing.T) site {
	return redirecting(func(string, string) string { return to })
}

// told answers a look-up by POX with another way to go on.
func told(action, element, value string) func(*testing.T) site {
	return https(answers(sized("<Autodiscover><Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\"><Account><Action>" + action + "</Action><" + element + ">" + value + "</" + element + "></Account></Response></Autodiscover>")))
}

func redirects() group {
	// Only look-ups follow redirects. To EWS a redirect is a fault, and to expect_continue an answer like any.
	moved := func(verdict string) verdicts {
		return overHTTP("success").but(ewsSync, "status/redirected").but(authRoundtrips, "status/not_fetched").but(autodiscover, verdict)
	}
	lookUp := func(verdict string) verdicts { return verdicts{autodiscover: verdict} }
	const strange = "policy/redirect_not_allowed, autodiscover_redirect_not_allowed"
	return group{"Redirects", "the peer", []fault{
		{does: "redirects to where it was asked", peer: redirecting(func(host, path string) string { return "https://" + host + path }), reports: moved("content/redirect_loop")},
		{does: "redirects on and on", peer: redirecting(func(host, path string) string { return "https://" + host + strings.Replace(path, "r/", "r/x/", 1) }), reports: moved("content/too_many_redirects")},
		{does: "redirects to plain http", peer: leading("http://mail.contoso.test/autodiscover/autodiscover.xml"), reports: moved("policy/redirect_not_https")},
		{does: "redirects to a file", peer: leading("file:///etc/passwd"), reports: moved("policy/redirect_not_https")},
		{does: "redirects to a stranger", peer: leading("https://mail.fabrikam.test/autodiscover/autodiscover.xml"), reports: moved(strange)},
		{does: "redirects to a stranger whose name ends alike", peer: leading("https://notcontoso.test/autodiscover/autodiscover.xml"), reports: moved(strange)},
		{does: "redirects to an address", peer: leading("https://" + metadata + "/autodiscover/autodiscover.xml"), reports: moved(strange)},
		{does: "redirects to a name that leads to the metadata address", peer: leading("https://metadata.contoso.test/autodiscover/autodiscover.xml"), reports: moved("policy/address_denied")},
		{does: "redirects to another path", peer: leading("https://mail.contoso.test/owa/"), reports: moved("content/redirect_path")},
		{does: "redirects with a user and a password", peer: leading("https://a:b@mail.contoso.test/autodiscover/autodiscover.xml"), reports: moved("content/malformed_redirect")},
		{does: "redirects to a URL of 500 kB", peer: leading("https://mail.contoso.test/" + strings.Repeat("x", 500_000)), reports: moved("content/malformed_redirect")},
		{does: "redirects to nowhere", peer: leading("https://[::1"), reports: moved("content/malformed_redirect")},
		{does: "sends the look-up back to its own address", peer: told("redirectAddr", "RedirectAddr", "probe@contoso.test"), reports: lookUp("content/redirect_loop")},
		{does: "sends the look-up to a stranger's address", peer: told("redirectAddr", "RedirectAddr", "probe@fabrikam.test"), reports: lookUp(strange)},
		{does: "sends the look-up to plain http", peer: told("redirectUrl", "RedirectUrl", "http://mail.contoso.test/autodiscover/autodiscover.xml"), reports: lookUp("policy/redirect_not_https")},
		{does: "sends the look-up nowhere", peer: told("redirectUrl", "RedirectUrl", ""), reports: lookUp("content/malformed")},
	}}
}
