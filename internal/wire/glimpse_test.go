package wire

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// TestGlimpse: what crypto/tls has nothing in common with shows its certificates all the same, and they are judged as ever.
func TestGlimpse(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pair := ca.leaf(t, "mail.contoso.com")
	pair.Certificate = append(pair.Certificate, ca.cert.Raw)
	config := serverConfig(pair)
	config.MaxVersion = tls.VersionTLS12
	config.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}
	config.ClientAuth = tls.RequestClientCert
	address := serve(t, config, shake)
	for name, tt := range map[string]struct {
		opts    TLS
		without []uint16
		reason  string
		suite   string
		refused string
	}{
		"trusted":             {TLS{ServerName: "mail.contoso.com", Roots: ca.pool()}, nil, "", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", ""},
		"refused":             {TLS{ServerName: "owa.contoso.com", Roots: ca.pool()}, nil, "certificate_name", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "owa.contoso.com"},
		"refused, looking":    {TLS{ServerName: "owa.contoso.com", Roots: ca.pool(), Insecure: true}, nil, "", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "owa.contoso.com"},
		"without one suite":   {TLS{ServerName: "mail.contoso.com", Roots: ca.pool()}, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}, "", "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", ""},
		"without both suites": {TLS{ServerName: "mail.contoso.com", Roots: ca.pool()}, config.CipherSuites, "alert", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, address, testLimit)
			stage := failure.TLS
			if tt.reason == "" {
				stage = ""
			}
			wantFailure(t, c.Glimpse(&tt.opts, tt.without...), stage, tt.reason)
			s := c.Record.Secure
			if s.Cipher != tt.suite || !strings.Contains(s.VerifyError, tt.refused) || tt.suite != "" && (len(s.Chain) != 2 || !s.AsksCertificate || s.Version != "TLS 1.2") {
				t.Errorf("%+v", s)
			}
			if alert := c.Peer().Alert; tt.reason == "alert" && alert != HandshakeFailure {
				t.Errorf("alert %s", alert)
			}
		})
	}
}

// TestGlimpse_hostile: whatever comes in place of a handshake, it ends soon and says what it was.
func TestGlimpse_hostile(t *testing.T) {
	t.Parallel()
	record := func(kind byte, body string) string {
		return string([]byte{kind, 3, 3, byte(len(body) >> 8), byte(len(body))}) + body
	}
	none := "\x0b\x00\x00\x03\x00\x00\x00\x0e\x00\x00\x00" // no certificate, and the end
	for name, tt := range map[string]struct {
		script func(p *peer)
		reason string
	}{
		"another protocol": {func(p *peer) { p.send("220 mail ESMTP ready\r\n"); p.hang() }, "not_tls"},
		"an empty record":  {func(p *peer) { p.send(record(22, "")); p.hang() }, "not_tls"},
		"a huge record":    {func(p *peer) { p.send("\x16\x03\x03\xff\xff"); p.hang() }, "not_tls"},
		"an alert":         {func(p *peer) { p.send(record(21, "\x02\x28")); p.hang() }, "alert"},
		"data":             {func(p *peer) { p.send(record(23, "data")); p.hang() }, "handshake"},
		"no certificate":   {func(p *peer) { p.send(record(22, none)); p.hang() }, "handshake"},
		"a certificate of noise": {func(p *peer) {
			p.send(record(22, "\x0b\x00\x00\x07\x00\x00\x04\x00\x00\x01x\x0e\x00\x00\x00"))
			p.hang()
		}, "certificate_unsupported"},
		"a hello cut short": {func(p *peer) { p.send(record(22, "\x02\x00\x00\x01x")); p.hang() }, "handshake"},
		"closed":            {func(*peer) {}, "closed"},
		"a message without end": {func(p *peer) {
			p.send(record(22, "\x0b\xff\xff\xff"))
			p.flood(record(22, strings.Repeat("x", 16<<10)), 1<<30)
		}, "handshake"},
		"messages without end":     {func(p *peer) { p.flood(record(22, strings.Repeat("\x00\x00\x00\x00", 4<<10)), 1<<30) }, "handshake"},
		"certificates, and closed": {func(p *peer) { p.send(record(22, none[:7])) }, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, serve(t, nil, func(p *peer) {
				_, _ = io.ReadFull(p.in, make([]byte, 100))
				tt.script(p)
			}), testLimit)
			err := c.Glimpse(&TLS{ServerName: "mail.contoso.com"})
			if failure.Is(err, failure.TLS, "reset") && tt.reason == "closed" { // what was sent after it was closed
				return
			}
			wantFailure(t, err, failure.TLS, tt.reason)
		})
	}
}

