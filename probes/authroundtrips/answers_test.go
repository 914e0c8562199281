package authroundtrips_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes/authroundtrips"
)

// plainly probes a handler over plain HTTP, without an auth.
func plainly(t *testing.T, options string, handler http.HandlerFunc) *result.Result {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "c.yml")
	text := fmt.Sprintf("modules: {m: {prober: auth_roundtrips, auth_roundtrips: {%s}}}\npolicy: {allow: [127.0.0.0/8]}\n", options)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, []prober.Definition{authroundtrips.Definition})
	if err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: server.URL, Limit: 8 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// TestRedirects: no client follows one with the body of a POST, and of a page it may be the way.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ options, location, failure string }{
		{"method: POST", "/ews/exchange.asmx", "status/not_fetched"},
		{"method: POST", "/owa/auth/logon.aspx", "status/logon_page"},
		{"method: GET, paths: [/a]", "/b", ""},
		{"method: GET, paths: [/a]", "/my.policy", "status/logon_page"},
	} {
		res := plainly(t, c.options, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", c.location)
			w.WriteHeader(http.StatusFound)
		})
		got := ""
		if f := res.Failure; f != nil {
			got = fmt.Sprintf("%s/%s", f.Stage, f.Reason)
		}
		if got != c.failure {
			t.Errorf("%s to %s: %v, want %q", c.options, c.location, res.Failure, c.failure)
		}
	}
}
