package sslbinding

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// TestProbe_unsteady: servers behind one address that are not set up alike are that, and no matter of SNI.
func TestProbe_unsteady(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	good := root.sub(t, "issuing").mail(t)
	bare := good
	bare.Certificate = good.Certificate[:1]
	expired := root.signed(t, newKey(t), func(c *x509.Certificate) { c.NotAfter = time.Now().AddDate(0, 0, -3) })
	byTurns := func(pairs ...tls.Certificate) *tls.Config {
		var n atomic.Int32
		return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &pairs[int(n.Add(1)-1)%len(pairs)], nil
		}}
	}
	for name, tt := range map[string]struct {
		config   *tls.Config
		settings func(*Settings)
		verdict  string
		findings []string
	}{
		"alike":                     {byTurns(good), func(s *Settings) { s.Repeat = 5 }, "", nil},
		"one of two expired":        {byTurns(good, expired), nil, "tls/certificate_expired", []string{BindingUnsteady, CertificateExpiring}},
		"one of two lacks issuer":   {byTurns(bare, good), nil, "tls/certificate_authority", []string{BindingUnsteady, ChainIncomplete}},
		"one of six, asked by turn": {byTurns(good, good, good, expired, good, good), func(s *Settings) { s.Repeat = 6 }, "tls/certificate_expired", []string{BindingUnsteady, CertificateExpiring}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := door(t, "127.0.0.1:0", tt.config, nil)
			r := survey{target: on(d), resolver: leads(d), roots: root.pem(), settings: tt.settings}.probe(t)
			wantResult(t, r, tt.verdict, tt.findings...)
		})
	}
}

// firstPacket reads from a connection what comes at once, and tells whether it is a whole hello.
func firstPacket(c net.Conn) (seen []byte, whole bool) {
	b := make([]byte, 16<<10)
	n, _ := c.Read(b)
	return b[:n], n > 5 && n >= 5+int(b[3])<<8+int(b[4])
}

// replay gives a connection's first bytes once more.
type replay struct {
	net.Conn
	r io.Reader
}

func (r replay) Read(p []byte) (int, error) { return r.r.Read(p) }

// TestProbe_hellos: a box that reads the first packet of a hello only is found by a hello in two.
func TestProbe_hellos(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	pair := root.mail(t)
	for name, tt := range map[string]struct {
		drops    bool
		settings func(*Settings)
		findings []string
	}{
		"a box that waits":                {false, func(s *Settings) { s.Hellos = true }, nil},
		"a box that does not":             {true, func(s *Settings) { s.Hellos = true }, []string{HelloUnanswered}},
		"a box that does not, by default": {true, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := door(t, "127.0.0.1:0", shows(pair), func(c net.Conn) bool {
				seen, whole := firstPacket(c)
				if whole || !tt.drops {
					secure := tls.Server(replay{c, io.MultiReader(strings.NewReader(string(seen)), c)}, shows(pair))
					if secure.HandshakeContext(t.Context()) == nil {
						_, _ = secure.Read(make([]byte, 1))
					}
				}
				return false
			})
			r := survey{target: on(d), resolver: leads(d), roots: root.pem(), settings: tt.settings}.probe(t)
			wantResult(t, r, "", tt.findings...)
			if len(tt.findings) > 0 {
				if s := sentence(t, r, HelloUnanswered).Sentence; !strings.Contains(s, "in two segments") {
					t.Error(s)
				}
			}
		})
	}
}

// TestProbe_nothingInCommon: what a server without a cipher suite for clients of today has is read and judged, and a refusal
// is no missing binding.
func TestProbe_nothingInCommon(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pair := root.signed(t, key, nil)
	suites := func(version uint16, ids ...uint16) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: version, CipherSuites: ids}
	}
	alert := func(number byte) func(net.Conn) bool {
		return func(c net.Conn) bool {
			_, _ = firstPacket(c)
			_, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, number})
			_, _ = io.Copy(io.Discard, c)
			return false
		}
	}
	asking := shows(pair)
	asking.ClientAuth, asking.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
	for name, tt := range map[string]struct {
		config  *tls.Config
		handle  func(net.Conn) bool
		verdict string
		finding string
		tells   string
	}{
		"key exchange by RSA":   {suites(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_RSA_WITH_AES_128_CBC_SHA), nil, "", SuitesOld, "only TLS_RSA_WITH_AES_256_GCM_SHA384, TLS_RSA_WITH_AES_128_CBC_SHA."},
		"an old suite, and one": {suites(tls.VersionTLS12, tls.TLS_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384), nil, "", "", ""},
		"handshake_failure":     {nil, alert(40), "tls/alert", HandshakeRefused, "handshake_failure (40)"},
		"unrecognized_name":     {nil, alert(112), "tls/alert", BindingMissing, "ended the handshake"},
		"a client's wanted":     {asking, nil, "", ClientCertificate, "ends the handshake without one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := door(t, "127.0.0.1:0", tt.config, tt.handle)
			r := survey{target: on(d), resolver: leads(d), roots: root.pem()}.probe(t)
			if tt.finding == "" {
				wantResult(t, r, tt.verdict)
				return
			}
			wantResult(t, r, tt.verdict, tt.finding)
			if s := sentence(t, r, tt.finding).Sentence; !strings.Contains(s, tt.tells) {
				t.Errorf("%s, want %q", s, tt.tells)
			}
		})
	}
}

