package inbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"
	"golang.org/x/crypto/bcrypt"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// hasty are times that a test can wait for.
var hasty = times{head: time.Second, read: time.Second, idle: time.Second, slack: time.Second, stuck: 100 * time.Millisecond}

// guarded is a Guard of few connections, and the server that it guards.
type guarded struct {
	*Guard
	address string
	roots   *x509.CertPool // nil without TLS
}

// guard serves handler, by way of the exporter toolkit, as the exporter does. secure asks for TLS and a password.
func guard(t *testing.T, handler http.HandlerFunc, secure bool) *guarded {
	t.Helper()
	g := &guarded{Guard: New(Options{Probes: 1, Refused: func(string) {}, Log: slog.New(slog.DiscardHandler)})}
	g.times = hasty
	g.limit = limits{connections: 8, perClient: 6}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.address = l.Addr().String()
	config := ""
	if secure {
		config, g.roots = webConfig(t)
	}
	server := g.Server(context.Background(), handler)
	done := make(chan error, 1)
	go func() {
		done <- toolkit.Serve(g.Listener(l), server, &toolkit.FlagConfig{WebConfigFile: &config}, g.log)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended: %v", err)
		}
	})
	return g
}

// webConfig is a --web.config.file with a certificate and a password, which is "right".
func webConfig(t *testing.T) (file string, roots *x509.CertPool) {
	t.Helper()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	c, err := authority.Issue(time.Now().AddDate(0, 1, 0), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := bcrypt.GenerateFromPassword([]byte("right"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{
		"web.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}),
		"web.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"web.yml": fmt.Appendf(nil, "tls_server_config: {cert_file: web.crt, key_file: web.key}\nbasic_auth_users: {prometheus: '%s'}\n", hash),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "web.yml"), authority.Pool()
}

// dial connects; over TLS it has the handshake too, for the protocol.
func (g *guarded) dial(t *testing.T, protocol string) net.Conn {
	t.Helper()
	raw, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	_ = raw.SetDeadline(time.Now().Add(20 * time.Second)) // a bound for the test
	if g.roots == nil {
		return raw
	}
	secure := tls.Client(raw, &tls.Config{RootCAs: g.roots, ServerName: "127.0.0.1", NextProtos: []string{protocol}, MinVersion: tls.VersionTLS12})
	if err := secure.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return secure
}

// send writes a request as it stands and gives the status of the answer, 0 when the connection ends without.
func (g *guarded) send(t *testing.T, request string) int {
	t.Helper()
	c := g.dial(t, "http/1.1")
	if _, err := io.WriteString(c, request); err != nil {
		return 0
	}
	return status(t, c)
}

func status(t *testing.T, c net.Conn) int {
	t.Helper()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			t.Fatal("no answer, and the connection does not end")
		}
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// ended waits until the server ends the connection, whatever it sends until then. It gives up after the test's bound.
func ended(c net.Conn) bool {
	var timeout net.Error
	_, err := io.Copy(io.Discard, c)
	return !errors.As(err, &timeout) || !timeout.Timeout()
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}
