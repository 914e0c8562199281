package sslbinding

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

const service = "mail.contoso.test"

// names is a resolver with fixed answers.
type names map[string][]netip.Addr

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if found := n[host]; len(found) > 0 {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func at(addresses ...string) (all []netip.Addr) {
	for _, a := range addresses {
		all = append(all, netip.MustParseAddr(a))
	}
	return all
}

// survey is a probe to be made in a test.
type survey struct {
	settings func(*Settings)
	roots    []byte // PEM
	target   string
	hostname string
	resolver wire.Resolver
	limit    time.Duration
	module   func(*prober.Module)
	outside  bool                               // other destinations may be asked
	check    func(string, netip.AddrPort) error // what policy says of them

	own *prober.Certificate // the exporter's own
}

// probe makes the probe as the runner does.
func (s survey) probe(t testing.TB) *result.Result {
	t.Helper()
	settings := defaults()
	if s.settings != nil {
		s.settings(settings)
	}
	settings.Check(func(field, problem string) { t.Fatalf("settings: %s: %s", field, problem) })
	if s.limit == 0 {
		s.limit = 10 * time.Second
	}
	tg, err := target.Parse(s.target, s.hostname)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), s.limit)
	defer cancel()
	start := time.Now()
	res := &result.Result{Module: "ssl_binding", Prober: "ssl_binding", Target: s.target, Name: tg.Name, Start: start, Decides: Definition.Decides, Limit: wire.Seconds(s.limit.Seconds()), Planned: settings.Plan(false)}
	parts := prober.Parts{
		Recorder: prober.NewRecorder(res, &secret.Redactor{}, nil), Target: tg, Module: s.config(t).Run(), Agent: "ews_exporter/test",
		Dialer: &wire.Dialer{Epoch: start, Resolver: s.resolver}, Certificate: s.own,
	}
	if s.module != nil {
		s.module(parts.Module)
	}
	if s.outside {
		parts.Elsewhere = &wire.Dialer{Epoch: start, Resolver: s.resolver, Check: s.check}
	}
	settings.Probe(ctx, prober.NewRun(parts))
	res.Duration = wire.Seconds(time.Since(start).Seconds())
	return res
}

// config loads a module from a file, because only so it can have authorities of its own.
func (s survey) config(t testing.TB) *config.Module {
	t.Helper()
	dir := t.TempDir()
	text := "modules:\n  ssl_binding:\n    prober: ssl_binding\n"
	if s.roots != nil {
		text += "    tls_config: {ca_file: ca.pem}\n"
		write(t, filepath.Join(dir, "ca.pem"), s.roots)
	}
	file := filepath.Join(dir, "config.yml")
	write(t, file, []byte(text))
	c, err := config.Load([]string{file}, []prober.Definition{Definition})
	if err != nil {
		t.Fatal(err)
	}
	return c.Modules["ssl_binding"]
}

func write(t testing.TB, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// verdict is stage/reason, empty for success.
func verdictOf(r *result.Result) string {
	if r.Failure == nil {
		return ""
	}
	return string(r.Failure.Stage) + "/" + r.Failure.Reason
}

func codes(r *result.Result) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Code)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sentence is the first finding of a code.
func sentence(t testing.TB, r *result.Result, code string) result.Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Code == code {
			return f
		}
	}
	t.Fatalf("no finding %s, there are %v (failure: %v)", code, codes(r), r.Failure)
	return result.Finding{}
}

// value is that of the one sample whose labels hold the given ones; ok is false when there is none.
func value(t testing.TB, r *result.Result, metric string, labels ...string) (v float64, ok bool) {
	t.Helper()
	for _, s := range r.Samples {
		if s.Name != metric || slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(s.Labels, l) }) {
			continue
		}
		if ok {
			t.Fatalf("%s%q: more than one sample", metric, labels)
		}
		v, ok = s.Value, true
	}
	return v, ok
}

func wantValue(t testing.TB, r *result.Result, want float64, metric string, labels ...string) {
	t.Helper()
	if got, ok := value(t, r, metric, labels...); !ok || got != want {
		t.Errorf("%s%q is %v (there: %t), want %v", metric, labels, got, ok, want)
	}
}

func wantAbsent(t testing.TB, r *result.Result, metric string, labels ...string) {
	t.Helper()
	if got, ok := value(t, r, metric, labels...); ok {
		t.Errorf("%s%q is %v, want it absent", metric, labels, got)
	}
}

