package sslbinding

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// keep writes key and chain into one file, as all the servers read them; Postfix wants the key first.
func keep(t testing.TB, pair tls.Certificate) string {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	for _, der := range pair.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	file := filepath.Join(t.TempDir(), "pair.pem")
	write(t, file, text)
	return file
}

// loopback6 is where the servers listen on IPv6; empty, with a loud word, where this machine has none.
func loopback6(t testing.TB) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp6", "[::1]:0")
	if err != nil {
		t.Logf("IPv6 IS NOT TESTED: this machine has no ::1: %v", err)
		return ""
	}
	_ = l.Close()
	return "[::1]"
}

// The servers listen on the port that the test's server got, which begins behind "127.0.0.1:".
const port = `{{slice .Address 10}}`

func nginx(mail, other, sixth, six string) servers.Server {
	site := func(name, pair, more string) string {
		listen := ""
		for _, address := range []string{"127.0.0.1", "127.0.0.2"} {
			listen += "listen " + address + ":" + port + " ssl" + more + "; "
		}
		return fmt.Sprintf("server { %s server_name %s; ssl_certificate %s; ssl_certificate_key %s; }\n", listen, name, pair, pair)
	}
	config := `{{if .Root}}user root;{{end}} daemon off; worker_processes 1; pid {{.Dir}}/pid; error_log stderr info; events {}
http { access_log off; client_body_temp_path {{.Dir}}/1; proxy_temp_path {{.Dir}}/2; fastcgi_temp_path {{.Dir}}/3; uwsgi_temp_path {{.Dir}}/4; scgi_temp_path {{.Dir}}/5;
` + site("_", other, " default_server") + site(service, mail, "")
	if six != "" {
		config += fmt.Sprintf("server { listen %s:%s ssl; server_name _; ssl_certificate %s; ssl_certificate_key %s; }\n", six, port, sixth, sixth)
	}
	return servers.Server{Program: "nginx", Config: config + "}\n", Args: func(p servers.Place) []string {
		return []string{"-p", p.Dir, "-e", "stderr", "-c", p.Config}
	}}
}

// haproxy has a default certificate at one address, and none without SNI (strict-sni) at the other.
func haproxy(mail, other, sixth, six string) servers.Server {
	config := "global\n    log stderr format raw local0\ndefaults\n    mode http\n    timeout connect 5s\n    timeout client 10s\n    timeout server 10s\nfrontend front\n" +
		"    bind 127.0.0.1:" + port + " ssl crt " + other + " crt " + mail + "\n" +
		"    bind 127.0.0.2:" + port + " ssl strict-sni crt " + mail + "\n"
	if six != "" {
		config += "    bind " + six + ":" + port + " ssl crt " + sixth + "\n"
	}
	return servers.Server{Program: "haproxy", Config: config + "    http-request return status 200\n", Args: func(p servers.Place) []string {
		return []string{"-db", "-f", p.Config}
	}}
}

