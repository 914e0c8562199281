package runner_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crypto/rand"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// owner has a folder with certificates of clients, and what a server has to have to judge them.
type owner struct {
	dir        string
	authority  *lab.Authority // of the server and of good clients
	strangers  *lab.Authority
	serverFile string // the server's chain and key
}

func newOwner(t *testing.T) *owner {
	t.Helper()
	o := &owner{dir: t.TempDir(), authority: newAuthority(t), strangers: newAuthority(t)}
	server, err := o.authority.Issue(time.Now().AddDate(0, 1, 0), lab.Names()...)
	if err != nil {
		t.Fatal(err)
	}
	o.serverFile = o.write(t, "server.pem", server)
	o.file(t, "ca.pem", o.authority.PEM())
	o.client(t, "good", o.authority, 30, nil)
	o.client(t, "expired", o.authority, -1, nil)
	o.client(t, "stranger", o.strangers, 30, nil)
	o.client(t, "revoked", o.authority, 30, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(66) })
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(66), RevocationTime: time.Now().Add(-time.Hour)}},
	}, o.authority.Certificate(), o.authority.Key())
	if err != nil {
		t.Fatal(err)
	}
	o.file(t, "list.pem", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list}))
	return o
}

func newAuthority(t *testing.T) *lab.Authority {
	t.Helper()
	a, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// client writes a client's certificate, NAME.crt, and its key, NAME.key.
func (o *owner) client(t *testing.T, name string, a *lab.Authority, days int, change func(*x509.Certificate)) {
	t.Helper()
	pair, err := a.IssueAs(func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "probe " + name}
		c.NotAfter = time.Now().AddDate(0, 0, days)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if change != nil {
			change(c)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	o.write(t, name+".pem", pair)
	cert, key, _ := strings.Cut(o.read(t, name+".pem"), "-----BEGIN PRIVATE KEY-----")
	o.file(t, name+".crt", []byte(cert))
	o.file(t, name+".key", []byte("-----BEGIN PRIVATE KEY-----"+key))
}

func (o *owner) write(t *testing.T, name string, pair tls.Certificate) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return o.file(t, name, append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...))
}

