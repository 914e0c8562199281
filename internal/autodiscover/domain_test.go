package autodiscover_test

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"

	"github.com/ews-exporter/ews_exporter/internal/autodiscover"
)

func TestDomain(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"probe@contoso.com":              "contoso.com",
		"Probe@EU.Contoso.COM.":          "eu.contoso.com",
		"probe@contoso.co.uk":            "contoso.co.uk",
		"probe@contoso.local":            "contoso.local",
		`"a@b"@contoso.com`:              "contoso.com",
		"probe@bücher.example":           "xn--bcher-kva.example",
		"probe@autodiscover.contoso.com": "autodiscover.contoso.com",
		"probe@com":                      "",
		"probe@co.uk":                    "",
		"probe@local":                    "",
		"probe@contoso":                  "",
		"probe@github.io":                "", // anybody may register below it, though no registry runs it
		"probe@autodiscover.com":         "",
		"probe@autodiscover.co.uk":       "",
		"probe@192.0.2.1":                "",
		"probe@[2001:db8::1]":            "",
		"probe@":                         "",
		"@contoso.com":                   "",
		"contoso.com":                    "",
		"":                               "",
		"probe@contoso.com/x":            "",
		"probe@contoso.com:443":          "",
		"probe@contoso..com":             "",
		"pro be@contoso.com":             "",
		"probe@contoso.com\r\nX: y":      "",
		"probe@" + strings.Repeat("a.", 124) + "contoso.com": "",
	} {
		got, err := autodiscover.Domain(email)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v; want %q", email, got, err, want)
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	if got, want := autodiscover.Hosts("contoso.com"), []string{"contoso.com", "autodiscover.contoso.com"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := autodiscover.SRVName("contoso.com"); got != "_autodiscover._tcp.contoso.com." {
		t.Errorf("%s", got)
	}
}

// reason is a Refusal's, empty for nil.
func reason(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var r *autodiscover.Refusal
	if !errors.As(err, &r) || r.Message == "" {
		t.Fatalf("%v is no Refusal with a message", err)
	}
	return r.Reason
}

func redirects(t *testing.T, allowed ...string) *autodiscover.Redirects {
	t.Helper()
	r, err := autodiscover.NewRedirects("probe@contoso.com", allowed)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRedirectURL(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ location, reason string }{
		"within the mail domain":    {"https://mail.contoso.com/autodiscover/autodiscover.xml", ""},
		"the mail domain itself":    {"https://contoso.com/Autodiscover/Autodiscover.xml", ""},
		"a path in between":         {"https://mail.contoso.com/autodiscover/eu/autodiscover.xml", ""},
		"SOAP":                      {"https://mail.contoso.com/autodiscover/autodiscover.svc", ""},
		"JSON with its query":       {"https://mail.contoso.com/autodiscover/autodiscover.json?Email=a%40contoso.com&Protocol=EWS", ""},
		"another port":              {"https://mail.contoso.com:8443/autodiscover/autodiscover.xml", ""},
		"a configured domain":       {"https://autodiscover-s.outlook.com/autodiscover/autodiscover.xml", ""},
		"capitals":                  {"https://MAIL.Contoso.COM/autodiscover/autodiscover.xml", ""},
		"plain http":                {"http://mail.contoso.com/autodiscover/autodiscover.xml", autodiscover.NotHTTPS},
		"relative":                  {"/autodiscover/autodiscover.xml", autodiscover.NotHTTPS},
		"no URL":                    {"https://mail contoso.com/", autodiscover.Unreadable},
		"a password":                {"https://u:p@mail.contoso.com/autodiscover/autodiscover.xml", autodiscover.Unreadable},
		"a foreign domain":          {"https://evil.example/autodiscover/autodiscover.xml", autodiscover.NotAllowed},
		"a domain that ends alike":  {"https://evilcontoso.com/autodiscover/autodiscover.xml", autodiscover.NotAllowed},
		"a domain in front":         {"https://contoso.com.evil.example/autodiscover/autodiscover.xml", autodiscover.NotAllowed},
		"the guess of old clients":  {"https://autodiscover.com/autodiscover/autodiscover.xml", autodiscover.NotAllowed},
		"an address":                {"https://192.0.2.1/autodiscover/autodiscover.xml", autodiscover.NotAllowed},
		"loopback":                  {"https://[::1]/autodiscover/autodiscover.xml", autodiscover.NotAllowed},
		"another path":              {"https://mail.contoso.com/owa/", autodiscover.WrongPath},
		"a path that only holds it": {"https://mail.contoso.com/x/autodiscover/autodiscover.xml", autodiscover.WrongPath},
		"a path that goes up":       {"https://mail.contoso.com/autodiscover/../autodiscover.xml", autodiscover.WrongPath},
		"an encoded path":           {"https://mail.contoso.com/autodiscover/%2e%2e/autodiscover.xml", autodiscover.WrongPath},
		"port 0":                    {"https://mail.contoso.com:0/autodiscover/autodiscover.xml", autodiscover.Unreadable},
		"port too high":             {"https://mail.contoso.com:70000/autodiscover/autodiscover.xml", autodiscover.Unreadable},
		"too long":                  {"https://mail.contoso.com/autodiscover/" + strings.Repeat("x", 2000) + "/autodiscover.xml", autodiscover.Unreadable},
		"asked before":              {"https://autodiscover.contoso.com:443/autodiscover/autodiscover.xml", autodiscover.Loop},
		"asked in another case":     {"https://autodiscover.contoso.com/Autodiscover/Autodiscover.xml", ""},
		"a mailbox in between":      {"https://mail.contoso.com/Autodiscover/shared@contoso.com/Autodiscover.xml", ""},
		"an escaped mailbox":        {"https://mail.contoso.com/autodiscover/first.last%40contoso.com/autodiscover.xml", ""},
		"a version in between":      {"https://mail.contoso.com/autodiscover/v1.0/autodiscover.svc", ""},
		"an escaped slash":          {"https://mail.contoso.com/autodiscover/..%2fowa/autodiscover.xml", autodiscover.WrongPath},
		"an escaped backslash":      {"https://mail.contoso.com/autodiscover/..%5Cowa/autodiscover.xml", autodiscover.WrongPath},
		"a backslash":               {"https://mail.contoso.com/autodiscover/..\\owa/autodiscover.xml", autodiscover.WrongPath},
		"an escaped line end":       {"https://mail.contoso.com/autodiscover/x%0d%0ay/autodiscover.xml", autodiscover.WrongPath},
		"an empty segment":          {"https://mail.contoso.com/autodiscover//autodiscover.xml", autodiscover.WrongPath},
		"a page of somebody else":   {"https://login.fabrikam.example/common/oauth2/authorize", autodiscover.WrongPath},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := redirects(t, "outlook.com")
			r.Ask("https://autodiscover.contoso.com/autodiscover/autodiscover.xml")
			u, err := r.URL(test.location)
			if got := reason(t, err); got != test.reason {
				t.Errorf("%v, %v; want %q", u, err, test.reason)
			}
			if err != nil && strings.Contains(err.Error(), "u:p") {
				t.Errorf("the refusal tells a password: %v", err)
			}
			if err == nil && u.Host != strings.ToLower(u.Host) {
				t.Errorf("the host is %s", u.Host)
			}
		})
	}
}

