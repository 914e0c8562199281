package smtp_test

import (
	"context"
	"net"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// value is that of a sample with this label, -1 where it is absent.
func value(r *result.Result, metric, label string) float64 {
	for _, s := range r.Samples {
		if s.Name == metric && (label == "" || s.Labels[0] == label) {
			return s.Value
		}
	}
	return -1
}

// TestPostfix: a real server in the ways that it is run, and what its settings take away.
func TestPostfix(t *testing.T) {
	t.Parallel()
	pair := issued(t, "mx.contoso.test", "127.0.0.1").Certificates[0]
	for name, tt := range map[string]struct {
		postfix        servers.Postfix
		more, settings string
		outcome        string
		findings       []string
		metrics        map[string]float64 // of probe_smtp_capability
	}{
		"as it comes": {servers.Postfix{}, "", "expected_names: [mx.contoso.test], expected_capabilities: [dsn, chunking]", "none", nil,
			map[string]float64{"starttls": 1, "pipelining": 1, "size": 1, "8bitmime": 1, "smtputf8": 1, "x-exps": 0}},
		"TLS from the start":            {servers.Postfix{Options: "-o smtpd_tls_wrappermode=yes"}, "", "security: implicit", "none", nil, map[string]float64{"starttls": 0, "size": 1}},
		"TLS from the start, not asked": {servers.Postfix{Options: "-o smtpd_tls_wrappermode=yes"}, "timeout: 12s, ", "", "receive/timeout", nil, nil},
		"without STARTTLS":              {servers.Postfix{Main: "smtpd_discard_ehlo_keywords = starttls, dsn"}, "", "", "tls/starttls_not_offered", []string{"smtp_starttls_missing"}, map[string]float64{"starttls": 0, "dsn": 0, "size": 1}},
		"a capability taken out":        {servers.Postfix{Main: "smtpd_discard_ehlo_keywords = dsn"}, "", "expected_capabilities: [dsn]", "content/capability_missing", []string{"smtp_capability_missing"}, map[string]float64{"dsn": 0, "starttls": 1}},
		"a mail begun":                  {servers.Postfix{}, "targets: [127.0.0.1], ", "mail_from: true", "none", nil, nil},
		"that wants good names":         {servers.Postfix{Main: "smtpd_delay_reject = no\nsmtpd_helo_required = yes\nsmtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname"}, "", "", "none", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.postfix.Certificate = pair
			res := ask(t, module(t, tt.more, tt.settings), tt.postfix.Start(t))
			if got := outcome(res); got != tt.outcome || !slices.Equal(codes(res), append([]string{}, tt.findings...)) {
				t.Fatalf("%s, %v (%v), want %s, %v", got, codes(res), res.Failure, tt.outcome, tt.findings)
			}
			for capability, want := range tt.metrics {
				if got := value(res, "probe_smtp_capability", capability); got != want {
					t.Errorf("%s: %v, want %v", capability, got, want)
				}
			}
			if name == "TLS from the start, not asked" {
				if !strings.Contains(res.Failure.Message, "speaks TLS from the start") {
					t.Errorf("no hint: %v", res.Failure)
				}
				return
			}
			if who := res.Deciding.Origin; who.Kind != origin.MailServer || who.Product != "postfix" {
				t.Errorf("answered by %+v", who)
			}
		})
	}
}

// TestPostscreen: a real server that lets clients wait before it greets, and says so at once.
func TestPostscreen(t *testing.T) {
	t.Parallel()
	p := servers.Postfix{
		Certificate: issued(t, "mx.contoso.test", "127.0.0.1").Certificates[0], Screen: true,
		Main: "postscreen_greet_action = enforce\npostscreen_greet_wait = 3s\npostscreen_access_list =\n",
	}
	res := ask(t, module(t, "", "security: none"), p.Start(t))
	if outcome(res) != "none" {
		t.Fatalf("%v", res.Failure)
	}
	if took := value(res, "probe_smtp_greeting_seconds", ""); took < 2.5 {
		t.Errorf("the greeting came after %v s", took)
	}
	if heard := float64(*res.Deciding.Heard); heard > 2 {
		t.Logf("the first byte came after %v s", heard)
	}
}

