package autodiscover

import "testing"

// TestOneMailboxIsOneTarget, however its address is written; another mailbox is another.
func TestOneMailboxIsOneTarget(t *testing.T) {
	t.Parallel()
	aim := func(raw string) string {
		t.Helper()
		aim, err := defaults().Aim(raw, "")
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		return aim.Whom + " at " + aim.Target.HostPort()
	}
	for _, other := range []string{"Probe@contoso.com", "probe@CONTOSO.com", "probe@contoso.com."} {
		if got, want := aim(other), aim("probe@contoso.com"); got != want {
			t.Errorf("%s is %s, want %s", other, got, want)
		}
	}
	if aim("probe@contoso.com") == aim("other@contoso.com") {
		t.Error("two mailboxes are one")
	}
}
