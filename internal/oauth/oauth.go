// Package oauth gets access tokens by OAuth 2.0 client credentials (RFC 6749 §4.4).
package oauth

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// The reasons of a failure of stage auth that this package finds.
const (
	Unreachable = "token_unreachable" // the token URL could not be asked, or did not answer
	Refused     = "token_refused"     // it refused the client or its secret
	Malformed   = "token_malformed"   // its answer cannot be read
	ServerError = "token_error"       // any other error
)

// Settings say where tokens come from. The client's secret goes to the token URL alone.
type Settings struct {
	URL      string // https; from the configuration, never from a challenge
	ClientID string
	Scopes   []string
	Roots    *x509.CertPool // nil: the system's
}

// Verdict is what becomes of an attempt to log on at the token URL. *auth.Attempt is one.
type Verdict interface {
	Accepted()
	Refused(everywhere bool)
	Unknown()
	Unsent()
}

// Client gets tokens and keeps one while it is valid. All probes of an auth share it; one at a time asks, the others
// wait for what it gets. It has no goroutine of its own.
type Client struct {
	settings Settings
	http     *http.Client
	turn     chan struct{}
	dropped  atomic.Bool // the token is not to be used again

	// Guarded by the turn.
	login [sha256.Size]byte // whose token it is
	token secret.Secret
	ends  time.Time
}

// The bounds of asking.
const (
	answerTimeout = 10 * time.Second
	maxAnswer     = 64 << 10
	maxLife       = 24 * time.Hour
	margin        = time.Minute // for which a token must still be good
)

// New makes a Client.
func New(s Settings) *Client {
	return &Client{settings: s, turn: make(chan struct{}, 1), http: &http.Client{
		// A connection of its own for each token: none outlives a probe. No proxy, no redirect: the secret goes to this
		// URL and nowhere else.
		Transport: &http.Transport{
			DisableKeepAlives: true, MaxResponseHeaderBytes: maxAnswer,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.Roots},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       answerTimeout,
	}}
}

// Token gives a token for the client with this secret. begin is asked right before the secret is sent; a token at hand
// needs none. Errors are failures of stage auth, or what begin gave.
func (c *Client) Token(ctx context.Context, clientSecret secret.Secret, begin func(context.Context) (Verdict, error)) (secret.Secret, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return secret.Secret{}, failure.New(failure.Auth, Unreachable, "wait for a token: other probes were asking %s until the time limit", c.settings.URL)
	}
	whose := sha256.Sum256([]byte(clientSecret.Reveal()))
	if !c.dropped.Load() && whose == c.login && time.Until(c.ends) > margin {
		return c.token, nil
	}
	verdict, err := begin(ctx)
	if err != nil {
		return secret.Secret{}, err
	}
	token, life, err := c.ask(ctx, clientSecret, verdict)
	if err != nil {
		return secret.Secret{}, err
	}
	c.dropped.Store(false)
	c.login, c.token, c.ends = whose, token, time.Now().Add(life)
	return token, nil
}

// Drop forgets the token, because a server refused it.
func (c *Client) Drop() { c.dropped.Store(true) }

// answer is what a token URL says (RFC 6749 §5).
type answer struct {
	Token   string      `json:"access_token"`
	Type    string      `json:"token_type"`
	Expires json.Number `json:"expires_in"`
	Error   string      `json:"error"`
}

// ask sends the client's credentials, in the body, where every server of the field takes them (RFC 6749 §2.3.1).
func (c *Client) ask(ctx context.Context, clientSecret secret.Secret, verdict Verdict) (secret.Secret, time.Duration, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.settings.ClientID}, "client_secret": {clientSecret.Reveal()}}
	if len(c.settings.Scopes) > 0 {
		form.Set("scope", strings.Join(c.settings.Scopes, " "))
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.settings.URL, strings.NewReader(form.Encode()))
	if err != nil {
		verdict.Unsent()
		return secret.Secret{}, 0, failure.New(failure.Auth, Unreachable, "%s cannot be asked for a token", c.settings.URL)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		verdict.Unknown()
		return secret.Secret{}, 0, failure.New(failure.Auth, Unreachable, "ask %s for a token: %w", c.settings.URL, cause(err))
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil || len(text) > maxAnswer {
		verdict.Unknown()
		return secret.Secret{}, 0, failure.New(failure.Auth, Malformed, "the answer of %s, status %d, is longer than a token can be, or was cut short", c.settings.URL, response.StatusCode)
	}
	return c.read(response.StatusCode, text, verdict)
}

// cause is an error of http.Client without method and URL, which the message has already. What package http says of an
// answer that it cannot read is left out: it holds parts of it.
func cause(err error) error {
	var (
		network  net.Error
		verify   *tls.CertificateVerificationError
		noTLS    tls.RecordHeaderError
		alert    tls.AlertError
		outer, _ = err.(*url.Error) //nolint:errorlint // Client.Do gives nothing else
	)
	if outer != nil {
		err = outer.Err
	}
	if errors.As(err, &network) || errors.As(err, &verify) || errors.As(err, &noTLS) || errors.As(err, &alert) || errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) {
		return err
	}
	return errors.New("what it answers is not HTTP as it should be")
}

func (c *Client) read(status int, text []byte, verdict Verdict) (secret.Secret, time.Duration, error) {
	var a answer
	err := json.Unmarshal(text, &a)
	switch {
	case err == nil && (a.Error == "invalid_client" || a.Error == "unauthorized_client" || a.Error == "invalid_grant") || status == http.StatusUnauthorized:
		verdict.Refused(true)
		return secret.Secret{}, 0, failure.New(failure.Auth, Refused, "%s refused the client %s with status %d, %s: the secret is wrong or has expired, or the client may not have this token",
			c.settings.URL, c.settings.ClientID, status, named(a.Error))
	case status != http.StatusOK:
		verdict.Unknown()
		return secret.Secret{}, 0, failure.New(failure.Auth, ServerError, "%s answered status %d, %s, and no token", c.settings.URL, status, named(a.Error))
	case err != nil || a.Token == "" || !strings.EqualFold(a.Type, "bearer") || !Sendable(a.Token):
		verdict.Unknown()
		return secret.Secret{}, 0, failure.New(failure.Auth, Malformed, "what %s answered holds no bearer token", c.settings.URL)
	}
	verdict.Accepted()
	seconds, err := a.Expires.Int64()
	if err != nil || seconds < 0 { // left out, it is the server's secret (RFC 6749 §5.1): use the token once
		seconds = 0
	}
	return secret.New(a.Token), min(time.Duration(min(seconds, int64(maxLife/time.Second)))*time.Second, maxLife), nil
}

// named is the error's name for a person, as long as it is one.
func named(name string) string {
	if name == "" {
		return "without saying why"
	}
	return "error " + plain.Cut(plain.Escape(name), 64)
}

// Sendable tells whether a token can stand in an Authorization field (RFC 6750 §2.1).
func Sendable(token string) bool {
	return token != "" && !strings.ContainsFunc(token, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("-._~+/=", r)
	})
}
