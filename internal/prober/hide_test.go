package prober

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
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

// TestWhatIsHandedOutIsHidden: cookies and tokens of eight bytes or more, as many as a probe has use for, and not the target's own name.
func TestWhatIsHandedOutIsHidden(t *testing.T) {
	t.Parallel()
	r := NewRecorder(&result.Result{Target: "mail.contoso.test"}, &secret.Redactor{}, nil)
	hand := func(field, value string) {
		r.hideIssued(&wire.Response{Header: []origin.Field{{Name: field, Value: value}}})
	}
	hand("Set-Cookie", "a=eight-by; path=/")
	hand("Set-Cookie", `b="in-quotes"`)
	hand("Set-Cookie", "c=seven-b")
	hand("Set-Cookie", "d=mail.contoso.test")
	hand("WWW-Authenticate", "NTLM TlRMTVNTUAACAAAA")
	for i := range maxIssued {
		hand("Set-Cookie", fmt.Sprintf("e=cookie-number-%02d", i))
	}
	for text, hidden := range map[string]bool{
		"eight-by": true, "in-quotes": true, "seven-b": false, "mail.contoso.test": false, "TlRMTVNTUAACAAAA": true,
		"cookie-number-28": true, "cookie-number-29": false,
	} {
		if got := r.redactor.String(text); (got == secret.Mask) != hidden {
			t.Errorf("%q became %q", text, got)
		}
	}
}