// negative makes a certificate's serial number negative, which its signature does not survive.
func negative(t testing.TB, cert *x509.Certificate) []byte {
	t.Helper()
	number := cert.SerialNumber.Bytes()
	i := bytes.Index(cert.Raw, number)
	der := bytes.Clone(cert.Raw)
	if i < 0 || number[0] >= 0x80 {
		t.Fatal("no serial number to change")
	}
	der[i] |= 0x80
	return der
}

// TestReadCertificate: what crypto/x509 refuses is read all the same, as it says of itself.
func TestReadCertificate(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	good := ca.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "mail.contoso.com"}, DNSNames: []string{"mail.contoso.com", "autodiscover.contoso.com"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)},
	}).Leaf
	odd, err := ReadCertificate(negative(t, good))
	if err == nil || odd == nil || odd.SerialNumber.Sign() >= 0 {
		t.Fatalf("%+v, %v", odd, err)
	}
	got, want := describe(odd), describe(good)
	got.Serial, got.SHA1, got.SHA256 = want.Serial, want.SHA1, want.SHA256
	if got.Subject != want.Subject || got.Issuer != want.Issuer || strings.Join(got.Names, " ") != strings.Join(want.Names, " ") ||
		!got.NotAfter.Equal(want.NotAfter) || got.KeyBits != 256 || got.SignatureAlgorithm != want.SignatureAlgorithm {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if cert, err := ReadCertificate(good.Raw); err != nil || !cert.Equal(good) {
		t.Errorf("%v: a good certificate is read by crypto/x509 itself", err)
	}
	if cert, err := ReadCertificate([]byte("nonsense")); cert != nil || err == nil {
		t.Errorf("%v, %v", cert, err)
	}
}

// TestGlimpse_unsupported: what crypto/tls does not take is refused, shown, and nothing is checked by its key.
func TestGlimpse_unsupported(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pair := ca.leaf(t, "mail.contoso.com")
	odd := pair
	odd.Certificate = [][]byte{negative(t, pair.Leaf)}
	large := ca.sign(t, &x509.Certificate{DNSNames: []string{"mail.contoso.com"}})
	huge := &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 16384), E: 65537}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "huge"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, huge, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	large.Certificate = append(large.Certificate, der)
	for name, tt := range map[string]struct {
		pair tls.Certificate
		why  string
	}{
		"a negative serial number": {odd, "negative serial number"},
		"a huge key":               {large, "16385 bits"},
	} {
		for _, glimpse := range []bool{false, true} {
			config := serverConfig(tt.pair)
			config.MaxVersion = tls.VersionTLS12
			c := connect(t, serve(t, config, shake), testLimit)
			shake := c.Handshake
			if glimpse {
				shake = func(opts *TLS) error { return c.Glimpse(opts) }
			}
			wantFailure(t, shake(&TLS{ServerName: "mail.contoso.com", Roots: ca.pool()}), failure.TLS, "certificate_unsupported")
			if !glimpse {
				continue
			}
			peer := c.Peer()
			if peer.Unsupported == nil || !strings.Contains(peer.Refused.Error(), tt.why) || c.Record.Secure.Verified || c.Record.Secure.PathExpires != nil {
				t.Errorf("%s: %+v", name, peer.Refused)
			}
			if last := peer.Certificates[len(peer.Certificates)-1]; tooLarge(last) {
				t.Errorf("%s: a key that something could be checked by is left", name)
			}
		}
	}
}