// TestRealServers: certificates by name and by address, in servers that are in use; every binding as openssl sees it.
func TestRealServers(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	mail := root.mail(t)
	other := root.issue(t, &x509.Certificate{DNSNames: []string{"other.contoso.test"}})
	sixth := root.issue(t, &x509.Certificate{DNSNames: []string{"owa.contoso.test", service}})
	six := loopback6(t)
	for name, tt := range map[string]struct {
		server servers.Server
		bare   string // what 127.0.0.2 shows without SNI: "other", or none
	}{
		"nginx":   {nginx(keep(t, mail), keep(t, other), keep(t, sixth), six), "other"},
		"HAProxy": {haproxy(keep(t, mail), keep(t, other), keep(t, sixth), six), "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := netip.MustParseAddrPort(tt.server.Start(t, servers.Place{}))
			all := at("127.0.0.1", "127.0.0.2")
			findings := []string{SNIDiffers}
			if six != "" {
				all = append(all, at("::1")...)
				findings = append(findings, FamiliesDiffer)
			}
			r := survey{target: on(address), resolver: names{service: all}, roots: root.pem()}.probe(t)
			wantResult(t, r, "", findings...)
			show := func(address, sni string) string {
				for _, s := range r.Samples {
					if s.Metric == bindingInfo && strings.HasPrefix(s.Labels[0], address+":") && s.Labels[1] == sni {
						return map[string]string{sum(mail): "mail", sum(other): "other", sum(sixth): "sixth"}[s.Labels[3]]
					}
				}
				return "none"
			}
			want := map[string]string{
				"127.0.0.1 " + service: "mail", "127.0.0.1 (none)": "other", "127.0.0.1 (unknown)": "other",
				"127.0.0.2 " + service: "mail", "127.0.0.2 (none)": tt.bare, "127.0.0.2 (unknown)": tt.bare,
			}
			if six != "" {
				want["[::1] "+service], want["[::1] (none)"], want["[::1] (unknown)"] = "sixth", "sixth", "sixth"
			}
			for binding, certificate := range want {
				address, sni, _ := strings.Cut(binding, " ")
				if got := show(address, sni); got != certificate {
					t.Errorf("%s shows %s, want %s", binding, got, certificate)
				}
			}
			agreeWithOpenSSL(t, r)
		})
	}
}

// agreeWithOpenSSL compares thumbprint, end and names of every binding with what openssl prints.
func agreeWithOpenSSL(t *testing.T, r *result.Result) {
	t.Helper()
	openssl := servers.Need(t, "openssl")
	for _, s := range r.Samples {
		if s.Metric != bindingInfo {
			continue
		}
		address, sni, sha1 := s.Labels[0], s.Labels[1], s.Labels[2]
		args := []string{"s_client", "-connect", address, "-servername", sni}
		switch sni {
		case "(none)":
			args = []string{"s_client", "-connect", address, "-noservername"}
		case "(unknown)":
			args[4] = unknownName
		}
		shown, err := exec.CommandContext(t.Context(), openssl, args...).Output() // #nosec G204 -- the test's own
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		print := exec.CommandContext(t.Context(), openssl, "x509", "-noout", "-fingerprint", "-sha1", "-enddate", "-subject", "-ext", "subjectAltName") // #nosec G204
		print.Stdin = strings.NewReader(string(shown))
		text, err := print.CombinedOutput()
		if err != nil {
			t.Fatalf("openssl x509: %v: %s", err, text)
		}
		fingerprint := strings.ReplaceAll(match(t, `(?i)sha1 fingerprint=([0-9A-F:]+)`, text), ":", "")
		if fingerprint != sha1 {
			t.Errorf("%s %s: thumbprint %s, openssl says %s", address, sni, sha1, fingerprint)
		}
		end, err := time.Parse("Jan _2 15:04:05 2006 MST", match(t, `notAfter=(.+)`, text))
		if err != nil {
			t.Fatal(err)
		}
		if got := of(r, notAfter, address, sni); got != float64(end.Unix()) {
			t.Errorf("%s %s: until %v, openssl says %v", address, sni, got, end)
		}
		covered := 0.0
		if slices.Contains(strings.Split(strings.ReplaceAll(match(t, `(DNS:.+)`, text), " ", ""), ","), "DNS:"+service) {
			covered = 1
		}
		if got := of(r, nameCovered, address, sni); got != covered {
			t.Errorf("%s %s: covers %s: %v, openssl lists %s", address, sni, service, got, text)
		}
	}
}

// of is the value of a binding's metric, -1 when it is absent.
func of(r *result.Result, metric *result.Metric, address, sni string) float64 {
	for _, s := range r.Samples {
		if s.Metric == metric && s.Labels[0] == address && s.Labels[1] == sni {
			return s.Value
		}
	}
	return -1
}

func match(t testing.TB, expression string, text []byte) string {
	t.Helper()
	found := regexp.MustCompile(expression).FindSubmatch(text)
	if found == nil {
		t.Fatalf("openssl says nothing of %s:\n%s", expression, text)
	}
	return strings.TrimSpace(string(found[1]))
}

