package autodiscover

import "testing"

// TestForMailbox: it is the other mailbox whose settings are asked for, of its domain and of a server.
func TestForMailbox(t *testing.T) {
	t.Parallel()
	s := defaults()
	s.Email = "own@contoso.com"
	other, ok := s.ForMailbox("db1@fabrikam.com").(*Settings)
	if !ok || s.Email != "own@contoso.com" {
		t.Fatalf("%+v", s)
	}
	for target, hostname := range map[string]string{"fabrikam.com": "", "ex01.fabrikam.com": "mail.fabrikam.com"} {
		if q, err := other.read(target, hostname); err != nil || q.email != "db1@fabrikam.com" {
			t.Errorf("%s: %+v, %v", target, q, err)
		}
	}
	if _, err := other.read("contoso.com", ""); err == nil {
		t.Error("a domain that is not the mailbox's was taken")
	}
}