func (o *owner) file(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(o.dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (o *owner) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(o.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// probe asks the server at address, with the certificate of that name; "" is none.
func (o *owner) probe(t *testing.T, address, name, keys string) *answered {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	auth, auths, files := "", "{}", map[string]string{"ca.pem": o.read(t, "ca.pem")}
	if name != "" {
		auth, auths = "auth: own, ", fmt.Sprintf("{own: {cert_file: own.crt, key_file: own.key, targets: ['127.0.0.1:%s']}}", port)
		files["own.crt"], files["own.key"] = o.read(t, name+".crt"), o.read(t, name+".key")
	}
	cfg := load(t, fmt.Sprintf("auths: %s\nmodules: {m: {prober: asker, %sip_protocol: ip4, tls_config: {ca_file: ca.pem%s}}}\npolicy: {allow: [127.0.0.1]}\n", auths, auth, keys), files)
	a, err := newRunner(cfg).Probe(t.Context(), runner.Request{Module: "m", Target: address})
	if err != nil {
		t.Fatal(err)
	}
	got := &answered{Answer: a, name: "success"}
	if f := a.Result.Failure; f != nil {
		got.name, got.message = f.Name(), f.Message
	}
	return got
}

// answered is what a probe came to.
type answered struct {
	runner.Answer
	name, message string
}

// asking are servers that ask for a client's certificate, and what their answers are when none comes.
const (
	nginxAsks = `{{if .Root}}user root;{{end}}
daemon off;
worker_processes 1;
pid {{.Dir}}/nginx.pid;
error_log stderr info;
events {}
http {
    access_log /dev/stderr;
    client_body_temp_path {{.Dir}}/client_body;
    proxy_temp_path {{.Dir}}/proxy;
    fastcgi_temp_path {{.Dir}}/fastcgi;
    uwsgi_temp_path {{.Dir}}/uwsgi;
    scgi_temp_path {{.Dir}}/scgi;
    server {
        listen {{.Address}} ssl;
        ssl_certificate {{.Certificate}};
        ssl_certificate_key {{.Certificate}};
        ssl_client_certificate {{.Origin}};
        {{.Lines}}
        location / { return 200 "you are in"; }
    }
}
`
	haproxyAsks = `global
    log stderr format raw local0
    noreuseport
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend front
    bind {{.Address}} ssl crt {{.Certificate}} ca-file {{.Origin}} {{.Lines}}
    http-request return status 200 content-type text/plain string in
`
	apacheAsks = `ServerName localhost
PidFile {{.Dir}}/apache2.pid
DefaultRuntimeDir {{.Dir}}
Mutex sem
ErrorLog /dev/stderr
Listen {{.Address}}
{{- if .Root}}
User #65534
Group #65534
{{- end}}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
ServerLimit 1
StartServers 1
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
SSLEngine on
SSLCertificateFile {{.Certificate}}
SSLCACertificateFile {{.Origin}}
{{.Lines}}
`
)

func nginxAsking(lines string) func(*testing.T, *owner) string {
	return asking(servers.Server{Program: "nginx", Config: nginxAsks, Args: func(p servers.Place) []string {
		return []string{"-p", p.Dir, "-e", "stderr", "-c", p.Config}
	}}, lines)
}

func haproxyAsking(lines string) func(*testing.T, *owner) string {
	return asking(servers.Server{Program: "haproxy", Config: haproxyAsks, Args: func(p servers.Place) []string {
		return []string{"-db", "-f", p.Config}
	}}, lines)
}

func apacheAsking(lines string) func(*testing.T, *owner) string {
	return asking(servers.Server{Program: "apache2", Config: apacheAsks, Args: func(p servers.Place) []string {
		return []string{"-DFOREGROUND", "-d", p.Dir, "-f", p.Config}
	}}, lines)
}

// byPath has Apache ask for a certificate once it knows the path; who gets in is answered 404.
func byPath(protocol string) string {
	return "SSLProtocol " + protocol + "\nSSLVerifyClient none\n<Location /EWS>\nSSLVerifyClient require\nSSLRenegBufferSize 131072\n</Location>"
}

func asking(s servers.Server, lines string) func(*testing.T, *owner) string {
	return func(t *testing.T, o *owner) string {
		t.Helper()
		ca := filepath.Join(o.dir, "ca.pem")
		return s.Start(t, servers.Place{Certificate: o.serverFile, Origin: ca, Lines: strings.ReplaceAll(lines, "LIST", filepath.Join(o.dir, "list.pem"))})
	}
}

// TestServersThatAskForACertificate: what real servers do with a client's certificate, and without one, is told as it is. Each
// column is a certificate of the exporter's: none, a good one, one that has expired, one of another authority, one that is
// revoked (by a list that each server may have).
func TestServersThatAskForACertificate(t *testing.T) {
	t.Parallel()
	kinds := []string{"", "good", "expired", "stranger", "revoked"}
	const (
		tls12, tls13 = ", min_version: TLS12", ", min_version: TLS13"

		in  = "success"
		in2 = "status/not_answered" // by Apache's 404
	)
	for name, tt := range map[string]struct {
		start func(*testing.T, *owner) string
		keys  string
		want  []string
	}{
		"nginx, on": {nginxAsking("ssl_protocols TLSv1.3; ssl_verify_client on; ssl_crl LIST;"), tls13, []string{
			"status/client_certificate", in, "status/client_certificate_expired", "status/client_certificate_refused", "status/client_certificate_refused"}},
		"nginx, optional": {nginxAsking("ssl_verify_client optional;"), tls12, []string{
			in, in, "status/client_certificate_expired", "status/client_certificate_refused", in}},
		"nginx, its own statuses": {nginxAsking("ssl_verify_client on; error_page 495 =495 /x; error_page 496 =496 /x;"), tls12, []string{
			"status/client_certificate", in, "status/client_certificate_expired", "status/client_certificate_refused", in}},
		"HAProxy, TLS 1.3": {haproxyAsking("verify required crl-file LIST"), tls13, []string{
			"receive/client_certificate", in, "receive/client_certificate_expired", "receive/client_certificate_untrusted", "receive/client_certificate_revoked"}},
		"HAProxy, TLS 1.2": {haproxyAsking("verify required crl-file LIST ssl-max-ver TLSv1.2"), tls12, []string{
			"tls/client_certificate", in, "tls/client_certificate_expired", "tls/client_certificate_untrusted", "tls/client_certificate_revoked"}},
		"Apache, everywhere": {apacheAsking("SSLVerifyClient require"), tls13, []string{
			"receive/client_certificate", in2, "receive/client_certificate_expired", "receive/client_certificate_untrusted", in2}},
		"Apache, by path, TLS 1.2": {apacheAsking(byPath("TLSv1.2")), tls12, []string{
			"receive/renegotiation", in2, "receive/client_certificate_expired", "receive/client_certificate_untrusted", in2}},
		"Apache, by path, TLS 1.3": {apacheAsking(byPath("TLSv1.3")), tls13, []string{
			"status/client_certificate", "status/client_certificate", "status/client_certificate", "status/client_certificate", "status/client_certificate"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOwner(t)
			address := tt.start(t, o)
			for i, kind := range kinds {
				got := o.probe(t, address, kind, tt.keys)
				t.Logf("%q: %s: %s", kind, got.name, got.message)
				if got.name != tt.want[i] {
					t.Errorf("%q: %s, want %s: %s", kind, got.name, tt.want[i], got.message)
				}
				if got.name != in && got.name != in2 && (got.Result.Verdict == nil || len(got.Result.Verdict.Also) == 0) {
					t.Errorf("%q: the verdict is not left between several owners: %+v", kind, got.Result.Verdict)
				}
			}
		})
	}
}
