package runner_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// curious is a server that asks for a client's certificate, and answers the same to whoever shows one or none.
type curious struct {
	*lab.Script
	handshakes atomic.Int32

	mu  sync.Mutex
	got []string // the subjects that were shown
}

const fine = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

func newCurious(t *testing.T, by *lab.Authority, answer lab.Step) *curious {
	t.Helper()
	c := &curious{}
	serverTLS, err := by.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	serverTLS.ClientAuth = tls.RequestClientCert
	serverTLS.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		c.handshakes.Add(1) // as they begin: a client may be done before the server is
		return nil, nil
	}
	serverTLS.VerifyConnection = func(state tls.ConnectionState) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, cert := range state.PeerCertificates {
			c.got = append(c.got, cert.Subject.CommonName)
		}
		return nil
	}
	c.Script = lab.ServeTLS(t, serverTLS, answer)
	return c
}

func (c *curious) port() string {
	_, port, _ := strings.Cut(c.Addr(), ":")
	return port
}

// shown are the subjects of what the server was shown.
func (c *curious) shown() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.got, ", ")
}

// own are the files of a client's certificate, beside an authority's.
func (o *owner) own(t *testing.T, name string) map[string]string {
	t.Helper()
	return map[string]string{"ca.pem": o.read(t, "ca.pem"), "own.crt": o.read(t, name+".crt"), "own.key": o.read(t, name+".key")}
}

const belonging = `
auths:
  own: {cert_file: own.crt, key_file: own.key, targets: ["127.0.0.1:%[1]s", "mail.contoso.test:%[1]s"], modules: [m, elsewhere, named, untrusting]}
modules:
  m: {prober: asker, auth: own, ip_protocol: ip4, tls_config: {ca_file: ca.pem}}
  without: {prober: asker, ip_protocol: ip4, tls_config: {ca_file: ca.pem}}
  untrusting: {prober: asker, ip_protocol: ip4, tls_config: {insecure_skip_verify: true}}
  other: {prober: asker, ip_protocol: ip4, tls_config: {ca_file: ca.pem}}
  named: {prober: asker, auth: own, ip_protocol: ip4, tls_config: {ca_file: ca.pem, server_name: mail.contoso.test}}
  elsewhere: {prober: puppet, auth: own, ip_protocol: ip4, tls_config: {ca_file: ca.pem}, puppet: {path: %[2]q}}
policy: {allow: [127.0.0.1]}
`

// TestCertificateStaysWhereItBelongs: a server that asks for a client's certificate gets it only if the module's auth has one, for
// that name and port, and the server proved to be that name; not because it asks.
func TestCertificateStaysWhereItBelongs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		module, auth, target, hostname string
		refused                        string // by the exporter, before anything is sent
		want                           string // shown
	}{
		"listed":                        {"m", "", "127.0.0.1:PORT", "", "", "probe good"},
		"listed by the name to go by":   {"m", "", "127.0.0.1:PORT", "mail.contoso.test", "", "probe good"},
		"named in the request":          {"m", "own", "127.0.0.1:PORT", "", "", "probe good"},
		"not listed":                    {"m", "", "localhost:PORT", "", "may not be sent to localhost", ""},
		"no auth":                       {"without", "", "127.0.0.1:PORT", "", "", ""},
		"not for the module":            {"other", "own", "127.0.0.1:PORT", "", "is not for the module other", ""},
		"not verified":                  {"untrusting", "own", "127.0.0.1:PORT", "", "insecure_skip_verify", ""},
		"verified for another name":     {"named", "", "127.0.0.1:PORT", "", "", ""},
		"plain http":                    {"m", "", "http://127.0.0.1:PORT", "", "never sent over http", ""},
		"a host that a target named":    {"elsewhere", "", "127.0.0.1:PORT", "", "", ""},
		"another path than the modules": {"m", "", "https://127.0.0.1:PORT/owa/", "", "may only be used with the paths", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOwner(t)
			server := newCurious(t, o.authority, lab.Branch(func(string) []lab.Step { return []lab.Step{lab.Write(fine)} }))
			r := newRunner(load(t, fmt.Sprintf(belonging, server.port(), t.Name()), o.own(t, "good")))
			puppetDoes.Store(t.Name(), func(ctx context.Context, run *prober.Run) {
				resolution, err := run.ResolveTarget(ctx)
				if err != nil {
					t.Error(err)
					return
				}
				e := run.Endpoint(run.Target, resolution)
				e.Elsewhere = true
				for _, open := range []func() error{
					func() error { _, err := run.OpenBeside(ctx, e); return err },
					func() error { _, err := run.Network.Open(ctx, run.Step("ask"), e); return err },
				} {
					if err := open(); err != nil {
						t.Error(err)
					}
				}
			})
			_, err := r.Probe(t.Context(), runner.Request{Module: tt.module, Auth: tt.auth, Target: strings.ReplaceAll(tt.target, "PORT", server.port()), Hostname: tt.hostname})
			if refusal := (*runner.Refusal)(nil); tt.refused == "" && err != nil || tt.refused != "" && (!errors.As(err, &refusal) || !strings.Contains(refusal.Message, tt.refused)) {
				t.Errorf("refused: %v, want %q", err, tt.refused)
			}
			if got := server.shown(); got != tt.want {
				t.Errorf("the server was shown %q, want %q", got, tt.want)
			}
			if n := server.handshakes.Load(); (n == 0) != (tt.refused != "") {
				t.Errorf("%d handshakes", n)
			}
		})
	}
}