func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	r := redirects(t)
	next := func(i int) string { return fmt.Sprintf("https://h%d.contoso.com/autodiscover/autodiscover.xml", i) }
	for i := range autodiscover.MaxRedirects {
		if _, err := r.URL(next(i)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := r.URL(next(99))
	if got := reason(t, err); got != autodiscover.TooMany {
		t.Errorf("one more: %q", got)
	}
}

func TestRedirectAddress(t *testing.T) {
	t.Parallel()
	r := redirects(t, "contoso.onmicrosoft.com")
	const url = "https://autodiscover.contoso.com/autodiscover/autodiscover.xml"
	r.Ask(url)
	for _, step := range []struct{ email, domain, reason string }{
		{"other@eu.contoso.com", "eu.contoso.com", ""},
		{"probe@contoso.onmicrosoft.com", "contoso.onmicrosoft.com", ""},
		{"Other@EU.contoso.com", "", autodiscover.Loop},
		{"probe@contoso.com", "", autodiscover.Loop},
		{"probe@evil.example", "", autodiscover.NotAllowed},
		{"probe@com", "", autodiscover.Unreadable},
		{"nonsense", "", autodiscover.Unreadable},
	} {
		domain, err := r.Address(step.email)
		if got := reason(t, err); got != step.reason || domain != step.domain {
			t.Errorf("%s: %q, %v; want %q, %q", step.email, domain, err, step.domain, step.reason)
		}
	}
	if _, err := r.URL(url); err != nil {
		t.Errorf("the same URL may be asked for another address: %v", err)
	}
}

func TestSRV(t *testing.T) {
	t.Parallel()
	r := redirects(t)
	u, err := r.SRV("Mail.contoso.com.", 8443)
	if err != nil || u.String() != "https://mail.contoso.com:8443/autodiscover/autodiscover.xml" {
		t.Errorf("%v, %v", u, err)
	}
	_, err = r.SRV("mail.evil.example.", 443)
	if got := reason(t, err); got != autodiscover.NotAllowed {
		t.Errorf("a foreign target: %q", got)
	}
	_, err = r.SRV(".", 0)
	if reason(t, err) == "" {
		t.Error("a record that says there is no service is followed")
	}
}

func TestRedirectDomainsLieBelowAPublicSuffix(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{"com", "co.uk", "*.contoso.com", "", "192.0.2.1", "autodiscover.com"} {
		if _, err := autodiscover.NewRedirects("probe@contoso.com", []string{domain}); err == nil {
			t.Errorf("%q is accepted", domain)
		}
	}
}

func FuzzDomain(f *testing.F) {
	for _, s := range []string{"probe@contoso.com", "probe@autodiscover.com", "a@b@c.d", "x@bücher.example", "a@com", "a@xn--p1ai"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, email string) {
		domain, err := autodiscover.Domain(email)
		if err != nil {
			return
		}
		suffix, _ := publicsuffix.PublicSuffix(domain)
		for _, host := range autodiscover.Hosts(domain) {
			if host != domain && !strings.HasSuffix(host, "."+domain) || host == "autodiscover."+suffix || host == suffix {
				t.Errorf("%q leads to %s", email, host)
			}
		}
		if again, err := autodiscover.CheckDomain(domain); err != nil || again != domain {
			t.Errorf("%q: %q, %v", domain, again, err)
		}
	})
}

func FuzzRedirectURL(f *testing.F) {
	for _, s := range []string{"https://mail.contoso.com/autodiscover/autodiscover.xml", "https://a@contoso.com/", "//contoso.com", "https://contoso.com\\@evil/", "https://contoso.com/Autodiscover/a%40b/..%2f/autodiscover.xml"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, location string) {
		u, err := redirects(t).URL(location)
		if err != nil {
			_ = reason(t, err)
			return
		}
		if host := u.Hostname(); u.Scheme != "https" || u.User != nil || host != "contoso.com" && !strings.HasSuffix(host, ".contoso.com") {
			t.Errorf("%q leads to %s", location, u)
		}
		if path.Clean(u.Path) != u.Path || strings.Contains(u.Path, `\\`) || strings.Count(u.Path, "/") != strings.Count(u.EscapedPath(), "/") {
			t.Errorf("%q leads to the path %q, which a server may take for another", location, u.Path)
		}
	})
}
