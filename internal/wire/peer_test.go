package wire

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// TestHandshake_otherSNI: what is sent as SNI and what the certificate must cover are two things for a survey.
func TestHandshake_otherSNI(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pair := ca.leaf(t, "mail.contoso.com")
	for sni, want := range map[string]string{"": "", "other.invalid": "other.invalid"} {
		seen := make(chan *tls.ClientHelloInfo, 1)
		config := serverConfig(pair)
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			seen <- hello
			return nil, nil //nolint:nilnil // the interface's way to say: go on
		}
		c := connect(t, serve(t, config, shake), testLimit)
		wantFailure(t, c.Handshake(&TLS{ServerName: "mail.contoso.com", Roots: ca.pool(), SNI: &sni, Protocols: []string{}}), "", "")
		hello := <-seen
		if hello.ServerName != want || c.Record.Secure.ServerName != want || !c.Record.Secure.Verified || len(hello.SupportedProtos) > 0 {
			t.Errorf("sent SNI %q and ALPN %q, recorded %q, verified %t", hello.ServerName, hello.SupportedProtos, c.Record.Secure.ServerName, c.Record.Secure.Verified)
		}
	}
}

// TestHandshake_oldServers: one that has only TLS 1.0 and a cipher suite of its time can be looked at.
func TestHandshake_oldServers(t *testing.T) {
	t.Parallel()
	config := serverConfig(newAuthority(t).leaf(t, "mail.contoso.com"))
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, tls.VersionTLS10
	config.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA} // nothing that crypto/tls would offer by itself
	address := serve(t, config, shake)
	c := connect(t, address, testLimit)
	wantFailure(t, c.Handshake(&TLS{Insecure: true, MinVersion: tls.VersionTLS10, Lenient: true}), "", "")
	if s := c.Record.Secure; s.Version != "TLS 1.0" || !strings.Contains(s.Cipher, "RC4") {
		t.Errorf("version %s, cipher %s", s.Version, s.Cipher)
	}
	c = connect(t, address, testLimit)
	wantFailure(t, c.Handshake(&TLS{Insecure: true, MinVersion: tls.VersionTLS11, Lenient: true}), failure.TLS, "version")
	c = connect(t, serve(t, serverConfig(newAuthority(t).leaf(t, "x")), shake), testLimit)
	wantFailure(t, c.Handshake(&TLS{Insecure: true, MaxVersion: tls.VersionTLS12}), "", "")
	if v := c.Record.Secure.Version; v != "TLS 1.2" {
		t.Errorf("version %s in spite of MaxVersion", v)
	}
}

// TestConn_peer: all that was shown is at hand to look at, refused or not.
func TestConn_peer(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pair := ca.leaf(t, "mail.contoso.com")
	pair.Certificate = append(pair.Certificate, ca.cert.Raw)
	pair.OCSPStaple = []byte("a staple")
	c := connect(t, serve(t, serverConfig(pair), shake), testLimit)
	if p := c.Peer(); p.Certificates != nil || p.Refused != nil {
		t.Errorf("before the handshake: %+v", p)
	}
	wantFailure(t, c.Handshake(&TLS{ServerName: "owa.contoso.com", Roots: ca.pool(), Insecure: true}), "", "")
	p := c.Peer()
	if len(p.Certificates) != 2 || !p.Certificates[0].Equal(pair.Leaf) || string(p.Staple) != "a staple" {
		t.Errorf("%d certificates, staple %q", len(p.Certificates), p.Staple)
	}
	if p.Refused == nil || p.Refused.Reason != "certificate_name" {
		t.Errorf("refused: %v", p.Refused)
	}
}

// TestHandshake_longTexts: what is kept of a certificate is bounded, whatever stands in it.
func TestHandshake_longTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20_000)
	pair := newAuthority(t).sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: long}, DNSNames: []string{long}})
	c := connect(t, serve(t, serverConfig(pair), shake), testLimit)
	wantFailure(t, c.Handshake(&TLS{Insecure: true}), "", "")
	if leaf := c.Record.Secure.Chain[0]; len(leaf.Subject) != maxDN || len(leaf.Names[0]) != maxName {
		t.Errorf("kept %d bytes of the subject, %d of the name", len(leaf.Subject), len(leaf.Names[0]))
	}
}

// TestConn_lines: SMTP speaks in lines before TLS begins.
func TestConn_lines(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t, nil, func(p *peer) {
		p.send("220 EX01 ready\r\nbare\n")
		if line, _ := p.in.ReadString('\n'); line == "EHLO x\r\n" {
			p.send("250 good\r\ntoo early")
		}
		p.hang()
	}), testLimit)
	talk := c.Lines()
	var got []string
	for range 2 {
		line, err := talk.Hear()
		wantFailure(t, err, "", "")
		got = append(got, line)
	}
	wantFailure(t, talk.Say("EHLO x"), "", "")
	line, err := talk.Hear()
	wantFailure(t, err, "", "")
	if got = append(got, line); !slices.Equal(got, []string{"220 EX01 ready", "bare", "250 good"}) || talk.Unread() != len("too early") {
		t.Errorf("read %q, %d bytes unread", got, talk.Unread())
	}
}

func TestConn_hostileLines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		script func(p *peer)
		reason string
		says   string
	}{
		"endless": {func(p *peer) { p.flood("x", 10_000) }, "malformed", "a line of more than"},
		"closed":  {func(p *peer) { p.send("220") }, "closed", "the peer closed the connection after 3 bytes of a line that did not end"},
		"silent":  {func(p *peer) { p.hang() }, "timeout", "nothing came for 0."},
		"unended": {func(p *peer) { p.send("220"); p.hang() }, "timeout", "the time limit was over after 3 bytes of a line that did not end, 0."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, serve(t, nil, tt.script), 300*time.Millisecond)
			_, err := c.Lines().Hear()
			wantFailure(t, err, failure.Receive, tt.reason)
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%q, want %q", err, tt.says)
			}
		})
	}
}
