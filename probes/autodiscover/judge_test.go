package autodiscover

import (
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// TestFurthestFailureTells: of several ways in vain the one counts that says most of the fault.
func TestFurthestFailureTells(t *testing.T) {
	t.Parallel()
	fails := func(way string, stage failure.Stage, reason string) *reply {
		return &reply{way: way, failure: failure.New(stage, reason, "%s", way)}
	}
	missing := fails(waySRV, failure.Resolve, "not_found")
	tests := map[string]struct {
		tried []*reply
		want  string
	}{
		"a box's 400, not a web site's 404": {[]*reply{fails(wayDomain, failure.Status, reasonStatus), fails(wayAutodiscover, failure.Status, reasonStatus), missing}, wayAutodiscover},
		"a 400, not a page":                 {[]*reply{fails(wayDomain, failure.Content, reasonForeign), fails(wayAutodiscover, failure.Status, reasonStatus), missing}, wayAutodiscover},
		"a refused connection":              {[]*reply{fails(wayDomain, failure.Status, reasonStatus), fails(wayAutodiscover, failure.Connect, "refused"), missing}, wayAutodiscover},
		"the web site, if it is all":        {[]*reply{fails(wayDomain, failure.Status, reasonStatus), fails(wayAutodiscover, failure.Resolve, "not_found"), missing}, wayDomain},
		"no redirect back":                  {[]*reply{fails(wayAutodiscover, failure.Status, reasonStatus), fails(wayRedirect, failure.Content, "redirect_loop"), missing}, wayAutodiscover},
		"a redirect to somebody else":       {[]*reply{fails(wayAutodiscover, failure.Status, reasonStatus), fails(wayRedirect, failure.Policy, "redirect_not_allowed"), missing}, wayRedirect},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := furthest(test.tried).way; got != test.want {
				t.Errorf("the failure is that of %s, want %s", got, test.want)
			}
		})
	}
}

// answered is a reply with a response, by whoever that shows.
func answered(way string, why *failure.Failure, status int, header ...string) *reply {
	final := &wire.Response{Status: status}
	for i := 0; i+1 < len(header); i += 2 {
		final.Header = append(final.Header, origin.Field{Name: header[i], Value: header[i+1]})
	}
	who := origin.Identify(&origin.Response{Status: status, Header: final.Header})
	return &reply{way: way, failure: why, exchange: &result.Conversation{HTTP: &wire.Exchange{Final: final}, Origin: who}}
}

// TestServiceRecordIsTheHeadline where nobody else answered, and only there.
func TestServiceRecordIsTheHeadline(t *testing.T) {
	t.Parallel()
	fails := func(stage failure.Stage, reason string) *failure.Failure { return failure.New(stage, reason, "x") }
	status := fails(failure.Status, reasonStatus)
	record := &reply{way: waySRV, failure: fails(failure.Resolve, reasonServiceRecord)}
	tests := map[string]struct {
		other *reply
		want  string
	}{
		"a web site's 404":            {answered(wayAutodiscover, status, 404, "Server", "Apache"), waySRV},
		"a web site's certificate":    {&reply{way: wayAutodiscover, failure: fails(failure.TLS, "certificate_name")}, waySRV},
		"a web site's page":           {answered(wayAutodiscover, fails(failure.Content, reasonForeign), 200), waySRV},
		"a hoster's settings":         {answered(wayDomain, fails(failure.Content, reasonNotExchange), 200), waySRV},
		"a name that is not there":    {&reply{way: wayAutodiscover, failure: fails(failure.Resolve, "not_found")}, waySRV},
		"a closed port":               {&reply{way: wayAutodiscover, failure: fails(failure.Connect, "refused")}, waySRV},
		"no redirect":                 {answered(wayRedirect, fails(failure.Status, reasonNoRedirect), 404), waySRV},
		"the web site's own trouble":  {answered(wayDomain, status, 503), waySRV},
		"Exchange's own trouble":      {answered(wayAutodiscover, status, 404, "X-FEServer", "EX01"), wayAutodiscover},
		"IIS's":                       {answered(wayAutodiscover, status, 403, "Server", "Microsoft-IIS/10.0"), wayAutodiscover},
		"a stopped pool":              {answered(wayAutodiscover, status, 503, "Server", "Microsoft-HTTPAPI/2.0"), wayAutodiscover},
		"somebody's 502":              {answered(wayAutodiscover, status, 502), wayAutodiscover},
		"a logon":                     {answered(wayAutodiscover, fails(failure.Auth, reasonLogonRequired), 401), wayAutodiscover},
		"a certificate out of date":   {&reply{way: wayAutodiscover, failure: fails(failure.TLS, "certificate_expired")}, wayAutodiscover},
		"a host that says nothing":    {&reply{way: wayAutodiscover, failure: fails(failure.Receive, "timeout")}, wayAutodiscover},
		"a redirect to somebody else": {answered(wayRedirect, fails(failure.Policy, "redirect_not_allowed"), 302), wayRedirect},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := headline([]*reply{test.other, record}).way; got != test.want {
				t.Errorf("the failure is that of %s, want %s", got, test.want)
			}
		})
	}
}

