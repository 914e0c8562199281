package wire

import (
	"crypto/sha1" //nolint:gosec // Windows names certificates by it
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// serverConfig offers h2 first, as every modern server does.
func serverConfig(pair tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
}

// shake does the server's part of a handshake, and answers one request.
func shake(p *peer) {
	if p.Conn.(*tls.Conn).Handshake() == nil {
		once("HTTP/1.1 204 No Content\r\n\r\n")(p)
	}
}

func TestHandshake_certificates(t *testing.T) {
	t.Parallel()
	const name = "mail.contoso.com"
	ca, other := newAuthority(t), newAuthority(t)
	good := ca.leaf(t, name)
	expired := ca.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(-24 * time.Hour),
	})
	client := ca.sign(t, &x509.Certificate{DNSNames: []string{name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	address := ca.sign(t, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}})
	pin := func(pair tls.Certificate) []string { return []string{fmt.Sprintf("%x", sha256.Sum256(pair.Leaf.Raw))} }
	tests := map[string]struct {
		pair     tls.Certificate
		opts     TLS
		reason   string
		verified bool
		judged   string // reason to find in VerifyError where there is no failure
	}{
		"good":                            {good, TLS{ServerName: name}, "", true, ""},
		"good for an address":             {address, TLS{ServerName: "127.0.0.1"}, "", true, ""},
		"expired":                         {expired, TLS{ServerName: name}, "certificate_expired", false, ""},
		"another name":                    {good, TLS{ServerName: "owa.contoso.com"}, "certificate_name", false, ""},
		"another address":                 {address, TLS{ServerName: "127.0.0.2"}, "certificate_name", false, ""},
		"unknown authority":               {other.leaf(t, name), TLS{ServerName: name}, "certificate_authority", false, "it has another key than the one that signed the certificate (CN=mail.contoso.com)"},
		"for clients only":                {client, TLS{ServerName: name}, "certificate_usage", false, ""},
		"pinned":                          {expired, TLS{ServerName: name, Pins: pin(expired)}, "", true, ""},
		"another one pinned":              {expired, TLS{ServerName: name, Pins: pin(good)}, "certificate_expired", false, ""},
		"another one pinned, but trusted": {good, TLS{ServerName: name, Pins: pin(expired)}, "", true, ""},
		"insecure":                        {expired, TLS{ServerName: name, Insecure: true}, "", false, "expired"},
		"insecure, but good":              {good, TLS{ServerName: name, Insecure: true}, "", true, ""},
		"TLS 1.2, expired":                {expired, TLS{ServerName: name, MinVersion: tls.VersionTLS10}, "certificate_expired", false, ""},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			config := serverConfig(tt.pair)
			if strings.HasPrefix(title, "TLS 1.2") {
				config.MaxVersion = tls.VersionTLS12
			}
			tt.opts.Roots = ca.pool()
			c := connect(t, serve(t, config, shake), testLimit)
			err := c.Handshake(&tt.opts)
			stage := failure.TLS
			if tt.reason == "" {
				stage = ""
			}
			wantFailure(t, err, stage, tt.reason)
			s := c.Record.Secure
			if s.Verified != tt.verified || (s.VerifyError == "") != tt.verified || !strings.Contains(s.VerifyError, tt.judged) {
				t.Errorf("verified %t, verify error %q, want %t, %q", s.Verified, s.VerifyError, tt.verified, tt.judged)
			}
			if len(s.Chain) != 1 || s.Chain[0].SHA256 != pin(tt.pair)[0] || c.Leaf() == nil || s.Version == "" || s.Cipher == "" {
				t.Errorf("recorded %+v, leaf %v: want the certificate though it may be refused", s, c.Leaf())
			}
			if err == nil {
				_, _, err = c.Do(get, 0)
				wantFailure(t, err, "", "")
			}
		})
	}
}

func TestHandshake_record(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pair := ca.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "EX01"}, DNSNames: []string{"mail.contoso.com", "autodiscover.contoso.com"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)},
	})
	pair.Certificate = append(pair.Certificate, ca.cert.Raw)
	c := connect(t, serve(t, serverConfig(pair), shake), testLimit)
	wantFailure(t, c.Handshake(&TLS{ServerName: "mail.contoso.com", Roots: ca.pool()}), "", "")
	s := c.Record.Secure
	want := Certificate{
		Subject: "CN=EX01", Issuer: "CN=test authority", Names: []string{"mail.contoso.com", "autodiscover.contoso.com", "192.0.2.1"},
		Serial: pair.Leaf.SerialNumber.Text(16), NotBefore: pair.Leaf.NotBefore, NotAfter: pair.Leaf.NotAfter,
		SHA1: fmt.Sprintf("%X", sha1.Sum(pair.Leaf.Raw)), SHA256: fmt.Sprintf("%x", sha256.Sum256(pair.Leaf.Raw)), //nolint:gosec // as above
		KeyAlgorithm: "ECDSA", KeyBits: 256, SignatureAlgorithm: "ECDSA-SHA256",
	}
	if len(s.Chain) != 2 || s.Chain[1].Subject != "CN=test authority" {
		t.Fatalf("chain %+v, want the leaf and its authority, as sent", s.Chain)
	}
	if diff := cmp.Diff(want, s.Chain[0]); diff != "" {
		t.Errorf("leaf (-want +got):\n%s", diff)
	}
	if s.ALPN != "http/1.1" || s.Version != "TLS 1.3" || s.ServerName != "mail.contoso.com" {
		t.Errorf("ALPN %q, version %q, SNI %q", s.ALPN, s.Version, s.ServerName)
	}
	if c.Record.TLS.Start < c.Record.Connect.End || c.Record.TLS.Length() <= 0 {
		t.Errorf("connect %v, TLS %v", c.Record.Connect, c.Record.TLS)
	}
}

