package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// shipped is a file of deploy/.
func shipped(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// TestShippedWebConfig: deploy/web.example.yml, with a certificate and a password of one's own, serves by TLS alone and lets
// in nobody else; and the container's health check understands it.
func TestShippedWebConfig(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("correct-horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := regexp.MustCompile(`/\S+/(web\.(?:crt|key))`).ReplaceAllString(shipped(t, "web.example.yml"), "$1")
	text = regexp.MustCompile(`prometheus: \S+`).ReplaceAllLiteralString(text, "prometheus: "+string(hash))
	certificate, key := pair(t, authority)
	for name, content := range map[string]string{"web.yml": text, "web.crt": certificate, "web.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := begin(t, "--web.listen-address=127.0.0.1:0", "--web.config.file="+filepath.Join(dir, "web.yml"))
	address := strings.TrimPrefix(r.url(t), "http://")
	ask := func(scheme, password string, newest uint16) (int, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+address+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		if password != "" {
			req.SetBasicAuth("prometheus", password)
		}
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: authority.Pool(), MaxVersion: newest, MinVersion: tls.VersionTLS10}}}
		res, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		return res.StatusCode, res.Body.Close()
	}
	for password, want := range map[string]int{"correct-horse": 200, "wrong": 401, "": 401} {
		if code, err := ask("https", password, 0); err != nil || code != want {
			t.Errorf("with the password %q: %d, %v", password, code, err)
		}
	}
	if code, err := ask("http", "correct-horse", 0); err != nil || code != http.StatusBadRequest {
		t.Errorf("without TLS: %d, %v", code, err)
	}
	if code, err := ask("https", "correct-horse", tls.VersionTLS11); err == nil {
		t.Errorf("with TLS 1.1: %d", code)
	}
	if got := execute(t, "", "healthcheck", "https://"+address+"/-/healthy"); got.code != exitOK {
		t.Errorf("the health check: exit %d: %s", got.code, got.errors)
	}
}

// pair is a certificate for 127.0.0.1 and its key, in PEM.
func pair(t *testing.T, authority *lab.Authority) (certificate, key string) {
	t.Helper()
	c, err := authority.Issue(time.Now().AddDate(0, 1, 0), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

// TestShippedServiceFits: the command line of deploy/ews_exporter.service is understood, and systemd waits for a stop as
// long as it may take.
func TestShippedServiceFits(t *testing.T) {
	t.Parallel()
	unit := shipped(t, "ews_exporter.service")
	line := regexp.MustCompile(`(?m)^ExecStart=\S+ (.*)$`).FindStringSubmatch(unit)
	waits := regexp.MustCompile(`(?m)^TimeoutStopSec=(\S+)$`).FindStringSubmatch(unit)
	if line == nil || waits == nil {
		t.Fatal("the unit has no ExecStart or TimeoutStopSec")
	}
	c := &command{}
	if _, err := c.declare().Parse(strings.Fields(line[1])); err != nil {
		t.Error(err)
	}
	if d, err := time.ParseDuration(waits[1]); err != nil || d <= patience+farewell {
		t.Errorf("systemd waits %v, %v, and a stop may take %s", d, err, patience+farewell)
	}
}
