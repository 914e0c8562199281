package ewssync

import "testing"

// TestForMailbox: of several mailboxes each is named, acted as and led to in place of the module's own, which stays.
func TestForMailbox(t *testing.T) {
	t.Parallel()
	s := defaults()
	s.Mailbox, s.AnchorMailbox, s.Impersonation = "own@contoso.com", "own@contoso.com", &Impersonation{Account: "own", By: "PrincipalName"}
	other, ok := s.ForMailbox("db1@contoso.com").(*Settings)
	if !ok || other.Mailbox != "db1@contoso.com" || other.AnchorMailbox != "db1@contoso.com" || *other.Impersonation != (Impersonation{Account: "db1@contoso.com"}) {
		t.Errorf("for another mailbox: %+v, %+v", other, other.Impersonation)
	}
	if s.Mailbox != "own@contoso.com" || s.Impersonation.Account != "own" {
		t.Errorf("the module's own: %+v, %+v", s, s.Impersonation)
	}
	plain, ok := defaults().ForMailbox("db1@contoso.com").(*Settings)
	if !ok || plain.Impersonation != nil || plain.AnchorMailbox != "" {
		t.Errorf("nobody asked for impersonation or an anchor: %+v", plain)
	}
}