// TestMisled: what redirects people, and no box makes provably, is inherited or a rule; what leads to a document is neither.
func TestMisled(t *testing.T) {
	t.Parallel()
	failed := failure.New(failure.Content, "redirect_path", "x")
	const iis = "Microsoft-IIS/10.0"
	tests := map[string]struct {
		r    *reply
		want bool
	}{
		"IIS to /owa":                 {answered(wayAutodiscover, failed, 302, "Server", iis, "Location", "/owa/"), true},
		"IIS to /ecp":                 {answered(wayAutodiscover, failed, 301, "Server", iis, "Location", "https://h/ecp"), true},
		"IIS with the rest behind it": {answered(wayAutodiscover, failed, 302, "Server", iis, "Location", "https://h/owa/autodiscover/autodiscover.xml"), true},
		"IIS to some page":            {answered(wayAutodiscover, failed, 302, "Server", iis, "Location", "https://www.h/intranet"), true},
		"Exchange to /owa":            {answered(wayAutodiscover, failed, 302, "X-FEServer", "EX01", "Location", "/owa"), true},
		"somebody to /owa":            {answered(wayAutodiscover, failed, 302, "Location", "https://h/owa/"), true},
		"somebody to Entra ID":        {answered(wayAutodiscover, failed, 302, "Location", "https://login.microsoftonline.com/x"), true},
		"somebody to a VPN":           {answered(wayAutodiscover, failed, 302, "Location", "/dana-na/auth/welcome.cgi"), true},
		"somebody to SAML":            {answered(wayAutodiscover, failed, 302, "Location", "https://idp.h/x?SAMLRequest=y"), true},
		"NetScaler's own":             {answered(wayAutodiscover, failed, 302, "Location", "/vpn/index.html"), false},
		"a web site to its pages":     {answered(wayAutodiscover, failed, 301, "Server", "Apache", "Location", "https://www.h/start"), false},
		"a name that begins alike":    {answered(wayAutodiscover, failed, 302, "Location", "https://h/owala/"), false},
		"to a document elsewhere":     {answered(wayAutodiscover, failed, 302, "Server", iis, "Location", "https://x/autodiscover/autodiscover.xml"), false},
		"no redirect":                 {answered(wayAutodiscover, failed, 404, "Server", iis, "Location", "/owa"), false},
		"nowhere":                     {answered(wayAutodiscover, failed, 302, "Server", iis), false},
		"followed":                    {answered(wayAutodiscover, nil, 302, "Server", iis, "Location", "/owa"), false},
		"nothing came":                {&reply{failure: failed}, false},
	}
	for name, test := range tests {
		if got := test.r.misled(); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// TestOnline: only Exchange Online's own domains count as such.
func TestOnline(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"outlook.com": true, "autodiscover-s.outlook.com": true, "contoso.mail.onmicrosoft.com": true, "outlook.office365.com": true,
		"evil-outlook.com": false, "outlook.com.evil.test": false, "": false,
	} {
		if got := online(host); got != want {
			t.Errorf("%q: %t", host, got)
		}
	}
}