// respond has openssl answer OCSP requests, one process for each. Its own server reads the index before the test can know
// the address that the certificates in that index are to name.
func respond(t testing.TB, openssl, index, ca string) http.HandlerFunc {
	dir := t.TempDir()
	var n atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		asked := filepath.Join(dir, fmt.Sprintf("%d.request", n.Add(1)))
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.WriteFile(asked, body, 0o600)
		}
		if err == nil {
			err = exec.CommandContext(r.Context(), openssl, "ocsp", "-index", index, "-rsigner", ca, "-CA", ca, "-ndays", "1", "-reqin", asked, "-respout", asked+".response").Run() // #nosec G204 -- the test's own
		}
		if err != nil {
			t.Errorf("openssl ocsp: %v", err)
		}
		http.ServeFile(w, r, asked+".response")
	}
}

// TestRealRevocation: a list that openssl made, and responses that it made.
func TestRealRevocation(t *testing.T) {
	t.Parallel()
	openssl := servers.Need(t, "openssl")
	root := newRoot(t, "root")
	dir := t.TempDir()
	ca := keep(t, tls.Certificate{Certificate: [][]byte{root.cert.Raw}, PrivateKey: root.key})
	lists := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(lists.Close)
	index := filepath.Join(dir, "index.txt")
	write(t, index, nil)
	write(t, index+".attr", []byte("unique_subject = no\n"))
	responder := httptest.NewServer(respond(t, openssl, index, ca))
	t.Cleanup(responder.Close)
	certificates := map[string]tls.Certificate{}
	var entries strings.Builder
	issue := func(state string) {
		template := mailTemplate()
		template.CRLDistributionPoints = []string{lists.URL + "/root.crl"}
		template.OCSPServer = []string{responder.URL}
		pair := root.issue(t, template)
		certificates[state] = pair
		until, revoked := pair.Leaf.NotAfter.UTC().Format("060102150405Z"), ""
		if state == "R" {
			revoked = time.Now().Add(-time.Hour).UTC().Format("060102150405Z")
		}
		hex := strings.ToUpper(pair.Leaf.SerialNumber.Text(16))
		if len(hex)%2 == 1 {
			hex = "0" + hex
		}
		fmt.Fprintf(&entries, "%s\t%s\t%s\t%s\tunknown\t/CN=%s\n", state, until, revoked, hex, service)
	}
	issue("V")
	issue("R")
	write(t, index, []byte(entries.String()))
	conf := filepath.Join(dir, "ca.cnf")
	write(t, conf, fmt.Appendf(nil, "[ca]\ndefault_ca = x\n[x]\ndatabase = %s\ndefault_md = sha256\ndefault_crl_days = 1\ncrl_extensions = e\n[e]\nauthorityKeyIdentifier = keyid\n", index))
	gencrl := exec.CommandContext(t.Context(), openssl, "ca", "-config", conf, "-gencrl", "-cert", ca, "-keyfile", ca, "-out", filepath.Join(dir, "root.crl")) // #nosec G204
	if said, err := gencrl.CombinedOutput(); err != nil {
		t.Fatalf("openssl ca: %v: %s", err, said)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "root.crl")); err != nil || !strings.HasPrefix(string(text), "-----BEGIN X509 CRL") {
		t.Fatalf("the list that openssl made: %v", err)
	}
	for state, want := range map[string]float64{"V": 0, "R": 1} {
		d := door(t, "127.0.0.1:0", shows(certificates[state]), nil)
		r := survey{target: on(d), resolver: leads(d), roots: root.pem(), outside: true, settings: func(s *Settings) { s.Revocation = true }}.probe(t)
		wantValue(t, r, want, "probe_ssl_binding_revoked", service)
		wantValue(t, r, 1, "probe_ssl_revocation_reachable", "crl")
		wantValue(t, r, 1, "probe_ssl_revocation_reachable", "ocsp")
		for _, s := range r.Steps {
			if s.Failure != nil && want == 0 {
				t.Errorf("step %s: %v", s.Name, s.Failure)
			}
		}
	}
}