// What is recorded as SNI is what the server saw.
func TestHandshake_serverName(t *testing.T) {
	t.Parallel()
	pair := newAuthority(t).leaf(t, "mail.contoso.com")
	for name, want := range map[string]string{
		"mail.contoso.com": "mail.contoso.com", "mail.contoso.com.": "mail.contoso.com", "127.0.0.1": "", "2001:db8::1": "", "": "", "1.2.3": "1.2.3",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := make(chan string, 1)
			config := serverConfig(pair)
			config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				seen <- hello.ServerName
				return nil, nil //nolint:nilnil // the interface's way to say: go on
			}
			c := connect(t, serve(t, config, shake), testLimit)
			wantFailure(t, c.Handshake(&TLS{ServerName: name, Insecure: true}), "", "")
			if got := <-seen; got != want || c.Record.Secure.ServerName != want {
				t.Errorf("sent %q, recorded %q, want %q", got, c.Record.Secure.ServerName, want)
			}
		})
	}
}

func TestHandshake_versions(t *testing.T) {
	t.Parallel()
	pair := newAuthority(t).leaf(t, "mail")
	tests := map[string]struct {
		min, serverMin, serverMax uint16
		version, reason           string
	}{
		"the best of both":           {0, tls.VersionTLS10, 0, "TLS 1.3", ""},
		"1.2 is enough by default":   {0, 0, tls.VersionTLS12, "TLS 1.2", ""},
		"1.1 is not":                 {0, tls.VersionTLS10, tls.VersionTLS11, "", "version"},
		"1.0 where it is configured": {tls.VersionTLS10, tls.VersionTLS10, tls.VersionTLS10, "TLS 1.0", ""},
		"1.2 where 1.3 is wanted":    {tls.VersionTLS13, 0, tls.VersionTLS12, "", "version"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := serverConfig(pair)
			config.MinVersion, config.MaxVersion = tt.serverMin, tt.serverMax
			c := connect(t, serve(t, config, shake), testLimit)
			err := c.Handshake(&TLS{ServerName: "mail", Insecure: true, MinVersion: tt.min})
			stage := failure.TLS
			if tt.reason == "" {
				stage = ""
			}
			wantFailure(t, err, stage, tt.reason)
			if got := c.Record.Secure.Version; got != tt.version {
				t.Errorf("version %q, want %q", got, tt.version)
			}
		})
	}
}

// The server that wants nothing of what we offer says so by an alert.
// A hello of more than a packet does not get through every box.
func TestHandshake_helloFitsAPacket(t *testing.T) {
	t.Parallel()
	lengths := make(chan int, 1)
	c := connect(t, serve(t, nil, func(p *peer) {
		var record [5]byte // RFC 8446 section 5.1
		_, _ = io.ReadFull(p.in, record[:])
		lengths <- len(record) + int(binary.BigEndian.Uint16(record[3:]))
	}), testLimit)
	_ = c.Handshake(&TLS{ServerName: strings.Repeat("x", 63) + ".contoso.com"}) // nobody answers
	const packet = 1200                                                         // bytes, after all that tunnels take
	if n := <-lengths; n > packet || n < 100 {
		t.Errorf("the hello has %d bytes, want at most %d", n, packet)
	}
}

func TestHandshake_alert(t *testing.T) {
	t.Parallel()
	config := serverConfig(newAuthority(t).leaf(t, "mail"))
	config.NextProtos = []string{"smtp"}
	c := connect(t, serve(t, config, shake), testLimit)
	wantFailure(t, c.Handshake(&TLS{ServerName: "mail", Insecure: true}), failure.TLS, "alert")
}

// A certificate with thousands of names is described by the first hundred.
func TestHandshake_manyNames(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("n%d.contoso.com", i))
	}
	ca := newAuthority(t)
	pair := ca.sign(t, &x509.Certificate{DNSNames: many, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}})
	for range 2 * maxChain {
		pair.Certificate = append(pair.Certificate, ca.cert.Raw)
	}
	c := connect(t, serve(t, serverConfig(pair), shake), testLimit)
	wantFailure(t, c.Handshake(&TLS{ServerName: "n999.contoso.com", Roots: ca.pool()}), "", "")
	if s := c.Record.Secure; len(s.Chain) != maxChain || len(s.Chain[0].Names) != maxNames {
		t.Errorf("%d certificates, %d names", len(s.Chain), len(s.Chain[0].Names))
	}
}
