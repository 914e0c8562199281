package auth

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

func credential(t *testing.T, modules []string, targets ...string) Credential {
	t.Helper()
	c := Credential{Name: "monitor", Username: `CONTOSO\svc`, Secret: secret.FromValue("s3cret"), Modules: modules}
	for _, s := range targets {
		p, err := policy.ParseTargetPattern(s)
		if err != nil {
			t.Fatal(err)
		}
		c.Targets = append(c.Targets, p)
	}
	return c
}

func parse(t *testing.T, raw, hostname string) target.Target {
	t.Helper()
	tgt, err := target.Parse(raw, hostname)
	if err != nil {
		t.Fatal(err)
	}
	return tgt
}

func TestPermit(t *testing.T) {
	t.Parallel()
	c := credential(t, []string{"mailbox"}, "mail.contoso.com", "*.fabrikam.com:8443")
	tests := []struct{ name, module, target, hostname, reason string }{
		{"a listed target", "mailbox", "https://mail.contoso.com/EWS/", "", ""},
		{"a server by its address, asked for by the listed name", "mailbox", "10.1.2.3", "mail.contoso.com", ""},
		{"a wildcard with a port", "mailbox", "ex01.fabrikam.com:8443", "", ""},
		{"another module", "other", "mail.contoso.com", "", ModuleNotListed},
		{"http", "mailbox", "http://mail.contoso.com:443/", "", NotHTTPS},
		{"another port", "mailbox", "mail.contoso.com:8443", "", TargetNotListed},
		{"another name", "mailbox", "mail.evil.example", "", TargetNotListed},
		{"two labels below a wildcard", "mailbox", "a.b.fabrikam.com:8443", "", TargetNotListed},
		{"another hostname for a listed host", "mailbox", "mail.contoso.com", "mail.evil.example", TargetNotListed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			expect(t, c.Permit(test.module, parse(t, test.target, test.hostname)), test.reason)
		})
	}
	if err := credential(t, nil, "mail.contoso.com").Permit("any", parse(t, "mail.contoso.com", "")); err != nil {
		t.Errorf("without a list every module may use it: %v", err)
	}
	expect(t, credential(t, nil).Permit("any", parse(t, "mail.contoso.com", "")), TargetNotListed)
}

// TestPermitSaysWhatToGive: a server that is asked directly needs the name that clients use, not another target.
func TestPermitSaysWhatToGive(t *testing.T) {
	t.Parallel()
	listed := []string{"*.fabrikam.com", "mail.contoso.com", "ews.contoso.com:8443"}
	for target, want := range map[string]string{
		"ex01.contoso.com":                 `auth "monitor" may not be sent to ex01.contoso.com:443. Is that name right? If clients reach it as mail.contoso.com, give that name too, hostname=mail.contoso.com (--hostname of the command); else add it to targets of auth "monitor" (which lists *.fabrikam.com, mail.contoso.com, ews.contoso.com:8443)`,
		"ex01.contoso.com:8443":            "hostname=ews.contoso.com (",
		"ex01.contoso.com:9443":            "right? If it is, add it",
		"ex01.contoso.com as evil.example": "sent to evil.example:443. Is that name right? If it is, add it",
	} {
		host, name, _ := strings.Cut(target, " as ")
		if err := credential(t, nil, listed...).Permit("any", parse(t, host, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", target, err, want)
		}
	}
	for range maxListed {
		listed = append(listed, "mail.contoso.com")
	}
	if err := credential(t, nil, listed...).Permit("any", parse(t, "x", "")); !strings.Contains(err.Error(), " and 3 more)") {
		t.Errorf("a long list is not cut: %v", err)
	}
}

func expect(t *testing.T, err error, reason string) {
	t.Helper()
	if reason == "" && err != nil || reason != "" && !failure.Is(err, failure.Auth, reason) {
		t.Errorf("got %v, want reason %q", err, reason)
	}
}

func TestPermitConnection(t *testing.T) {
	t.Parallel()
	c := credential(t, nil, "mail.contoso.com")
	tests := []struct {
		name, target, hostname string
		peer                   Peer
		reason                 string
	}{
		{"verified for the name", "mail.contoso.com", "", Peer{Verified: true, Name: "mail.contoso.com"}, ""},
		{"verified for the name, written otherwise", "mail.contoso.com", "", Peer{Verified: true, Name: "Mail.Contoso.com."}, ""},
		{"verified for the hostname parameter", "10.1.2.3", "mail.contoso.com", Peer{Verified: true, Name: "mail.contoso.com"}, ""},
		{"not verified", "mail.contoso.com", "", Peer{Name: "mail.contoso.com"}, NotVerified},
		{"pinned but not verified", "mail.contoso.com", "", Peer{Name: "mail.contoso.com", Pinned: true}, NotVerified},
		{"verified for another name", "mail.contoso.com", "", Peer{Verified: true, Name: "other.example"}, NotVerified},
		{"verified for no name", "mail.contoso.com", "", Peer{Verified: true}, NotVerified},
		{"pinned", "mail.contoso.com", "", Peer{Verified: true, Name: "other.example", Pinned: true}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			expect(t, c.PermitConnection(parse(t, test.target, test.hostname), test.peer), test.reason)
		})
	}
	expect(t, c.PermitConnection(target.Target{}, Peer{Verified: true}), NotVerified)
}

func TestLogin(t *testing.T) {
	t.Parallel()
	c := credential(t, nil)
	login, err := c.Login()
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%v %+v %#v", login, login, c); strings.Contains(text, "s3cret") {
		t.Errorf("the secret shows: %s", text)
	}
	same, other := login, login
	other.Username = "another"
	if login.Fingerprint() != same.Fingerprint() || login.Fingerprint() == other.Fingerprint() {
		t.Error("a fingerprint must tell accounts apart, and only those")
	}
	c.Secret = secret.FromFile(filepath.Join(t.TempDir(), "gone"))
	if _, err := c.Login(); !failure.Is(err, failure.Auth, SecretUnreadable) {
		t.Errorf("got %v", err)
	}
}
