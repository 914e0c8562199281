package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// TestBasicAuthCoversEverything: --web.config.file protects every endpoint, those that run probes above all.
func TestBasicAuthCoversEverything(t *testing.T) {
	t.Parallel()
	hash, err := bcrypt.GenerateFromPassword([]byte("correct-horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "web.yml")
	if err := os.WriteFile(file, []byte("basic_auth_users: {admin: '"+string(hash)+"'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := begin(t, "--web.listen-address=127.0.0.1:0", "--web.config.file="+file).url(t)
	for _, ask := range []struct{ method, path string }{
		{http.MethodGet, "/"}, {http.MethodGet, "/metrics"}, {http.MethodGet, "/config"}, {http.MethodGet, "/sd"}, {http.MethodGet, "/findings/late_body_rejected"},
		{http.MethodGet, "/probe?module=" + example.Name + "&target=192.0.2.1"}, {http.MethodGet, "/report?module=" + example.Name + "&target=192.0.2.1"},
		{http.MethodPost, "/report"}, {http.MethodPost, "/-/reload"},
	} {
		if code := status(t, ask.method, url+ask.path, ""); code != http.StatusUnauthorized {
			t.Errorf("%s %s without the password: %d", ask.method, ask.path, code)
		}
		if code := status(t, ask.method, url+ask.path, "wrong"); code != http.StatusUnauthorized {
			t.Errorf("%s %s with a wrong password: %d", ask.method, ask.path, code)
		}
	}
	if code := status(t, http.MethodGet, url+"/", "correct-horse"); code != http.StatusOK {
		t.Errorf("with the password: %d", code)
	}
}

func status(t *testing.T, method, url, password string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	if password != "" {
		req.SetBasicAuth("admin", password)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}
