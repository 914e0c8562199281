package origin

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Names of portals that rules ask for.
const (
	portalOWA   = "Outlook on the web (forms-based logon)"
	portalEntra = "Microsoft Entra ID"
	portalLogon = "a logon page"
	portalForm  = "a form that asks for a password"
)

// portals are the pages to log on by that redirects lead to, by where on a host they are, or by the host alone.
var portals = []struct {
	name    string
	product string   // the box whose own it is; empty where a redirect to it may come from anybody
	paths   []string // how the path begins, in lower case; "*" before it: where it has this anywhere
	hosts   []string
}{
	{"F5 BIG-IP Access Policy Manager", "f5", []string{"/my.policy", "/my.logout.php3", "/vdesk/"}, nil},
	{"NetScaler Gateway or AAA", "netscaler", []string{"/vpn/index.html", "/vpn/tmindex.html", "/logon/logonpoint/"}, nil},
	{"Forefront TMG or ISA Server (forms-based logon)", "tmg", []string{"/cookieauth.dll"}, nil},
	{portalOWA, "", []string{"/owa/auth/", "/owa/auth.owa", "/ecp/auth/", "/exchweb/bin/auth/"}, nil},
	{"AD FS", "", []string{"/adfs/ls", "/adfs/oauth2"}, nil},
	{portalEntra, "", nil, []string{"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.windows.net", "login.microsoft.com"}},
	{"a VPN gateway's page", "", []string{"/vpn/", "/sslvpn", "/dana-na/", "/+cscoe+/", "/remote/login", "/global-protect/"}, nil},
	{portalLogon, "", []string{"*login", "*logon", "*signin", "*sign-in", "*/sso", "*/saml"}, nil},
}

// portal names the page to log on by that a response is or leads to; empty for none.
func portal(v *view) string {
	switch {
	case v.redirects():
		name, _ := leadsTo(v)
		return name
	case v.Status == 440:
		return portalOWA
	case v.Status == 200 && isForm(v):
		if v.contains("/owa/auth") {
			return portalOWA
		}
		return portalForm
	}
	return ""
}

// leadsTo is the portal that a redirect leads to, and the box whose own that is. What values in the query say may be of
// anything, such as a page to return to; its names tell a request to log somebody on.
func leadsTo(v *view) (name, product string) {
	to, err := url.Parse(v.either("Location"))
	if err != nil {
		return "", ""
	}
	path, host := strings.ToLower(to.Path), strings.ToLower(to.Hostname())
	for _, p := range portals {
		leads := slices.ContainsFunc(p.paths, func(at string) bool {
			if anywhere, ok := strings.CutPrefix(at, "*"); ok {
				return strings.Contains(path, anywhere)
			}
			return strings.HasPrefix(path, at)
		})
		if leads || slices.Contains(p.hosts, host) {
			return p.name, p.product
		}
	}
	if asksToLogOn(to.Query()) {
		return portalLogon, ""
	}
	return "", ""
}

// asksToLogOn tells whether a query is a request to sign somebody on: SAML's (SAML 2.0 Bindings section 3.4), WS-Federation's
// (section 13.1), or OpenID Connect's (Core section 3.1.2.1; RFC 6749 section 4.1.1).
func asksToLogOn(query url.Values) bool {
	return query.Has("SAMLRequest") || query.Get("wa") == "wsignin1.0" || query.Has("client_id") && (query.Has("response_type") || query.Has("redirect_uri"))
}

// toPortal matches a redirect to the portal of one box.
func toPortal(box string) matcher {
	return func(v *view) string {
		if !v.redirects() {
			return ""
		}
		if name, product := leadsTo(v); product == box {
			return fmt.Sprintf("status %d with a Location at %s", v.Status, name)
		}
		return ""
	}
}

// ofPassword is what makes an input one for a password; its attributes come in any order.
var ofPassword = regexp.MustCompile(`\btype\s*=\s*["']?password\b`)

// passwordField tells whether a page has an input for a password. Each tag is looked at once, however often it begins: an expression
// for the whole of it looks for its end again from each beginning.
func passwordField(page []byte) bool {
	for {
		_, after, found := bytes.Cut(page, []byte("<input"))
		if !found {
			return false
		}
		var tag []byte
		tag, page, _ = bytes.Cut(after, []byte(">"))
		if len(tag) > 0 && bytes.IndexByte([]byte(" \t\r\n\f/"), tag[0]) >= 0 && bytes.Contains(tag, []byte("password")) && ofPassword.Match(tag) {
			return true
		}
	}
}

// isForm tells whether a success is an HTML page that asks for a password. Mail comes in XML or JSON.
func isForm(v *view) bool {
	return fieldWith("Content-Type", "text/html")(v) != "" && bytes.Contains(v.lower, []byte("<form")) && passwordField(v.lower)
}

// logonForm is such a page where nothing of Windows is in sight. Outlook's may come from Exchange without its headers.
func logonForm(v *view) string {
	if v.Status != 200 || !isForm(v) || v.contains("/owa/auth") {
		return ""
	}
	return "an HTML page with a form that asks for a password"
}

// entraPreauthentication is the redirect of Entra's application proxy.
func entraPreauthentication(v *view) string {
	name, _, ok := v.cookie("AzureAppProxy")
	if to, _ := leadsTo(v); !ok || !v.redirects() || to != portalEntra {
		return ""
	}
	return fmt.Sprintf("status %d to Entra ID with a cookie %s", v.Status, quoteName(name))
}
