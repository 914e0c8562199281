package prober

import (
	"encoding/base64"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// TestHide: what an Authorization encodes is as secret as itself, and nothing else is.
func TestHide(t *testing.T) {
	t.Parallel()
	basic := base64.StdEncoding.EncodeToString([]byte("probe:correct-horse"))
	for _, test := range []struct{ authorization, text, want string }{
		{"Basic " + basic, "it sent " + basic, "it sent <secret>"},
		{"Basic " + basic, "it sent probe:correct-horse", "it sent <secret>"},
		{"NTLM TlRMTVNTUAADAAAAqqqq", "in hex 4e544c4d5353500003000000aaaaaa", "in hex <secret>"},
		{"Bearer mail.token-with-dots", "mail of contoso", "mail of contoso"}, // "mail" is base64 until the dot
		{"Bearer mail.token-with-dots", "sent mail.token-with-dots", "sent <secret>"},
	} {
		r := &Recorder{redactor: &secret.Redactor{}}
		r.hide(test.authorization)
		if got := r.redactor.String(test.text); got != test.want {
			t.Errorf("%s: %q became %q, want %q", test.authorization, test.text, got, test.want)
		}
	}
}