// TestProbe_glimpsed: a certificate that crypto/tls does not take is shown with all that a person wants to know of it.
func TestProbe_glimpsed(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	pair := root.mail(t)
	number := pair.Leaf.SerialNumber.Bytes()
	der := slices.Clone(pair.Certificate[0])
	for i := range der { // a negative serial number
		if slices.Equal(der[i:i+len(number)], number) {
			der[i] |= 0x80
			break
		}
	}
	pair.Certificate = [][]byte{der}
	config := shows(pair)
	config.MaxVersion = tls.VersionTLS12
	d := door(t, "127.0.0.1:0", config, nil)
	r := survey{target: on(d), resolver: leads(d), roots: root.pem()}.probe(t)
	wantResult(t, r, "tls/certificate_unsupported", CertificateUnsupported)
	wantValue(t, r, float64(pair.Leaf.NotAfter.Unix()), "probe_ssl_binding_not_after_timestamp_seconds", service, d.String())
	wantValue(t, r, 0, "probe_ssl_binding_trusted", service, d.String())
}

// TestProbe_clearText: mail services that begin in clear text are asked in their own words, told by how they greet.
func TestProbe_clearText(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	pair := root.mail(t)
	answers := func(greeting string, answer func(line string) string) func(net.Conn) bool {
		return func(c net.Conn) bool {
			_, _ = io.WriteString(c, greeting)
			lines := bufio.NewScanner(io.LimitReader(oneByOne{c}, 1000))
			for lines.Scan() {
				said := answer(lines.Text())
				_, _ = io.WriteString(c, said)
				if strings.Contains(said, "OK") {
					return true
				}
			}
			return false
		}
	}
	imap := func(last string) func(string) string {
		return func(line string) string {
			tag, _, _ := strings.Cut(line, " ")
			return "* CAPABILITY IMAP4rev1\r\n" + tag + " " + last + "\r\n"
		}
	}
	pop := func(answer string) func(string) string { return func(string) string { return answer + "\r\n" } }
	for name, tt := range map[string]struct {
		handle  func(net.Conn) bool
		verdict string
	}{
		"IMAP":                 {answers("* OK The Microsoft Exchange IMAP4 service is ready.\r\n", imap("OK Begin TLS negotiation now.")), ""},
		"IMAP, not known":      {answers("* OK ready\r\n", imap("BAD Command Error. 11")), "tls/starttls_not_offered"},
		"IMAP, refused":        {answers("* OK ready\r\n", imap("NO not now")), "tls/starttls_refused"},
		"IMAP, good-bye":       {answers("* BYE overloaded\r\n", imap("")), "tls/starttls_refused"},
		"IMAP, injected":       {answers("* OK ready\r\n", imap("OK go\r\n* injected")), "tls/starttls_malformed"},
		"IMAP, endless":        {answers("* OK ready\r\n", func(string) string { return strings.Repeat("* x\r\n", 200) }), "tls/starttls_malformed"},
		"POP3":                 {answers("+OK The Microsoft Exchange POP3 service is ready.\r\n", pop("+OK Begin TLS negotiation.")), ""},
		"POP3, not offered":    {answers("+OK ready\r\n", pop("-ERR Command is not valid in this state.")), "tls/starttls_not_offered"},
		"POP3, not ready":      {answers("-ERR try later\r\n", pop("")), "tls/starttls_refused"},
		"POP3, something else": {answers("+OK ready\r\n", pop("what?")), "tls/starttls_malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := door(t, "127.0.0.1:0", shows(pair), tt.handle)
			r := survey{target: on(d), resolver: leads(d), roots: root.pem(), settings: func(s *Settings) { s.StartTLS = []int{int(d.Port())} }}.probe(t)
			wantResult(t, r, tt.verdict)
		})
	}
}

// oneByOne reads a byte at a time, so that a scanner takes nothing of what comes after a line.
type oneByOne struct{ net.Conn }

func (o oneByOne) Read(p []byte) (int, error) { return o.Conn.Read(p[:1]) }

// TestDoor_missing: which ends of a handshake say that there is no certificate.
func TestDoor_missing(t *testing.T) {
	t.Parallel()
	for alert, want := range map[wire.Alert]bool{0: true, wire.UnrecognizedName: true, wire.InternalError: true, wire.HandshakeFailure: false, 70: false} {
		b := &binding{failure: failure.New(failure.TLS, "alert", "an alert"), peer: wire.Peer{Alert: alert}}
		if b.missing() != want {
			t.Errorf("%s: missing is %t", alert, b.missing())
		}
	}
}