// TestCertificateIsReadAnew: a renewed certificate is shown from the next probe on, and one that cannot be read is a failure: the
// old one is not shown instead, and nothing is sent.
func TestCertificateIsReadAnew(t *testing.T) {
	t.Parallel()
	o := newOwner(t)
	server := newCurious(t, o.authority, lab.Branch(func(string) []lab.Step { return []lab.Step{lab.Write(fine)} }))
	files := o.own(t, "good")
	cfg := load(t, fmt.Sprintf(belonging, server.port(), t.Name()), files)
	dir := filepath.Dir(cfg.Auths["own"].CertFile)
	r := newRunner(cfg)
	ask := func() string {
		a, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: server.Addr()})
		if err != nil {
			t.Fatal(err)
		}
		if a.Result.Failure == nil {
			return ""
		}
		return a.Result.Failure.Name() + ": " + a.Result.Failure.Message
	}
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(); got != "" {
		t.Fatal(got)
	}
	put("own.crt", o.read(t, "revoked.crt"))
	if got := ask(); !strings.HasPrefix(got, "auth/secret_unreadable: key_file of the auth own") {
		t.Errorf("with the key of another: %s", got)
	}
	put("own.key", o.read(t, "revoked.key"))
	if got := ask(); got != "" {
		t.Error(got)
	}
	put("own.crt", "")
	if got := ask(); !strings.HasPrefix(got, "auth/secret_unreadable: cert_file of the auth own") {
		t.Errorf("without a certificate: %s", got)
	}
	if got, n := server.shown(), server.handshakes.Load(); got != "probe good, probe revoked" || n != 2 {
		t.Errorf("in %d handshakes were shown %q", n, got)
	}
}

// TestCertificateBesidePassword: both go to a target that asks for both, and the password not where the certificate is refused.
func TestCertificateBesidePassword(t *testing.T) {
	t.Parallel()
	const both = `
auths:
  own: {username: probe, password: correct-horse, schemes: [basic], cert_file: own.crt, key_file: own.key, targets: ["127.0.0.1:%s"]}
modules:
  m: {prober: asker, auth: own, ip_protocol: ip4, tls_config: {ca_file: ca.pem}}
policy: {allow: [127.0.0.1]}
`
	for certificate, want := range map[string]string{"good": "", "stranger": "receive/client_certificate_untrusted"} {
		o := newOwner(t)
		serverTLS, err := o.authority.ServerConfig()
		if err != nil {
			t.Fatal(err)
		}
		serverTLS.ClientAuth, serverTLS.ClientCAs = tls.RequireAndVerifyClientCert, o.authority.Pool()
		var logons atomic.Int32
		var answer lab.Step
		answer = lab.Branch(func(head string) []lab.Step {
			if strings.Contains(head, "Authorization: Basic") {
				logons.Add(1)
				return []lab.Step{lab.Write(fine)}
			}
			return []lab.Step{lab.Write(basic401), answer}
		})
		server := lab.ServeTLS(t, serverTLS, answer)
		_, port, _ := strings.Cut(server.Addr(), ":")
		a, err := newRunner(load(t, fmt.Sprintf(both, port), o.own(t, certificate))).Probe(t.Context(), runner.Request{Module: "m", Target: server.Addr()})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if f := a.Result.Failure; f != nil {
			got = f.Name()
		}
		if n := logons.Load(); got != want || n != 1 && want == "" || n != 0 && want != "" {
			t.Errorf("%s: %q, want %q, after %d logons: %v", certificate, got, want, n, a.Result.Failure)
		}
	}
}

// TestEveryProberShowsItsCertificate: whatever speaks TLS, by the one handshake that there is.
func TestEveryProberShowsItsCertificate(t *testing.T) {
	t.Parallel()
	for _, part := range labs.All() {
		if d := definition(part); d.NoProxy || d.Scheme == "state" {
			continue // it speaks no TLS
		}
		t.Run(part.Prober, func(t *testing.T) {
			t.Parallel()
			o := newOwner(t)
			server := newCurious(t, o.authority, lab.Write("")) // nothing but the handshake
			cfg := load(t, fmt.Sprintf(`
auths: {own: {cert_file: own.crt, key_file: own.key, targets: ["127.0.0.1:%s"]}}
modules: {m: {prober: %s, auth: own, timeout: 10s, ip_protocol: ip4, tls_config: {ca_file: ca.pem}, %s}}
policy: {allow: [127.0.0.1]}
`, server.port(), part.Prober, inline(part.Least)), o.own(t, "good"))
			a, err := newRunner(cfg).Probe(t.Context(), runner.Request{Module: "m", Target: server.Addr()})
			if err != nil {
				t.Fatal(err)
			}
			shown := func() bool { return strings.HasPrefix(server.shown(), "probe good") }
			// Over TLS 1.3 a client is done before the server is.
			for end := time.Now().Add(10 * time.Second); !shown() && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			if !shown() {
				t.Errorf("the server was shown %q: %v", server.shown(), a.Result.Failure)
			}
		})
	}
}

// TestClientCertificates: when they end is read from the files as they are now.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	o := newOwner(t)
	cfg := load(t, fmt.Sprintf(belonging, "443", t.Name()), o.own(t, "good"))
	before := cfg.ClientCertificates()["own"]
	if before.IsZero() {
		t.Fatal("no end is known")
	}
	if err := os.WriteFile(cfg.Auths["own"].CertFile, []byte(o.read(t, "expired.crt")), 0o600); err != nil {
		t.Fatal(err)
	}
	if after := cfg.ClientCertificates()["own"]; !after.Before(before) {
		t.Errorf("%v, and the file has one that expired", after)
	}
	if err := os.Remove(cfg.Auths["own"].CertFile); err != nil {
		t.Fatal(err)
	}
	if ends := cfg.ClientCertificates(); len(ends) > 0 {
		t.Errorf("%v, and there is no file", ends)
	}
}
