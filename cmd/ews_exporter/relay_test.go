package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// TestRelayCheck: by hand, for one module that speaks SMTP; the same module by itself names no recipient.
func TestRelayCheck(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "c.yml")
	text := "modules: {smtp: {prober: smtp, ip_protocol: ip4, smtp: {security: none}}, expect_continue: {prober: expect_continue}}\npolicy: {allow: [127.0.0.0/8]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	relay := func(rcpt string) *lab.Script {
		var steps []lab.Step
		for _, reply := range []string{"220 mail.contoso.test", "250 mail.contoso.test", "250 2.1.0 OK", rcpt, "250 2.0.0 OK", "221 bye"} {
			steps = append(steps, lab.Write(reply+"\r\n"), lab.ReadLine)
		}
		return lab.Serve(t, steps...)
	}
	open, closed, plain := relay("250 2.1.5 OK"), relay("550 5.7.1 Unable to relay"), relay("")
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an open relay":     {[]string{"smtp", open.Addr(), "--relay-check"}, exitFailed, "smtp_open_relay"},
		"a closed one":      {[]string{"smtp", closed.Addr(), "--relay-check"}, exitOK, "550 5.7.1 Unable to relay"},
		"not asked for":     {[]string{"smtp", plain.Addr()}, exitOK, "Succeeded"},
		"another prober":    {[]string{"expect_continue", plain.Addr(), "--relay-check"}, exitUsage, "--relay-check is for modules that speak SMTP"},
		"of every module":   {[]string{"--all", plain.Addr(), "--relay-check"}, exitUsage, "--relay-check is for one module"},
		"a logon for all":   {[]string{"--all", plain.Addr(), "--username", "me"}, exitUsage, "--username is for one module"},
		"an unknown module": {[]string{"smpt", plain.Addr(), "--relay-check"}, exitUsage, "unknown module"},
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
