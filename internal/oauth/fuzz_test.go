package oauth

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// FuzzRead: whatever a token URL answers gives a token that can be sent, for a time within the bound, or a failure; and one
// verdict on the secret.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		`{"token_type":"Bearer","access_token":"abc","expires_in":3600}`, `{"token_type":"bearer","access_token":"a\r\nb","expires_in":"1e9"}`,
		`{"token_type":"Bearer","access_token":"abc","expires_in":99999999999999999999}`, `{"error":"invalid_client"}`, `{"error":7}`, `<html>`, ``,
	} {
		f.Add(200, []byte(text))
		f.Add(401, []byte(text))
	}
	c := New(Settings{URL: "https://login.contoso.test/token", ClientID: "probe"})
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		j := &judge{}
		token, life, err := c.read(status, text, j)
		if n := j.accepted.Load() + j.refused.Load() + j.unknown.Load() + j.unsent.Load(); n != 1 || (err == nil) != (j.accepted.Load() == 1) {
			t.Errorf("%d verdicts, %v", n, err)
		}
		switch {
		case err == nil && (!Sendable(token.Reveal()) || strings.ContainsAny(token.Reveal(), "\r\n ") || life < 0 || life > maxLife):
			t.Errorf("the token %q for %s", token.Reveal(), life)
		case err != nil && (!failure.Is(err, failure.Auth) || token.Reveal() != "" || len(err.Error()) > 1000):
			t.Errorf("%v, with the token %q", err, token.Reveal())
		}
	})
}
