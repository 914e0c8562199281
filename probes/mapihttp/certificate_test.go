package mapihttp_test

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes/mapihttp"
)

// TestACertificateIsALogon: who shows a client's certificate is no stranger, so its page is no hole. Without one it is.
func TestACertificateIsALogon(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		asks tls.ClientAuthType
		want string // findings
	}{
		"shown":           {tls.RequestClientCert, ""},
		"never asked for": {tls.NoClientCert, "mapi_http_answers_without_logon/error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			serverTLS := script.TLS(t)
			serverTLS.ClientAuth = tt.asks
			p := script.Peer(lab.ServeTLS(t, serverTLS, script.Each(script.Request(page))))
			p.Keys, p.Logon, p.Files = []string{"timeout: 8s"}, "cert_file: own.crt, key_file: own.key", own(t)
			path, err := p.WriteConfig(t.TempDir(), "mapi_http")
			if err != nil {
				t.Fatal(err)
			}
			cfg, err := config.Load([]string{path}, []prober.Definition{mapihttp.Definition})
			if err != nil {
				t.Fatal(err)
			}
			answer, err := runner.New(runner.Options{
				Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: p.Resolver, Version: "test", Log: slog.New(slog.DiscardHandler),
			}).Probe(t.Context(), runner.Request{Module: "mapi_http", Target: p.Target, Limit: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			if res := answer.Result; codes(res) != tt.want || res.Success() != (tt.want == "") {
				t.Errorf("findings %q, want %q; failure %v", codes(res), tt.want, res.Failure)
			}
		})
	}
}

// own is a client's certificate with its key, as files.
func own(t *testing.T) map[string]string {
	t.Helper()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.IssueAs(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, "probe")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey)) //nolint:forcetypeassert // the lab has no other
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"own.crt": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})),
		"own.key": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: key})),
	}
}
