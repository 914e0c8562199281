package prober

import (
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// TestAServerAskedDirectlyIsAPlaceOfItsOwn: what the box in front refuses must not keep one from asking the server behind
// it, under the same name, whether the password is right.
func TestAServerAskedDirectlyIsAPlaceOfItsOwn(t *testing.T) {
	t.Parallel()
	gate := auth.NewGate(time.Now)
	pattern, err := policy.ParseTargetPattern("mail.contoso.test")
	if err != nil {
		t.Fatal(err)
	}
	credential := auth.Credential{Name: "a", Username: `CONTOSO\svc`, Secret: secret.FromValue("x"), Targets: []policy.TargetPattern{pattern}}
	logon := func(raw, hostname string) (*auth.Attempt, error) {
		where, err := target.Parse(raw, hostname)
		if err != nil {
			t.Fatal(err)
		}
		s := NewSecrets(credential, gate, where)
		login, err := s.read()
		if err != nil {
			return nil, err
		}
		return s.begin(t.Context(), login)
	}
	through, err := logon("mail.contoso.test", "")
	if err != nil {
		t.Fatal(err)
	}
	through.RefusedFor(auth.Connection)
	for _, spelling := range []string{"mail.contoso.test", "mail.contoso.test.", "https://MAIL.contoso.test:443"} {
		if _, err := logon(spelling, ""); err == nil {
			t.Errorf("another logon at %s", spelling)
		}
	}
	direct, err := logon("ex01.contoso.test", "mail.contoso.test")
	if err != nil {
		t.Fatalf("the server cannot be asked directly: %v", err)
	}
	direct.Accepted()
	if _, err := logon("mail.contoso.test", ""); err == nil {
		t.Error("what the server accepts ended the suspension at the box")
	}
}

// TestAMailServerIsAPlaceOfItsOwn: what it refuses says nothing of the web server of its name, whose port is left out.
func TestAMailServerIsAPlaceOfItsOwn(t *testing.T) {
	t.Parallel()
	places := map[string]bool{}
	for _, scheme := range []string{"https", "imaps", "imap", "pop3s", "pop3"} {
		where, err := target.ParseAs(scheme, "mail.contoso.test", "")
		if err != nil {
			t.Fatal(err)
		}
		places[NewSecrets(auth.Credential{}, nil, where).place()] = true
	}
	if len(places) != 5 {
		t.Errorf("%v", places)
	}
}
