package auth

import (
	"context"
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// basic is RFC 7617. User name and password go out in UTF-8 as they are configured, whatever charset the challenge
// names: UTF-8 is the only one that RFC 7617 §2.1 knows.
type basic struct {
	login Login
	sent  bool
}

func (b *basic) Proves() bool { return true }

func (b *basic) Next(context.Context, Challenge) (string, bool, error) {
	if b.sent {
		return "", true, failure.New(failure.Auth, Refused, "the server refused the user name or the password of the Basic logon")
	}
	password := b.login.Secret.Reveal()
	switch {
	case strings.Contains(b.login.Username, ":"):
		return "", false, failure.New(failure.Auth, SecretUnusable, "the user name holds a colon, which Basic cannot carry (RFC 7617 §2)")
	case !Sendable(b.login.Username) || !Sendable(password):
		return "", false, failure.New(failure.Auth, SecretUnusable, "the user name or the password holds a control character or is not UTF-8, which Basic cannot carry (RFC 7617 §2)")
	}
	b.sent = true
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(b.login.Username+":"+password)), true, nil
}

// Sendable tells whether a user name or a password can be sent as text: it is UTF-8, without control characters.
func Sendable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
