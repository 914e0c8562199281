package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestRelayCheck: by hand, for one module that speaks SMTP; the same module by itself names no recipient.
func TestRelayCheck(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	tls, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	all := labs.All()
	mail := all[slices.IndexFunc(all, func(p lab.Part) bool {
		_, checks := definition(p).New().(prober.RelayChecker)
		return checks
	})]
	file, ca := filepath.Join(t.TempDir(), "c.yml"), filepath.Join(t.TempDir(), "ca.pem")
	text := "modules: {mail: " + flowOf(mail, mail.Least, "ip_protocol: ip4", "tls_config: {ca_file: "+ca+"}") + ", other: " + flow() + "}\npolicy: {allow: [127.0.0.0/8]}\n"
	for name, content := range map[string]string{file: text, ca: string(authority.PEM())} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	relay := func(rcpt string) *lab.Script {
		var steps []lab.Step
		for _, reply := range []string{"220 mail.contoso.test", "250 mail.contoso.test", "250 2.1.0 OK", rcpt, "250 2.0.0 OK", "221 bye"} {
			steps = append(steps, lab.Write(reply+"\r\n"), lab.ReadLine)
		}
		return lab.ServeTLS(t, tls, steps...)
	}
	open, closed, plain := relay("250 2.1.5 OK"), relay("550 5.7.1 Unable to relay"), relay("")
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an open relay":     {[]string{"mail", open.Addr(), "--relay-check"}, exitFailed, "smtp_open_relay"},
		"a closed one":      {[]string{"mail", closed.Addr(), "--relay-check"}, exitOK, "550 5.7.1 Unable to relay"},
		"not asked for":     {[]string{"mail", plain.Addr()}, exitOK, "Succeeded"},
		"another prober":    {[]string{"other", plain.Addr(), "--relay-check"}, exitUsage, "--relay-check is for modules that speak SMTP"},
		"of every module":   {[]string{"--all", plain.Addr(), "--relay-check"}, exitUsage, "--relay-check is for one module"},
		"a logon for all":   {[]string{"--all", plain.Addr(), "--username", "me"}, exitUsage, "--username is for one module"},
		"an unknown module": {[]string{"mial", plain.Addr(), "--relay-check"}, exitUsage, "unknown module"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			code := run(t.Context(), append([]string{"probe", "--config.file", file}, tt.args...), strings.NewReader(""), &out, &out)
			if code != tt.code || !strings.Contains(out.String(), tt.says) {
				t.Errorf("exit %d, want %d with %q:\n%s", code, tt.code, tt.says, out.String())
			}
		})
	}
	t.Cleanup(func() {
		for who, said := range map[string]string{"open": open.Received(0), "closed": closed.Received(0)} {
			if strings.Count(said, "RCPT TO:<ews-exporter@relay-check.example.invalid>") != 1 || strings.Contains(said, "DATA") {
				t.Errorf("said to the %s one: %q", who, said)
			}
		}
		if said := plain.Received(0); strings.Contains(said, "MAIL") {
			t.Errorf("said without --relay-check: %q", said)
		}
	})
}
