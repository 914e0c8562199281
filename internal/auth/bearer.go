package auth

import (
	"context"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/oauth"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// bearer is RFC 6750: a token, out of a file or from a token URL.
type bearer struct {
	setting Setting
	sent    bool
}

// Proves is false for a token from a token URL: whether the client's secret is right is between this program and that
// URL, where the gate is asked.
func (b *bearer) Proves() bool { return b.setting.Login.Tokens == nil }

func (b *bearer) Next(ctx context.Context, _ Challenge) (string, bool, error) {
	login := b.setting.Login
	if b.sent {
		return "", true, failure.New(failure.Auth, Refused, "the server refused the token")
	}
	token := login.Secret
	if login.Tokens != nil {
		var err error
		token, err = b.fetch(ctx, login)
		if err != nil {
			return "", false, err
		}
	}
	if !oauth.Sendable(token.Reveal()) {
		return "", false, failure.New(failure.Auth, SecretUnusable, "the token holds characters that no bearer token has (RFC 6750 §2.1)")
	}
	b.sent = true
	return "Bearer " + token.Reveal(), true, nil
}

func (b *bearer) fetch(ctx context.Context, login Login) (secret.Secret, error) {
	return login.Tokens.Token(ctx, login.Secret, func(ctx context.Context) (oauth.Verdict, error) { return b.setting.Begin(ctx) })
}
