package sslbinding

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// ownFor is a client's certificate of an authority that ends in so many days, for the service at a door.
func ownFor(t *testing.T, by *authority, days int, d netip.AddrPort) *prober.Certificate {
	t.Helper()
	pair := by.signed(t, newKey(t), func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, days)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	})
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := &auth.Certificate{CertFile: filepath.Join(dir, "own.crt"), KeyFile: filepath.Join(dir, "own.key")}
	write(t, files.CertFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	write(t, files.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	pattern, err := policy.ParseTargetPattern(on(d))
	if err != nil {
		t.Fatal(err)
	}
	return prober.NewCertificate(auth.Credential{Name: "own", Certificate: files, Targets: []policy.TargetPattern{pattern}})
}

// TestProbe_asksForACertificate: what is said of a server that asks for a client's certificate depends on whether it got one,
// and on what it did with that.
func TestProbe_asksForACertificate(t *testing.T) {
	t.Parallel()
	root, clients, other := newRoot(t, "root"), newRoot(t, "clients"), newRoot(t, "other")
	pool := x509.NewCertPool()
	pool.AddCert(clients.cert)
	for name, tt := range map[string]struct {
		version  uint16
		wants    tls.ClientAuthType
		by       *authority // of the exporter's certificate; nil for none
		days     int
		severity result.Severity
		says     string
		advice   string
	}{
		"asked, none":              {tls.VersionTLS12, tls.RequestClientCert, nil, 0, info, "whether it goes on without one is not known", ""},
		"wanted, none":             {tls.VersionTLS12, tls.RequireAndVerifyClientCert, nil, 0, warning, "ends the handshake without one", ""},
		"wanted, none, TLS 1.3":    {tls.VersionTLS13, tls.RequireAndVerifyClientCert, nil, 0, info, "whether it goes on without one is not known", ""},
		"wanted, one":              {tls.VersionTLS12, tls.RequireAndVerifyClientCert, clients, 30, info, "goes on with the exporter's", ""},
		"wanted, one, TLS 1.3":     {tls.VersionTLS13, tls.RequireAndVerifyClientCert, clients, 30, info, "only after the handshake whether it takes that", ""},
		"wanted, of another":       {tls.VersionTLS12, tls.RequireAndVerifyClientCert, other, 30, warning, "refuses the exporter's as one of an issuer that it does not trust", "client_certificate_not_trusted"},
		"wanted, one that is past": {tls.VersionTLS12, tls.RequireAndVerifyClientCert, clients, -1, warning, "refuses the exporter's as expired", "client_certificate_out_of_date"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := shows(root.mail(t))
			config.ClientAuth, config.ClientCAs, config.MaxVersion = tt.wants, pool, tt.version
			d := door(t, "127.0.0.1:0", config, nil)
			s := survey{target: on(d), resolver: leads(d), roots: root.pem()}
			if tt.by != nil {
				s.own = ownFor(t, tt.by, tt.days, d)
			}
			r := s.probe(t)
			wantResult(t, r, "", ClientCertificate)
			f := sentence(t, r, ClientCertificate)
			if f.Severity != tt.severity || !strings.Contains(f.Sentence, tt.says) || r.Drawn[ClientCertificate] != tt.advice {
				t.Errorf("%s: %s; advice %q", f.Severity, f.Sentence, r.Drawn[ClientCertificate])
			}
		})
	}
}
