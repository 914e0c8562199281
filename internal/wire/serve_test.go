package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

// testLimit is a probe's limit where the test expects to end long before.
const testLimit = 10 * time.Second

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// peer is the server's side of one connection in a test.
type peer struct {
	net.Conn
	tcp             *net.TCPConn
	in              *bufio.Reader
	plainIn         *counter
	plainOut        atomic.Int64
	wireIn, wireOut atomic.Int64
	gone            <-chan struct{} // closed when the test ends
	cork            *bytes.Buffer   // where what is written waits; nil: it goes out
}

// counter counts what is read through it.
type counter struct {
	io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// metered counts below TLS.
type metered struct {
	net.Conn
	p *peer
}

func (m metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.p.wireIn.Add(int64(n))
	return n, err
}

func (m metered) Write(b []byte) (int, error) {
	if m.p.cork != nil {
		return m.p.cork.Write(b)
	}
	n, err := m.Conn.Write(b)
	m.p.wireOut.Add(int64(n))
	return n, err
}

// send writes s; a client that went away is no error of the test's.
func (p *peer) send(s string) {
	n, _ := io.WriteString(p.Conn, s)
	p.plainOut.Add(int64(n))
}

// corked sends all that f does in one piece, so that several TLS records come in one segment.
func (p *peer) corked(f func()) {
	waiting := &bytes.Buffer{}
	p.cork = waiting
	f()
	p.cork = nil
	_, _ = p.tcp.Write(waiting.Bytes()) // a client that went away is no error of the test's
}

// head reads up to the empty line that ends a request head.
func (p *peer) head() string {
	var b strings.Builder
	for {
		line, err := p.in.ReadString('\n')
		b.WriteString(line)
		if err != nil || strings.TrimRight(line, "\r\n") == "" {
			return b.String()
		}
	}
}

func (p *peer) body(n int) { _, _ = io.CopyN(io.Discard, p.in, int64(n)) }

// hang waits for the end of the test.
func (p *peer) hang() { <-p.gone }

// reset has the connection end with an RST.
func (p *peer) reset() {
	_ = p.tcp.SetLinger(0)
	_ = p.tcp.Close()
}

// serve plays script on every connection to the address it gives, until the test ends. A nil config is plain TCP.
func serve(t testing.TB, config *tls.Config, script func(p *peer)) netip.AddrPort {
	t.Helper()
	var lc net.ListenConfig
	listener, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	var running sync.WaitGroup
	t.Cleanup(func() {
		close(gone)
		_ = listener.Close()
		running.Wait()
	})
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { play(conn.(*net.TCPConn), config, gone, script) })
		}
	})
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

func play(tcp *net.TCPConn, config *tls.Config, gone <-chan struct{}, script func(p *peer)) {
	p := &peer{tcp: tcp, gone: gone}
	p.Conn = metered{tcp, p}
	if config != nil {
		p.Conn = tls.Server(p.Conn, config)
	}
	p.plainIn = &counter{Reader: p.Conn}
	p.in = bufio.NewReader(p.plainIn)
	done := make(chan struct{})
	go func() { // the end of the test frees what still blocks
		select {
		case <-gone:
			_ = tcp.SetDeadline(time.Unix(1, 0))
		case <-done:
		}
	}()
	script(p)
	close(done)
	_ = p.Close()
	_ = tcp.Close()
}

// connect dials address with a limit; the connection is closed with the test at the latest.
func connect(t testing.TB, address netip.AddrPort, limit time.Duration) *Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	d := &Dialer{Epoch: time.Now()}
	c, err := d.Connect(ctx, 1, "mail.contoso.com", &Resolution{Name: "mail.contoso.com"}, address)
	t.Cleanup(func() {
		c.Close()
		cancel()
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// get is a request without a body, post one with five bytes.
var (
	get  = &Request{Method: "GET", URL: "https://mail.contoso.com/ews/", Target: "/ews/", Host: "mail.contoso.com"}
	post = &Request{Method: "POST", URL: "https://mail.contoso.com/ews/", Target: "/ews/", Host: "mail.contoso.com", Body: []byte("hello")}
)

// once serves one request without a body: it answers with what is given, and ends the connection.
func once(answer string) func(p *peer) {
	return func(p *peer) {
		p.head()
		p.send(answer)
	}
}

// held is once that keeps the connection open afterwards.
func held(answer string) func(p *peer) {
	return func(p *peer) {
		p.head()
		p.send(answer)
		p.hang()
	}
}

// wantFailure checks stage and reason; an empty stage is success.
func wantFailure(t testing.TB, err error, stage failure.Stage, reason string) {
	t.Helper()
	switch {
	case stage == "" && err != nil:
		t.Fatalf("failed: %v", err)
	case stage != "" && err == nil:
		t.Fatalf("succeeded, want a failure of stage %s, reason %s", stage, reason)
	case stage != "" && !failure.Is(err, stage, reason):
		f := failure.From(err)
		t.Fatalf("failed with %s/%s, want %s/%s: %v", f.Stage, f.Reason, stage, reason, err)
	}
}

// authority signs certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}
	pair := a.sign(t, template)
	a.cert, a.key = pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// sign completes template and signs it; an authority without a certificate signs itself.
func (a *authority) sign(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// leaf signs a server certificate for name.
func (a *authority) leaf(t testing.TB, name string) tls.Certificate {
	t.Helper()
	return a.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}})
}

func length(body string) string {
	return "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}
