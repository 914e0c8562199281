package oauth

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

type judge struct{ begun, accepted, refused, unknown, unsent atomic.Int32 }

func (j *judge) Accepted()    { j.accepted.Add(1) }
func (j *judge) Refused(bool) { j.refused.Add(1) }
func (j *judge) Unknown()     { j.unknown.Add(1) }
func (j *judge) Unsent()      { j.unsent.Add(1) }

func (j *judge) begin(context.Context) (Verdict, error) {
	j.begun.Add(1)
	return j, nil
}

// tokenServer answers by handler over TLS; the Client trusts it.
func tokenServer(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return New(Settings{URL: s.URL + "/token", ClientID: "probe", Scopes: []string{"https://outlook.office365.com/.default"}, Roots: roots})
}

func TestTokenIsKept(t *testing.T) {
	t.Parallel()
	asked := 0
	c := tokenServer(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("client_secret") != "hunter2" || r.PostFormValue("scope") == "" || r.URL.RawQuery != "" {
			t.Errorf("asked with %v", r.PostForm)
		}
		_, _ = fmt.Fprintf(w, `{"access_token":"token%d","token_type":"Bearer","expires_in":3600}`, asked)
	})
	j := &judge{}
	for range 3 {
		token, err := c.Token(t.Context(), secret.New("hunter2"), j.begin)
		if err != nil || token.Reveal() != "token1" {
			t.Fatal(token.Reveal(), err)
		}
	}
	c.Drop()
	if token, err := c.Token(t.Context(), secret.New("hunter2"), j.begin); err != nil || token.Reveal() != "token2" {
		t.Errorf("after a server refused the token: %v, %v", token.Reveal(), err)
	}
	if asked != 2 || j.accepted.Load() != 2 {
		t.Errorf("asked %d times, accepted %d", asked, j.accepted.Load())
	}
}

func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, body, reason string
		status             int
		refused            int32
	}{
		{"wrong secret", `{"error":"invalid_client","error_description":"hunter2"}`, Refused, 401, 1},
		{"wrong secret, as 400", `{"error":"invalid_client"}`, Refused, 400, 1},
		{"401 without a word", ``, Refused, 401, 1},
		{"wrong scope", `{"error":"invalid_scope"}`, ServerError, 400, 0},
		{"broken server", `<html>hunter2</html>`, ServerError, 500, 0},
		{"redirect", ``, ServerError, 302, 0},
		{"no token", `{}`, Malformed, 200, 0},
		{"another type", `{"access_token":"a","token_type":"mac"}`, Malformed, 200, 0},
		{"a token with a line break", `{"access_token":"a\r\nX: y","token_type":"bearer"}`, Malformed, 200, 0},
		{"no JSON", `access_token=hunter2`, Malformed, 200, 0},
		{"huge", strings.Repeat(" ", maxAnswer+1), Malformed, 200, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := tokenServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://elsewhere.invalid/")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			j := &judge{}
			_, err := c.Token(t.Context(), secret.New("hunter2"), j.begin)
			if !failure.Is(err, failure.Auth, tt.reason) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %s", err, tt.reason)
			}
			if j.refused.Load() != tt.refused || j.accepted.Load() != 0 {
				t.Errorf("refused %d times, accepted %d", j.refused.Load(), j.accepted.Load())
			}
		})
	}
}

// TestAnswerThatCannotBeRead: what package http says of it holds parts of it.
func TestAnswerThatCannotBeRead(t *testing.T) {
	t.Parallel()
	c := tokenServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://hunter2 &#34;/")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	if _, err := c.Token(t.Context(), secret.New("hunter2"), (&judge{}).begin); !failure.Is(err, failure.Auth, Unreachable) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestTokenServerThatHangs(t *testing.T) {
	t.Parallel()
	c := tokenServer(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body) // so that the server sees the client leave
		<-r.Context().Done()
		panic(http.ErrAbortHandler) // never an answer, however late
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	j := &judge{}
	if _, err := c.Token(ctx, secret.New("hunter2"), j.begin); !failure.Is(err, failure.Auth, Unreachable) || j.unknown.Load() != 1 {
		t.Errorf("got %v, unknown %d", err, j.unknown.Load())
	}
}

// TestUnverifiedTokenServer: the secret goes to nobody who cannot prove the name.
func TestUnverifiedTokenServer(t *testing.T) {
	t.Parallel()
	asked := false
	c := tokenServer(t, func(http.ResponseWriter, *http.Request) { asked = true })
	stranger := New(Settings{URL: c.settings.URL, Roots: x509.NewCertPool()})
	if _, err := stranger.Token(t.Context(), secret.New("hunter2"), (&judge{}).begin); !failure.Is(err, failure.Auth, Unreachable) || asked {
		t.Errorf("got %v, asked %v", err, asked)
	}
}
