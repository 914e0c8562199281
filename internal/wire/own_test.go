package wire

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// client makes a client's certificate.
func client(t testing.TB, a *authority, days int) tls.Certificate {
	t.Helper()
	end := time.Now().AddDate(0, 0, days)
	return a.sign(t, &x509.Certificate{NotBefore: end.AddDate(-1, 0, 0), NotAfter: end, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

// always shows a certificate to whoever may see one.
func always(pair tls.Certificate) Own {
	return func(string, bool) (*tls.Certificate, error) { return &pair, nil }
}

// TestOwn: a server that asks for a client's certificate gets the exporter's, and a refusal is told by what it says.
func TestOwn(t *testing.T) {
	t.Parallel()
	const name = "mail.contoso.com"
	ca, known, other := newAuthority(t), newAuthority(t), newAuthority(t)
	good := client(t, known, 30)
	for title, tt := range map[string]struct {
		own    *tls.Certificate
		reason string
		says   string
	}{
		"taken":          {&good, "", ""},
		"none":           {nil, CertificateWanted, "give the module's auth one"},
		"expired":        {new(client(t, known, -1)), CertificateExpired, "which expired"},
		"of another one": {new(client(t, other, 30)), CertificateUntrusted, "it does not trust its issuer"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(tls.VersionName(version)+", "+title, func(t *testing.T) {
				t.Parallel()
				config := serverConfig(ca.leaf(t, name))
				config.ClientAuth, config.ClientCAs, config.MinVersion, config.MaxVersion = tls.RequireAndVerifyClientCert, known.pool(), version, version
				opts := &TLS{ServerName: name, Roots: ca.pool()}
				if tt.own != nil {
					opts.Own = always(*tt.own)
				}
				c := connect(t, serve(t, config, shake), testLimit)
				err := c.Handshake(opts)
				stage := failure.TLS
				if err == nil {
					_, _, err = c.Do(get, 0)
					stage = failure.Receive
				}
				if tt.reason == "" {
					stage = ""
				}
				wantFailure(t, err, stage, tt.reason)
				if err != nil && !strings.Contains(err.Error(), tt.says) {
					t.Errorf("it says: %v", err)
				}
				if s := c.Record.Secure; !s.AsksCertificate || (s.ShownUntil != nil) != (tt.own != nil) {
					t.Errorf("recorded: %+v", s)
				}
			})
		}
	}
}

// TestOwnStaysHere: a server is shown the exporter's certificate only where its own was verified, whatever else makes the
// handshake go on, and only if who has the certificate agrees.
func TestOwnStaysHere(t *testing.T) {
	t.Parallel()
	const name = "mail.contoso.com"
	ca := newAuthority(t)
	leaf, stranger := ca.leaf(t, name), newAuthority(t).leaf(t, name)
	pin := fmt.Sprintf("%x", sha256.Sum256(stranger.Leaf.Raw))
	own := client(t, ca, 30)
	excuse := func(*x509.Certificate, *failure.Failure) bool { return true }
	for title, tt := range map[string]struct {
		server tls.Certificate
		opts   TLS
		want   bool
	}{
		"verified":         {leaf, TLS{Own: always(own)}, true},
		"pinned":           {stranger, TLS{Own: always(own), Pins: []string{pin}}, true},
		"insecure":         {stranger, TLS{Own: always(own), Insecure: true}, false},
		"excused":          {stranger, TLS{Own: always(own), Excuse: excuse}, false},
		"the name differs": {leaf, TLS{Own: always(own), ServerName: "owa.contoso.com", Insecure: true}, false},
		"not for it":       {leaf, TLS{Own: func(string, bool) (*tls.Certificate, error) { return nil, nil }}, false},
		"no certificate":   {leaf, TLS{}, false},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(tls.VersionName(version)+", "+title, func(t *testing.T) {
				t.Parallel()
				var got atomic.Int32
				config := serverConfig(tt.server)
				config.ClientAuth, config.MaxVersion = tls.RequestClientCert, version
				config.VerifyConnection = func(state tls.ConnectionState) error {
					got.Store(int32(len(state.PeerCertificates)))
					return nil
				}
				opts := tt.opts
				opts.Roots = ca.pool()
				if opts.ServerName == "" {
					opts.ServerName = name
				}
				c := connect(t, serve(t, config, shake), testLimit)
				if err := c.Handshake(&opts); err != nil {
					t.Fatal(err)
				}
				if _, _, err := c.Do(get, 0); err != nil {
					t.Fatal(err)
				}
				if n := got.Load(); (n == 1) != tt.want || (c.Record.Secure.ShownUntil != nil) != tt.want {
					t.Errorf("the server got %d certificates, and what is recorded ends %v", n, c.Record.Secure.ShownUntil)
				}
			})
		}
	}
}

// TestOwnCannotBeHad: a certificate that cannot be read is the failure that its owner gives, and the handshake ends.
func TestOwnCannotBeHad(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	unreadable := failure.New(failure.Auth, "secret_unreadable", "no such file")
	config := serverConfig(ca.leaf(t, "mail"))
	config.ClientAuth = tls.RequestClientCert
	c := connect(t, serve(t, config, shake), testLimit)
	err := c.Handshake(&TLS{ServerName: "mail", Roots: ca.pool(), Own: func(string, bool) (*tls.Certificate, error) { return nil, unreadable }})
	if !errors.Is(err, unreadable) {
		t.Errorf("got %v", err)
	}
}

// TestOwnRefused: what an alert means depends on whether the server asked and was shown a certificate.
func TestOwnRefused(t *testing.T) {
	t.Parallel()
	leaf := &x509.Certificate{NotBefore: time.Now().AddDate(0, -1, 0), NotAfter: time.Now().AddDate(0, 1, 0)}
	for title, tt := range map[string]struct {
		asks, shows bool
		alert       Alert
		reason      string
	}{
		"not asked, handshake_failure":      {false, false, HandshakeFailure, ""},
		"not asked, certificate_required":   {false, false, CertificateRequired, CertificateWanted},
		"not asked, unknown_ca":             {false, false, 48, ""},
		"asked, handshake_failure":          {true, false, HandshakeFailure, CertificateWanted},
		"asked, bad_certificate":            {true, false, BadCertificate, CertificateWanted},
		"asked, internal_error":             {true, false, InternalError, ""},
		"shown, bad_certificate":            {true, true, BadCertificate, CertificateRefused},
		"shown, unsupported_certificate":    {true, true, 43, CertificateRefused},
		"shown, certificate_revoked":        {true, true, 44, CertificateRevoked},
		"shown, certificate_expired":        {true, true, 45, CertificateExpired},
		"shown, certificate_unknown":        {true, true, CertificateUnknown, CertificateRefused},
		"shown, unknown_ca":                 {true, true, 48, CertificateUntrusted},
		"shown, access_denied":              {true, true, AccessDenied, CertificateRefused},
		"shown, decrypt_error":              {true, true, 51, CertificateRefused},
		"shown, certificate_required":       {true, true, CertificateRequired, CertificateRefused},
		"shown, internal_error of its own":  {true, true, InternalError, ""},
		"shown, protocol_version, no blame": {true, true, 70, ""},
	} {
		c := &Conn{Record: &Connection{Secure: &Secure{AsksCertificate: tt.asks}}}
		if tt.shows {
			c.shown.leaf = leaf
		}
		if got := c.ownRefused(tt.alert); got != tt.reason {
			t.Errorf("%s: %q, want %q", title, got, tt.reason)
		}
	}
}

// TestWhyRefused: an expiry that is not the certificate's own is not told as one, and the date decides where both could be.
func TestWhyRefused(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for title, tt := range map[string]struct {
		from, until int // days from now
		reason      string
		unlisted    bool
		says        string
	}{
		"past":             {-9, -1, CertificateExpired, false, "which expired"},
		"past, by another": {-9, -1, CertificateRefused, false, "which expired"},
		"not past":         {-9, 9, CertificateExpired, false, "or the server's revocation list, or the server's clock"},
		"to come":          {1, 9, CertificateRefused, false, "not valid before"},
		"revoked":          {-9, 9, CertificateRevoked, false, "revoked it"},
		"untrusted":        {-9, 9, CertificateUntrusted, false, "or it has no revocation list"},
		"unlisted":         {-9, 9, CertificateUntrusted, true, "its issuer is none of them"},
		"no reason":        {-9, 9, CertificateRefused, false, "does not say why"},
	} {
		c := &Conn{shown: presented{leaf: &x509.Certificate{NotBefore: now.AddDate(0, 0, tt.from), NotAfter: now.AddDate(0, 0, tt.until)}, unlisted: tt.unlisted}}
		if got := c.whyRefused(tt.reason, now); !strings.Contains(got, tt.says) {
			t.Errorf("%s: %q", title, got)
		}
	}
}

// TestOwnAgainstOpenSSL: the alerts of a real server, over both versions, and what they are told as.
func TestOwnAgainstOpenSSL(t *testing.T) {
	t.Parallel()
	const name = "mail.contoso.com"
	ca, known, other := newAuthority(t), newAuthority(t), newAuthority(t)
	purpose := known.sign(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	for title, tt := range map[string]struct {
		own    *tls.Certificate
		reason string
	}{
		"taken":          {new(client(t, known, 30)), ""},
		"none":           {nil, CertificateWanted},
		"expired":        {new(client(t, known, -1)), CertificateExpired},
		"of another one": {new(client(t, other, 30)), CertificateUntrusted},
		"for servers":    {&purpose, CertificateRefused},
	} {
		for _, version := range []string{"-tls1_2", "-tls1_3"} {
			t.Run(version+", "+title, func(t *testing.T) {
				t.Parallel()
				c := connect(t, sServer(t, ca.leaf(t, name), known.cert, version), 2*testLimit)
				opts := &TLS{ServerName: name, Roots: ca.pool()}
				if tt.own != nil {
					opts.Own = always(*tt.own)
				}
				stage := failure.TLS
				err := c.Handshake(opts)
				if err == nil {
					_, _, err = c.Do(get, 1<<20)
					stage = failure.Receive
				}
				if tt.reason == "" {
					stage = ""
				}
				wantFailure(t, err, stage, tt.reason)
			})
		}
	}
}

// sServer is `openssl s_server`, which wants clients to have a certificate of an authority, and shows them a page.
func sServer(t *testing.T, pair tls.Certificate, clients *x509.Certificate, version string) netip.AddrPort {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(file string, blocks ...*pem.Block) string {
		var text []byte
		for _, b := range blocks {
			text = append(text, pem.EncodeToMemory(b)...)
		}
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own := write("own.pem", &pem.Block{Type: "CERTIFICATE", Bytes: pair.Leaf.Raw}, &pem.Block{Type: "PRIVATE KEY", Bytes: key})
	authority := write("clients.pem", &pem.Block{Type: "CERTIFICATE", Bytes: clients.Raw})
	s := servers.Server{Program: "openssl", Args: func(p servers.Place) []string {
		return []string{"s_server", "-accept", p.Address, "-cert", own, "-key", own, "-CAfile", authority, "-Verify", "1", "-verify_return_error", "-www", "-quiet", version}
	}}
	return netip.MustParseAddrPort(s.Start(t, servers.Place{}))
}
