package auth

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	offered := ParseChallenges([]string{`BASIC realm="x"`, "Negotiate", "NTLM"})
	tests := []struct {
		name   string
		wanted []string
		want   string
	}{
		{"the first wanted one, not the first offered", []string{"ntlm", "negotiate", "basic"}, "ntlm"},
		{"the next one when the first is not offered", []string{"bearer", "basic"}, "basic"},
		{"never one that is not wanted", []string{"bearer"}, ""},
		{"nothing wanted", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			name, challenge, ok := Choose(test.wanted, offered)
			if name != test.want || ok != (test.want != "") || !strings.EqualFold(challenge.Scheme, test.want) {
				t.Errorf("got %q, %+v, %v", name, challenge, ok)
			}
		})
	}
}

func TestBasic(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, username, password, want, reason string }{
		{"the example of RFC 7617 §2", "Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", ""},
		{"the example of RFC 7617 §2.1, in UTF-8", "test", "123£", "Basic dGVzdDoxMjPCow==", ""},
		{"a domain and a colon in the password", `CONTOSO\svc`, "a:b", "Basic Q09OVE9TT1xzdmM6YTpi", ""},
		{"a colon in the user name", "a:b", "s3cret", "", SecretUnusable},
		{"a line break in the password", "a", "s3cret\r\nX: y", "", SecretUnusable},
		{"broken UTF-8", "a", "s3cret\xff", "", SecretUnusable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scheme, err := NewScheme("basic", Setting{Login: Login{Username: test.username, Secret: secret.New(test.password)}})
			if err != nil {
				t.Fatal(err)
			}
			got, complete, err := scheme.Next(t.Context(), Challenge{Scheme: "Basic"})
			if test.reason != "" {
				if !failure.Is(err, failure.Auth, test.reason) || strings.Contains(err.Error(), "s3cret") || got != "" {
					t.Fatalf("got %q, %v", got, err)
				}
				return
			}
			if got != test.want || !complete || err != nil {
				t.Fatalf("got %q, %v, %v; want %q", got, complete, err, test.want)
			}
			if _, _, err := scheme.Next(t.Context(), Challenge{Scheme: "Basic"}); !failure.Is(err, failure.Auth, Refused) {
				t.Errorf("a second 401 gave %v", err)
			}
		})
	}
}

func TestNewSchemeUnknown(t *testing.T) {
	t.Parallel()
	if _, err := NewScheme("digest", Setting{}); !failure.Is(err, failure.Auth, SchemeUnknown) {
		t.Errorf("got %v", err)
	}
}