func wantResult(t testing.TB, r *result.Result, verdict string, findings ...string) {
	t.Helper()
	slices.Sort(findings)
	if got := verdictOf(r); got != verdict || !slices.Equal(codes(r), findings) {
		t.Errorf("verdict %q, findings %v, want %q, %v\nfailure: %v\nfindings: %+v", got, codes(r), verdict, findings, r.Failure, r.Findings)
	}
	errors := slices.ContainsFunc(r.Findings, func(f result.Finding) bool { return f.Severity == result.Error })
	if errors && r.Failure == nil {
		t.Errorf("an error finding without a failure: %+v", r.Findings)
	}
}

// authority signs certificates in tests.
type authority struct {
	cert  *x509.Certificate
	key   crypto.Signer
	chain [][]byte // what a server below it sends after its own
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newRoot(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	a.cert = a.create(t, caTemplate(name), a.key)
	return a
}

func caTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

// sub makes an authority below a.
func (a *authority) sub(t testing.TB, name string) *authority {
	t.Helper()
	s := &authority{key: newKey(t)}
	s.cert = a.create(t, caTemplate(name), s.key)
	s.chain = append([][]byte{s.cert.Raw}, a.chain...)
	return s
}

// create completes a template and signs it; without a certificate of its own the authority signs itself.
func (a *authority) create(t testing.TB, template *x509.Certificate, key crypto.Signer) *x509.Certificate {
	t.Helper()
	if template.SerialNumber == nil {
		number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
		if err != nil {
			t.Fatal(err)
		}
		template.SerialNumber = number.SetBit(number, 99, 1) // of one length, and not negative in DER
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().AddDate(0, 6, 0)
	}
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().AddDate(-1, 0, 0)
	}
	parent := a.cert
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// issue makes a server's certificate with its chain, root apart.
func (a *authority) issue(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key := newKey(t)
	if template.ExtKeyUsage == nil {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	leaf := a.create(t, template, key)
	return tls.Certificate{Certificate: append([][]byte{leaf.Raw}, a.chain...), PrivateKey: key, Leaf: leaf}
}

// mail is a good certificate for the service.
func (a *authority) mail(t testing.TB) tls.Certificate {
	t.Helper()
	return a.issue(t, mailTemplate())
}

func mailTemplate() *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: service}, DNSNames: []string{service, "autodiscover.contoso.test"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// door serves handshakes on an address of loopback until the test ends; handle, if any, has the connection first.
func door(t testing.TB, address string, config *tls.Config, handle func(net.Conn) bool) netip.AddrPort {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	serves := make(chan struct{}, 1000)
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serves <- struct{}{}
			go func() {
				defer func() { <-serves }()
				stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
				defer stop()
				defer func() { _ = conn.Close() }()
				if handle != nil && !handle(conn) {
					return
				}
				if secure := tls.Server(conn, config); secure.HandshakeContext(ctx) == nil {
					_, _ = secure.Read(make([]byte, 1))
				}
			}()
		}
	}()
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		<-done
		for range cap(serves) { // when every place is taken, nobody else holds one
			serves <- struct{}{}
		}
	})
	return netip.MustParseAddrPort(l.Addr().String())
}

func shows(c tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{c}, MinVersion: tls.VersionTLS10}
}

// on is the service as a target, on the door's port.
func on(a netip.AddrPort) string { return fmt.Sprintf("%s:%d", service, a.Port()) }

// leads resolves the service to these doors' addresses.
func leads(doors ...netip.AddrPort) names {
	var all []netip.Addr
	for _, d := range doors {
		all = append(all, d.Addr())
	}
	return names{service: all}
}

var errBoom = failure.New(failure.Receive, "closed", "boom")

// scripted is an SMTP server for startTLS without a network.
type scripted struct {
	says   []string
	said   bytes.Buffer
	unread int
}

func (s *scripted) Hear() (string, error) {
	if len(s.says) == 0 {
		return "", errBoom
	}
	line := s.says[0]
	s.says = s.says[1:]
	return line, nil
}

func (s *scripted) Say(line string) error {
	s.said.WriteString(line + "\n")
	return nil
}
func (s *scripted) Unread() int    { return s.unread }
func (s *scripted) String() string { return "192.0.2.1:25" }
