package autodiscover

import (
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
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
