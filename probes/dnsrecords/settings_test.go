package dnsrecords_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes/dnsrecords"
)

// deadline bounds a wait of the tests' own.
func deadline() time.Time { return time.Now().Add(2 * time.Second) }

// TestMistakesInSettings: each is told by its field, and what is right is taken in every usual spelling.
func TestMistakesInSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ keys, says string }{
		"as it comes":                          {"targets: [contoso.com]", ""},
		"a name with its last dot":             {"targets: [contoso.com], dns_records: {records: [{name: DZC.contoso.com., type: txt}], servers: ['192.0.2.53', 'ns1.contoso.com.', '192.0.2.53:5353', '[2001:db8::53]:53']}", ""},
		"no targets":                           {"timeout: 10s", "targets: required, because of the questions"},
		"a type that is none":                  {"targets: [contoso.com], dns_records: {records: [{name: contoso.com, type: TEXT}]}", "records[0].type"},
		"a type that stands for all":           {"targets: [contoso.com], dns_records: {records: [{name: contoso.com, type: ANY}]}", "records[0].type"},
		"a transfer":                           {"targets: [contoso.com], dns_records: {records: [{name: contoso.com, type: AXFR}]}", "records[0].type"},
		"an expectation that no MX record has": {"targets: [contoso.com], dns_records: {records: [{name: contoso.com, type: MX, expect: mail.contoso.com}]}", "10 mail.contoso.com"},
		"an address that is none":              {"targets: [contoso.com], dns_records: {records: [{name: contoso.com, type: A, expect: 192.0.2.300}]}", "records[0].expect"},
		"the same record twice":                {"targets: [contoso.com], dns_records: {records: [{name: contoso.com, type: A}, {name: contoso.com., type: a}]}", "records[1]"},
		"a server twice":                       {"targets: [contoso.com], dns_records: {servers: ['192.0.2.53', '192.0.2.53:53']}", "servers[1]"},
		"a URL as a server":                    {"targets: [contoso.com], dns_records: {servers: ['https://192.0.2.53/']}", "servers[0]"},
		"a name as the recursive server":       {"targets: [contoso.com], dns_records: {nameserver: ns1.contoso.com}", "nameserver"},
		"nothing to ask for":                   {"targets: [contoso.com], dns_records: {mail_domain: false}", "records: needs one entry at least"},
		"too many records":                     {"targets: [contoso.com], dns_records: {records: [" + manyRecords(13) + "]}", "13 entries: at most 12"},
		"an auth":                              {"targets: [contoso.com], auth: a", "auth"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "ews_exporter.yml")
			if err := os.WriteFile(file, []byte("modules: {m: {prober: dns_records, "+tt.keys+"}}\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load([]string{file}, []prober.Definition{dnsrecords.Definition})
			switch {
			case tt.says == "" && err != nil:
				t.Error(err)
			case tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("%v, want %q", err, tt.says)
			}
		})
	}
}

func manyRecords(n int) string { return manyRecordsOf("contoso.com", n) }

func manyRecordsOf(domain string, n int) string {
	var list []string
	for i := range n {
		list = append(list, "{name: x"+string(rune('a'+i))+"."+domain+", type: A}")
	}
	return strings.Join(list, ", ")
}

// TestTargets: a domain, or a mail address in it; whatever else is refused before a packet is sent.
func TestTargets(t *testing.T) {
	t.Parallel()
	cfg := module(t, "targets: [contoso.test, '*.contoso.test']", "dns_records: {servers: [192.0.2.53], records: [{name: www.contoso.test, type: A}]}")
	for target, tt := range map[string]struct {
		hostname string
		status   int
	}{
		"192.0.2.1":            {"", 400},
		"contoso.test":         {"mail.contoso.test", 400},
		"contoso.test:443":     {"", 400},
		"https://contoso.test": {"", 400},
		"sub.contoso.test":     {"", 400}, // which the configured record is not in
		"fabrikam.test":        {"", 400},
		"test":                 {"", 403}, // none of the module's targets
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)})
			_, err := r.Probe(t.Context(), runner.Request{Module: "dns_records", Target: target, Hostname: tt.hostname})
			refusal, ok := err.(*runner.Refusal) //nolint:errorlint // as it is given
			if !ok || refusal.Status != tt.status {
				t.Errorf("%v, want status %d", err, tt.status)
			}
		})
	}
}

// TestWithoutTargets: a configuration that was made without a file has no targets, so that nobody may have it asked for a domain of
// their choice.
func TestWithoutTargets(t *testing.T) {
	t.Parallel()
	cfg := config.Default([]prober.Definition{dnsrecords.Definition})
	r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)})
	_, err := r.Probe(t.Context(), runner.Request{Module: "dns_records", Target: "contoso.test"})
	refusal, ok := err.(*runner.Refusal) //nolint:errorlint // as it is given
	if !ok || refusal.Status != 403 {
		t.Errorf("%v, want status 403", err)
	}
}
