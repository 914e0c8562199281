package autodiscover

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// TestCertificateIsNotRedirected: a host that a redirect leads to gets the client's certificate only where the auth lists it.
func TestCertificateIsNotRedirected(t *testing.T) {
	t.Parallel()
	for name, listed := range map[string]bool{"not listed": false, "listed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			authority, err := lab.NewAuthority()
			if err != nil {
				t.Fatal(err)
			}
			var first, second atomic.Int32
			end := asking(t, authority, &second, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
			begin := asking(t, authority, &first, "HTTP/1.1 302 Found\r\nLocation: https://mail.contoso.test:"+end+"/autodiscover/autodiscover.xml\r\nContent-Length: 0\r\n\r\n")
			targets := "'127.0.0.1:" + begin + "'"
			if listed {
				targets += ", 'mail.contoso.test:" + end + "'"
			}
			dir := t.TempDir()
			writeOwn(t, dir, authority)
			write(t, filepath.Join(dir, "ews.yml"), fmt.Appendf(nil, `
auths: {own: {cert_file: own.crt, key_file: own.key, targets: [%s]}}
modules: {m: {prober: autodiscover, auth: own, ip_protocol: ip4, tls_config: {ca_file: ca.pem}, autodiscover: {email: a@contoso.test, attempts: 1, methods: [pox]}}}
policy: {allow: ["127.0.0.0/8"]}
`, targets))
			cfg, err := config.Load([]string{filepath.Join(dir, "ews.yml")}, []prober.Definition{Definition})
			if err != nil {
				t.Fatal(err)
			}
			r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler), Resolver: script.Finds{netip.MustParseAddr("127.0.0.1")}})
			a, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: "127.0.0.1:" + begin})
			if err != nil {
				t.Fatal(err)
			}
			want := int32(0)
			if listed {
				want = 1
			}
			if first.Load() == 0 || min(1, second.Load()) != want {
				t.Errorf("shown %d times to the target, and %d times where it leads: %v", first.Load(), second.Load(), a.Result.Failure)
			}
			if n := len(a.Result.Connections); n < 2 {
				t.Errorf("%d connections: the redirect was not followed: %v", n, a.Result.Failure)
			}
		})
	}
}

// asking is a server that asks for a client's certificate, counts those that it gets, and answers; it gives the port.
func asking(t *testing.T, by *lab.Authority, got *atomic.Int32, answer string) (port string) {
	t.Helper()
	serverTLS, err := by.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	serverTLS.ClientAuth = tls.RequestClientCert
	serverTLS.VerifyConnection = func(state tls.ConnectionState) error {
		got.Add(int32(len(state.PeerCertificates))) //nolint:gosec // few
		return nil
	}
	server := lab.ServeTLS(t, serverTLS, lab.Branch(func(string) []lab.Step { return []lab.Step{lab.Write(answer)} }))
	_, port, err = net.SplitHostPort(server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// writeOwn writes a client's certificate, and the authority's.
func writeOwn(t *testing.T, dir string, by *lab.Authority) {
	t.Helper()
	pair, err := by.IssueAs(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, "probe")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey)) //nolint:forcetypeassert // the lab has no other
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "ca.pem"), by.PEM())
	write(t, filepath.Join(dir, "own.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	write(t, filepath.Join(dir, "own.key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key}))
}
