package suggest

import (
	"strings"
	"testing"
)

// TestHint: a slip of the fingers finds what was meant; what may be several things, or is far from all, gets the list.
func TestHint(t *testing.T) {
	t.Parallel()
	known := []string{"ntlm", "negotiate", "basic", "late_body_rejected", "TLS12", "TLS13"}
	for word, want := range map[string]string{
		"ntml": "ntlm", "ntl": "ntlm", "negotaite": "negotiate", "late_body_reject": "late_body_rejected", "late_bdoy_rejected": "late_body_rejected",
		"basik": "basic", "bsaci": "", "TLS14": "", "kerberos": "", "": "", strings.Repeat("ntlm", 100_000): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%.20q: %q, want %q", word, got, want)
		}
		hint := "possible: TLS12, TLS13, basic, late_body_rejected, negotiate, ntlm"
		if want != "" {
			hint = "did you mean " + want + "?"
		}
		if got := Hint(word, known); got != hint {
			t.Errorf("%.20q: %q, want %q", word, got, hint)
		}
	}
	if got, want := OneOf("ntml", known), `"ntml" is not possible; did you mean ntlm?`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := Hint("x", nil); got != "there is none" {
		t.Errorf("of nothing: %s", got)
	}
}
