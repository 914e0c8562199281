package auth

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// TestAccount holds which spellings are one account, and which are not.
func TestAccount(t *testing.T) {
	t.Parallel()
	user := func(name string) Credential { return Credential{Name: "a", Username: name} }
	ticket := func(name, realm string) Credential {
		return Credential{Name: "k", Username: name, Realm: realm, KeyFile: "k.keytab", Key: kerberos.Keytab}
	}
	for name, same := range map[string][]Credential{
		"a user of a domain": {
			user(`CONTOSO\svc`), user(`contoso\SVC`), user(`svc@contoso.com`), user(`SVC@Contoso.COM.`), user(`contoso.\svc`), user(`svc@CONTOSO`),
			user(` CONTOSO\svc `), ticket(`CONTOSO\svc`, "CONTOSO.COM"), ticket("svc", "contoso.com"), ticket("svc@other.example", "CONTOSO.COM"),
		},
		"another user":              {user(`CONTOSO\svc2`), user("svc2@contoso.com")},
		"another domain":            {user(`FABRIKAM\svc`), user("svc@fabrikam.example")},
		"a domain below":            {user(`EU\svc`), user("svc@eu.contoso.com")},
		"a domain with a long name": {user(`VERYLONGCOMPANY\svc`), user("svc@verylongcompanyname.example")},
		"a user of no domain":       {user("svc"), user("SVC")},
		"letters beyond ASCII":      {user(`CONTOSO\Jürgen`), user(`contoso\JÜRGEN`)},
		"an application":            {{Name: "o", ClientID: "0A0B"}, {Name: "p", ClientID: "0a0b"}},
		"a token":                   {{Name: "t"}},
		"another token":             {{Name: "u"}},
	} {
		for _, c := range same {
			if got, want := c.Account(), same[0].Account(); got != want {
				t.Errorf("%s: %q of realm %q is %s, want %s", name, c.Username, c.Realm, got, want)
			}
		}
		for other, theirs := range map[string]Credential{"svc": user(`CONTOSO\svc`), "no domain": user("svc")} {
			if mine := same[0].Account(); mine == theirs.Account() && same[0].Username != theirs.Username {
				t.Errorf("%s is the same account as %s: %s", name, other, mine)
			}
		}
	}
}

// TestSubjectKnowsWhenItsSecretWasWritten: after a restart that tells a changed secret from the old one.
func TestSubjectKnowsWhenItsSecretWasWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	written := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(file, written, written); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Credential{
		"a password": {Username: "u", Secret: secret.FromFile(file)},
		"a keytab":   {Username: "u", KeyFile: file, Key: kerberos.Keytab},
	} {
		login, err := c.Login()
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Subject(login).Changed; !got.Equal(written) {
			t.Errorf("%s: written at %s, want %s", name, got, written)
		}
	}
	inline := Credential{Username: "u", Secret: secret.FromValue("x")}
	login, err := inline.Login()
	if err != nil {
		t.Fatal(err)
	}
	if got := inline.Subject(login).Changed; !got.IsZero() {
		t.Errorf("a secret in no file was written at %s", got)
	}
}