// TestHandshake_clientCertificate: a server that wants a client's certificate is told from others, at once over TLS 1.2 and
// with the first answer over TLS 1.3, and one that merely asks goes on.
func TestHandshake_clientCertificate(t *testing.T) {
	t.Parallel()
	pair := newAuthority(t).leaf(t, "mail")
	for name, tt := range map[string]struct {
		auth    tls.ClientAuthType
		version uint16
		stage   failure.Stage
	}{
		"TLS 1.2, wanted": {tls.RequireAnyClientCert, tls.VersionTLS12, failure.TLS},
		"TLS 1.3, wanted": {tls.RequireAnyClientCert, tls.VersionTLS13, failure.Receive},
		"TLS 1.2, asked":  {tls.RequestClientCert, tls.VersionTLS12, ""},
		"TLS 1.3, asked":  {tls.RequestClientCert, tls.VersionTLS13, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := serverConfig(pair)
			config.ClientAuth, config.MinVersion, config.MaxVersion = tt.auth, tt.version, tt.version
			c := connect(t, serve(t, config, shake), testLimit)
			err := c.Handshake(&TLS{ServerName: "mail", Insecure: true})
			if err == nil {
				_, _, err = c.Do(get, 0)
			}
			reason := CertificateWanted
			if tt.stage == "" {
				reason = ""
			}
			wantFailure(t, err, tt.stage, reason)
			if !c.Record.Secure.AsksCertificate {
				t.Error("it is not recorded that the server asked")
			}
		})
	}
}

// TestHandshake_hellos: a hello comes in two segments, or with ML-KEM, where that is asked for.
func TestHandshake_hellos(t *testing.T) {
	t.Parallel()
	read := func(opts *TLS) string {
		got := make(chan string, 1)
		c := connect(t, serve(t, nil, func(p *peer) {
			b := make([]byte, 4096)
			n, _ := p.Read(b)
			got <- string(b[:n])
			_, _ = io.Copy(io.Discard, p)
		}), 2*between)
		_ = c.Handshake(opts) // nobody answers
		return <-got
	}
	if first := read(&TLS{ServerName: "mail.contoso.com", Split: true}); len(first) != splitAt || strings.Contains(first, "mail") {
		t.Errorf("the first segment has %d bytes", len(first))
	}
	if first := read(&TLS{ServerName: "mail.contoso.com", MLKEM: true}); len(first) < 1200 {
		t.Errorf("a hello with ML-KEM of %d bytes", len(first))
	}
}

// FuzzReadFlight: whatever a server sends in clear text is read within the bounds.
func FuzzReadFlight(f *testing.F) {
	f.Add([]byte("\x16\x03\x03\x00\x0f\x0b\x00\x00\x07\x00\x00\x04\x00\x00\x01x\x0e\x00\x00\x00"))
	f.Add([]byte("\x15\x03\x03\x00\x02\x02\x28"))
	f.Fuzz(func(t *testing.T, data []byte) {
		seen, _ := readFlight(bytes.NewReader(data))
		if len(seen.certificates) > maxChain {
			t.Errorf("%d certificates", len(seen.certificates))
		}
	})
}

// FuzzReadCertificate: whatever is shown for a certificate is read and described, or is none.
func FuzzReadCertificate(f *testing.F) {
	a := newAuthority(f)
	leaf := a.leaf(f, "mail.contoso.com").Leaf
	f.Add(leaf.Raw)
	f.Add(negative(f, leaf))
	f.Fuzz(func(t *testing.T, der []byte) {
		cert, _ := ReadCertificate(der)
		if cert == nil {
			return
		}
		if d := describe(cert); len(d.Names) > maxNames || d.Title() == "" {
			t.Errorf("%+v", d)
		}
		if lenient := readLenient(cert.Raw); lenient == nil {
			t.Error("crypto/x509 reads it, and the lenient parser does not")
		}
		_ = Climb([]*x509.Certificate{cert})
	})
}