// TestExim: another real server.
func TestExim(t *testing.T) {
	t.Parallel()
	address := servers.StartExim(t, issued(t, "mx.contoso.test", "127.0.0.1").Certificates[0])
	res := ask(t, module(t, "targets: [127.0.0.1], ", "mail_from: true, expected_capabilities: [pipelining]"), address)
	if outcome(res) != "none" {
		t.Fatalf("%v", res.Failure)
	}
	if who := res.Deciding.Origin; who.Kind != origin.MailServer || who.Product != "exim" || value(res, "probe_smtp_capability", "starttls") != 1 {
		t.Errorf("answered by %+v", who)
	}
}

// TestSink: Postfix's smtp-sink refuses at will.
func TestSink(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args, settings string
		outcome        string
		findings       []string
	}{
		"takes everything": {"", "security: none, mail_from: true", "none", nil},
		"hangs up at once": {"-q connect", "security: none, mail_from: true", "receive/closed", []string{"smtp_no_greeting"}},
		"hangs up at EHLO": {"-q ehlo", "security: none, mail_from: true", "receive/closed", nil},
		"refuses MAIL":     {"-r mail", "security: none, mail_from: true", "status/mail_refused", nil},
		"refuses EHLO":     {"-f ehlo", "security: none, mail_from: true", "status/ehlo_refused", nil},
		"hangs up at MAIL": {"-q mail", "security: none, mail_from: true", "receive/closed", nil},
		"hangs up at QUIT": {"-q quit", "security: none, mail_from: true", "none", nil},
		"offers no TLS":    {"", "security: starttls, mail_from: true", "tls/starttls_not_offered", []string{"smtp_starttls_missing"}},
		"knows no EHLO":    {"-e", "security: none, mail_from: true", "status/ehlo_refused", nil},
		"takes its time":   {"-w 1", "security: none, mail_from: true", "none", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := ask(t, module(t, "targets: [127.0.0.1], ", tt.settings), servers.StartSink(t, strings.Fields(tt.args)...))
			if got := outcome(res); got != tt.outcome || !slices.Equal(codes(res), append([]string{}, tt.findings...)) {
				t.Errorf("%s, %v (%v), want %s, %v", got, codes(res), res.Failure, tt.outcome, tt.findings)
			}
		})
	}
}

// TestSwaksJudgesTheSimulation: a real client gets along with the simulated servers as it would with real ones.
func TestSwaksJudgesTheSimulation(t *testing.T) {
	t.Parallel()
	swaks := servers.Need(t, "swaks")
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{"smtp-healthy", "smtp-inspected", "smtp-mailguard", "smtp-inactive"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	for name, tt := range map[string]struct {
		args  string
		well  bool
		shows []string
		lacks string
	}{
		"smtp-healthy":   {"--tls --quit-after EHLO", true, []string{"TLS started", "X-ANONYMOUSTLS", "~> EHLO", "AUTH NTLM LOGIN", "<~  221 2.0.0"}, "** "},
		"smtp-inspected": {"--quit-after EHLO", true, []string{"220 ****", "XXXXXXXA", "PIPELINING"}, "STARTTLS"},
		"smtp-mailguard": {"--quit-after EHLO", true, []string{"500 5.3.3", "HELO"}, "XRDST"},
		"smtp-inactive":  {"--quit-after EHLO", false, []string{"421 4.3.2"}, "EHLO"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenario, _ := site.Scenario(name)
			host, port, _ := net.SplitHostPort(scenario.Address)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			args := append([]string{"--server", host, "--port", port, "--ehlo", "probe.contoso.test"}, strings.Fields(tt.args)...)
			said, err := exec.CommandContext(ctx, swaks, args...).CombinedOutput() // #nosec G204 -- the test's own
			if (err == nil) != tt.well {
				t.Errorf("swaks: %v\n%s", err, said)
			}
			for _, text := range tt.shows {
				if !strings.Contains(string(said), text) {
					t.Errorf("no %q in\n%s", text, said)
				}
			}
			if tt.lacks != "" && strings.Contains(string(said), tt.lacks) {
				t.Errorf("%q in\n%s", tt.lacks, said)
			}
		})
	}
}
