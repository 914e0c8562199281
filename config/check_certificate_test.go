package config_test

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/probes"
)

// issue makes a client's certificate that ends after so many days.
func issue(t *testing.T, days int, usage x509.ExtKeyUsage) tls.Certificate {
	t.Helper()
	a, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := a.IssueAs(func(c *x509.Certificate) {
		c.NotAfter = time.Now().AddDate(0, 0, days).Add(time.Hour)
		c.ExtKeyUsage = []x509.ExtKeyUsage{usage}
	}, "probe")
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func certPEM(pair tls.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
}

func keyPEM(t *testing.T, pair tls.Certificate, kind string) string {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(pair.PrivateKey.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// TestClientCertificate: each mistake in a client's certificate is told at its field, and what is doubtful is warned of.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	const (
		files = "cert_file: own.crt, key_file: own.key, "
		line  = "ews.yml:2: auths.own."
	)
	good := issue(t, 200, x509.ExtKeyUsageClientAuth)
	cert, key := certPEM(good), keyPEM(t, good, "EC PRIVATE KEY")
	both := map[string]string{"own.crt": cert, "own.key": key}
	shown := func(pair tls.Certificate) map[string]string {
		return map[string]string{"own.crt": certPEM(pair), "own.key": keyPEM(t, pair, "EC PRIVATE KEY")}
	}
	for name, tt := range map[string]struct {
		keys  string
		files map[string]string
		want  string // of the only mistake, or with (warning) of the only warning; empty for none
	}{
		"alone":                    {files, both, ""},
		"beside basic":             {files + "schemes: [basic], username: me, password: S3cret-word, ", both, ""},
		"in one file":              {"cert_file: own.crt, key_file: own.crt, ", map[string]string{"own.crt": cert + key}, ""},
		"with its issuer":          {files, map[string]string{"own.crt": cert + certPEM(issue(t, 9, x509.ExtKeyUsageAny)), "own.key": key}, ""},
		"no key_file":              {"cert_file: own.crt, ", both, line + "key_file: required beside cert_file"},
		"no cert_file":             {"key_file: own.key, ", both, line + "cert_file: required beside key_file"},
		"no certificate there":     {files, map[string]string{"own.key": key}, line + "cert_file: the file cannot be used: no such file or directory"},
		"no key there":             {files, map[string]string{"own.crt": cert}, line + "key_file: the file cannot be used: no such file or directory"},
		"not in PEM":               {files, map[string]string{"own.crt": string(good.Certificate[0]), "own.key": key}, line + "cert_file: the file cannot be used: it holds no certificate in PEM"},
		"the key in both":          {files, map[string]string{"own.crt": key, "own.key": key}, line + "cert_file: the file cannot be used: it holds no certificate in PEM"},
		"malformed":                {files, map[string]string{"own.crt": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "own.key": key}, line + "cert_file: the file cannot be used: its first certificate is malformed"},
		"the certificate in both":  {files, map[string]string{"own.crt": cert, "own.key": cert}, line + "key_file: the file cannot be used: it holds no private key in PEM"},
		"another's key":            {files, map[string]string{"own.crt": cert, "own.key": keyPEM(t, issue(t, 200, x509.ExtKeyUsageClientAuth), "EC PRIVATE KEY")}, line + "key_file: the file cannot be used: it is the key of another certificate than the one in cert_file"},
		"an encrypted key":         {files, map[string]string{"own.crt": cert, "own.key": keyPEM(t, good, "ENCRYPTED PRIVATE KEY")}, line + "key_file: the file cannot be used: the key is encrypted"},
		"a key of the old sort":    {files, map[string]string{"own.crt": cert, "own.key": strings.Replace(key, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", 1)}, line + "key_file: the file cannot be used: the key is encrypted"},
		"no key at all":            {files, map[string]string{"own.crt": cert, "own.key": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}, line + "key_file: the file cannot be used: it holds no private key that can be read"},
		"expired":                  {files, shown(issue(t, -3, x509.ExtKeyUsageClientAuth)), line + "cert_file: the certificate expired 20 (warning)"},
		"expires soon":             {files, shown(issue(t, 20, x509.ExtKeyUsageClientAuth)), line + "cert_file: the certificate expires 20 (warning)"},
		"for servers alone":        {files, shown(issue(t, 200, x509.ExtKeyUsageServerAuth)), line + "cert_file: the certificate names what it may be used for, and client authentication (warning)"},
		"a password besides":       {files + "username: me, password: S3cret-word, ", both, line + "schemes: required"},
		"kerberos besides":         {files + "kerberos: {realm: CONTOSO.COM, kdcs: [dc1]}, ", both, line + "kerberos: is of no use without negotiate"},
		"beside bearer, and fine ": {files + "schemes: [bearer], token_file: own.key, ", both, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got := said(t, dir, fmt.Sprintf("auths:\n  own: {%stargets: [mail.contoso.com]}\nmodules:\n  m: {prober: ssl_binding}\npolicy: {allow: [mail.contoso.com]}\n", tt.keys))
			if tt.want == "" && got != "" || !matches(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if strings.Contains(got, dir+"/own") || strings.Contains(got, "AAAA") {
				t.Errorf("it quotes what stands under auths, or in the file: %q", got)
			}
		})
	}
}

// matches tells whether what was said has all parts of what was to be: the beginning, and (warning) at the end.
func matches(got, want string) bool {
	text, warning := strings.CutSuffix(want, " (warning)")
	return strings.HasPrefix(got, text) && warning == strings.HasSuffix(got, " (warning)") && strings.Count(got, "\n") == 0
}

// said is what loading a configuration says, one mistake or warning a line, the file by its name alone.
func said(t *testing.T, dir, text string) string {
	t.Helper()
	file := filepath.Join(dir, "ews.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load([]string{file}, probes.All())
	if err != nil {
		return strings.ReplaceAll(err.Error(), dir+"/ews", "ews")
	}
	var lines []string
	for _, w := range c.Warnings {
		lines = append(lines, strings.ReplaceAll(w.String(), dir+"/ews", "ews")+" (warning)")
	}
	return strings.Join(lines, "\n")
}

// TestClientCertificateReadByAll: a key that everybody can read is warned of.
func TestClientCertificateReadByAll(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a file's mode says nothing there")
	}
	dir, good := t.TempDir(), issue(t, 200, x509.ExtKeyUsageClientAuth)
	for file, text := range map[string]string{"own.crt": certPEM(good), "own.key": keyPEM(t, good, "EC PRIVATE KEY")} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil { //nolint:gosec // that is the mistake
			t.Fatal(err)
		}
	}
	got := said(t, dir, "auths:\n  own: {cert_file: own.crt, key_file: own.key, targets: [mail.contoso.com]}\nmodules:\n  m: {prober: ssl_binding}\npolicy: {allow: [mail.contoso.com]}\n")
	if want := "ews.yml:2: auths.own.key_file: the file can be read by everybody on this machine; chmod o-r takes that away (warning)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestCertificateAloneForWhoNeverLogsOn: whoever speaks TLS may show a certificate, and nothing else goes with one that logs on
// nowhere.
func TestCertificateAloneForWhoNeverLogsOn(t *testing.T) {
	t.Parallel()
	dir, good := t.TempDir(), issue(t, 200, x509.ExtKeyUsageClientAuth)
	for file, text := range map[string]string{"own.crt": certPEM(good), "own.key": keyPEM(t, good, "EC PRIVATE KEY")} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const text = "auths:\n  own: {cert_file: own.crt, key_file: own.key, %stargets: [mail.contoso.com]}\nmodules:\n  m: {prober: %s, auth: own}\npolicy: {allow: [mail.contoso.com]}\n"
	for _, d := range probes.All() {
		got := said(t, dir, fmt.Sprintf(text, "", d.Name))
		if strings.Contains(got, "auth") {
			t.Errorf("%s, with a certificate alone: %q", d.Name, got)
		}
		got = said(t, dir, fmt.Sprintf(text, "schemes: [basic], username: me, password: S3cret-word, ", d.Name))
		if refused := strings.Contains(got, "never logs on; leave the auth out"); refused != d.NoLogon {
			t.Errorf("%s, with a password beside it: %q", d.Name, got)
		}
	}
}
