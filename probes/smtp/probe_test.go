package smtp_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/internal/wire"
	"github.com/ews-exporter/ews_exporter/probes/smtp"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// over is a runner with a configuration.
func over(cfg *config.Config) *runner.Runner {
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
		MaxProbesPerAddress: 100,
	})
}

// module is a configuration with one module of the prober; more are keys of it, settings those below the prober's own.
func module(t testing.TB, more, settings string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	if !strings.Contains(more, "timeout") {
		more += "timeout: 6s, "
	}
	text := fmt.Sprintf("modules: {m: {prober: smtp, ip_protocol: ip4, %s tls_config: {ca_file: ca.pem}, smtp: {ehlo: probe.contoso.test, %s}}}\npolicy: {allow: [127.0.0.0/8]}\n", more, settings)
	for name, content := range map[string]string{"ca.pem": string(authority().PEM()), "c.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "c.yml")}, []prober.Definition{smtp.Definition})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func ask(t testing.TB, cfg *config.Config, target string) *result.Result {
	t.Helper()
	answer, err := over(cfg).Probe(t.Context(), runner.Request{Module: "m", Target: target})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// authority is that of all servers; making one takes time.
var authority = sync.OnceValue(func() *lab.Authority {
	a, err := lab.NewAuthority()
	if err != nil {
		panic(err)
	}
	return a
})

// shows is the TLS of a server with this certificate.
func shows(pair tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// issued is a server's certificate.
func issued(t testing.TB, names ...string) *tls.Config {
	t.Helper()
	pair, err := authority().Issue(time.Now().AddDate(0, 6, 0), names...)
	if err != nil {
		t.Fatal(err)
	}
	return shows(pair)
}

// selfSigned is one that a server signed itself.
func selfSigned(t testing.TB, until time.Time, name string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().AddDate(-1, 0, 0), NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return shows(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
}

// says has each of these said in answer to a line, the first one unasked.
func says(replies ...string) []lab.Step {
	var steps []lab.Step
	for i, r := range replies {
		if i > 0 {
			steps = append(steps, lab.ReadLine)
		}
		steps = append(steps, lab.Write(strings.ReplaceAll(r, "\n", "\r\n")+"\r\n"))
	}
	return steps
}

const (
	greets = "220 mail.contoso.test ESMTP"
	offers = "250-mail.contoso.test Hello\n250-SIZE\n250 STARTTLS"
	over2  = "250-mail.contoso.test Hello\n250-SIZE 1000\n250 AUTH NTLM LOGIN"
)

// upgraded is a server up to its second answer to EHLO, and beyond.
func upgraded(secure *tls.Config, then ...string) []lab.Step {
	steps := append(says(greets, offers, "220 go"), lab.Secure(secure), lab.ReadLine, lab.Write(strings.ReplaceAll(over2, "\n", "\r\n")+"\r\n"))
	for _, r := range then {
		steps = append(steps, lab.ReadLine, lab.Write(r+"\r\n"))
	}
	return append(steps, lab.ReadLine, lab.Write("221 bye\r\n"))
}

// TestWhatIsSaid: no more than what a probe needs, over one connection, with a farewell, and never a mail.
func TestWhatIsSaid(t *testing.T) {
	t.Parallel()
	const targets = "targets: [127.0.0.1], "
	for name, tt := range map[string]struct {
		more, settings string
		replies        []string
		said           string
	}{
		"clear text": {"", "security: none", []string{greets, offers, "221 bye"}, "EHLO probe.contoso.test\nQUIT\n"},
		"a mail begun": {targets, "security: none, mail_from: true", []string{greets, offers, "250 2.1.0 Sender OK", "250 2.0.0 Resetting", "221 bye"},
			"EHLO probe.contoso.test\nMAIL FROM:<>\nRSET\nQUIT\n"},
		"a mail refused":    {targets, "security: none, mail_from: true", []string{greets, offers, "452 4.3.1 Insufficient system resources", "221 bye"}, "EHLO probe.contoso.test\nMAIL FROM:<>\nQUIT\n"},
		"not wanted":        {"", "security: none", []string{"554 no", "221 bye"}, "QUIT\n"},
		"closing":           {"", "security: none", []string{"421 4.3.2 Service not active"}, ""},
		"no STARTTLS":       {"", "security: starttls", []string{greets, "250 SIZE", "221 bye"}, "EHLO probe.contoso.test\nQUIT\n"},
		"STARTTLS refused":  {"", "security: starttls", []string{greets, offers, "454 no", "221 bye"}, "EHLO probe.contoso.test\nSTARTTLS\nQUIT\n"},
		"what is no SMTP":   {"", "security: starttls", []string{"SSH-2.0-OpenSSH_9.2p1"}, ""},
		"a silent farewell": {"", "security: none", []string{greets, offers}, "EHLO probe.contoso.test\nQUIT\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := lab.Serve(t, append(says(tt.replies...), lab.Hang)...)
			ask(t, module(t, tt.more, tt.settings), server.Addr())
			time.Sleep(20 * time.Millisecond) // what was said last may be on its way
			if got := strings.ReplaceAll(server.Received(0), "\r\n", "\n"); got != tt.said {
				t.Errorf("said %q, want %q", got, tt.said)
			}
			if n := server.Connections(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// TestCapabilitiesThatNobodyHas: a slip is warned of, and no mistake, for servers may offer anything.
func TestCapabilitiesThatNobodyHas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"startls": "did you mean starttls?", "aut ntlm": "did you mean auth?", "x-own-thing": "possible: 8bitmime", "auth ntlm": "", "STARTTLS": "",
	} {
		warnings := module(t, "", "expected_capabilities: ['"+text+"']").Warnings.Error()
		if (want == "") != (warnings == "") || !strings.Contains(warnings, want) {
			t.Errorf("%s: %q, want %q", text, warnings, want)
		}
	}
}

// TestVerdicts: what becomes of servers that differ in one thing.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	right := issued(t, "mail.contoso.test", "127.0.0.1")
	const mail = "targets: [127.0.0.0/8], "
	for name, tt := range map[string]struct {
		more, settings string
		steps          []lab.Step
		config         *tls.Config // TLS from the start
		outcome        string
		findings       []string
		tells          string // of the failure or a finding
	}{
		"right":                      {"", "", upgraded(right), nil, "none", nil, ""},
		"TLS from the start":         {"", "security: implicit", says(greets, over2, "221 bye"), right, "none", nil, ""},
		"clear text, asked with TLS": {"", "security: implicit", says(greets), nil, "tls/not_tls", nil, "security: starttls"},
		"an unknown issuer":          {"", "", upgraded(strange(t)), nil, "tls/certificate_authority", nil, ""},
		"another name":               {"", "", upgraded(issued(t, "other.contoso.test", "mail.contoso.test")), nil, "tls/certificate_name", nil, ""},
		"what is expected":           {"", `expected_capabilities: [STARTTLS, size, "auth ntlm", "auth login"], expected_names: [Mail.Contoso.test, 127.0.0.1]`, upgraded(right), nil, "none", nil, ""},
		"a capability missing":       {"", "expected_capabilities: [size, x-exps, auth gssapi]", upgraded(right), nil, "content/capability_missing", []string{"smtp_capability_missing"}, "does not offer X-EXPS, AUTH GSSAPI; it offers SIZE, STARTTLS, AUTH"},
		"a name missing":             {"", "expected_names: [mail.contoso.test, mx.contoso.test]", upgraded(right), nil, "content/name_missing", []string{"smtp_name_missing"}, "does not show the name mx.contoso.test"},
		"names that differ":          {"", "security: none", says("220 mx1.contoso.test ESMTP", "250-mx2.contoso.test Hello\n250 SIZE", "221 bye"), nil, "none", []string{"smtp_names_differ"}, "the greeting names mx1.contoso.test, the answer to EHLO names mx2.contoso.test"},
		"a certificate that differs": {"", "", upgraded(issued(t, "127.0.0.1")), nil, "none", []string{"smtp_names_differ"}, "the certificate is for 127.0.0.1"},
		"submission without a logon": {mail, "mail_from: true", upgraded(right, "530 5.7.57 Client not authenticated to send mail"), nil, "none", nil, ""},
		"back pressure":              {mail, "mail_from: true", upgraded(right, "452 4.3.1 Insufficient system resources"), nil, "none", []string{"smtp_back_pressure"}, "takes no mail"},
		"a mail refused":             {mail, "mail_from: true", upgraded(right, "550 5.7.1 no"), nil, "status/mail_refused", nil, "550 5.7.1 no"},
		"inactive at MAIL":           {mail, "mail_from: true", upgraded(right, "451 4.3.2 Service not active"), nil, "status/service_inactive", []string{"smtp_service_inactive"}, ""},
		"no resources to talk":       {"", "", says("421 4.3.1 Insufficient system resources"), nil, "status/insufficient_resources", []string{"smtp_back_pressure"}, "back pressure"},
		"an end at EHLO":             {"", "", append(says(greets), lab.ReadLine), nil, "receive/closed", nil, ""},
		"an end after STARTTLS":      {"", "", append(says(greets, offers, "220 go"), lab.Await), nil, "tls/closed", nil, ""},
		"an end after TLS":           {"", "", append(says(greets, offers, "220 go"), lab.Secure(right), lab.ReadLine), nil, "receive/closed", nil, ""},
		"421 over TLS":               {"", "", append(says(greets, offers, "220 go"), lab.Secure(right), lab.ReadLine, lab.Write("421 4.3.2 Service not active\r\n")), nil, "status/service_inactive", []string{"smtp_service_inactive"}, ""},
		"a reset in place of words":  {"", "", []lab.Step{lab.Wait(50 * time.Millisecond), lab.Reset}, nil, "receive/reset", []string{"smtp_no_greeting"}, "without a word"},
		"bare line feeds":            {"", "security: none", []lab.Step{lab.Write("220 mail.contoso.test\n"), lab.ReadLine, lab.Write("250-mail.contoso.test\n250 SIZE\n"), lab.ReadLine, lab.Write("221 bye\n")}, nil, "none", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := lab.ServeTLS(t, tt.config, tt.steps...)
			res := ask(t, module(t, tt.more, tt.settings), server.Addr())
			if got := outcome(res); got != tt.outcome || !slices.Equal(codes(res), append([]string{}, tt.findings...)) {
				t.Fatalf("%s, %v (%v), want %s, %v", got, codes(res), res.Failure, tt.outcome, tt.findings)
			}
			said := ""
			if res.Failure != nil {
				said = res.Failure.Message
			}
			for _, f := range res.Findings {
				said += "\n" + f.Sentence
			}
			if !strings.Contains(said, tt.tells) {
				t.Errorf("%q does not say %q", said, tt.tells)
			}
			for _, s := range res.Steps {
				if s.End < s.Start {
					t.Errorf("the step %s has no end", s.Name)
				}
			}
		})
	}
}

// TestCapabilities: what was offered before TLS counts, in a closed list.
func TestCapabilities(t *testing.T) {
	t.Parallel()
	server := lab.Serve(t, upgraded(issued(t, "mail.contoso.test", "127.0.0.1"))...)
	res := ask(t, module(t, "", ""), server.Addr())
	got := map[string]float64{}
	for _, s := range res.Samples {
		if s.Name == "probe_smtp_capability" {
			got[s.Labels[0]] = s.Value
		}
	}
	for name, want := range map[string]float64{"starttls": 1, "size": 1, "auth": 1, "x-exps": 0, "x-anonymoustls": 0, "xrdst": 0} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s: %v, %t, want %v", name, v, ok, want)
		}
	}
	if res.Deciding == nil || res.Deciding.Talk == nil || res.Deciding.Origin.Kind != origin.Unknown {
		t.Fatalf("deciding: %+v", res.Deciding)
	}
	secure := 0
	for _, line := range res.Deciding.Lines {
		if line.TLS {
			secure++
		}
	}
	if n := len(res.Deciding.Lines); secure != 6 || n != 13 {
		t.Errorf("%d lines, %d of them over TLS: %+v", n, secure, res.Deciding.Lines)
	}
}

// TestSelfSigned: what Exchange shows by itself on the ports between servers is no failure there, while it lasts.
func TestSelfSigned(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		address string
		config  *tls.Config
		outcome string
		finding string
	}{
		"between servers":            {"127.0.0.25:2525", selfSigned(t, time.Now().AddDate(4, 0, 0), "EX01"), "none", "smtp_certificate_self_signed"},
		"between servers, expired":   {"127.0.0.26:2525", selfSigned(t, time.Now().AddDate(0, 0, -1), "EX01"), "tls/certificate_expired", ""},
		"between servers, a strange": {"127.0.0.27:2525", strange(t), "tls/certificate_authority", ""},
		"elsewhere":                  {"127.0.0.1:0", selfSigned(t, time.Now().AddDate(4, 0, 0), "EX01"), "tls/certificate_name", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := lab.ServeAt(t, tt.address, nil, upgraded(tt.config))
			res := ask(t, module(t, "", ""), server.Addr())
			if got := outcome(res); got != tt.outcome || (tt.finding != "") != slices.Contains(codes(res), tt.finding) {
				t.Errorf("%s, %v (%v), want %s, %q", got, codes(res), res.Failure, tt.outcome, tt.finding)
			}
		})
	}
}

// strange is a certificate of an authority that nobody here knows.
func strange(t testing.TB) *tls.Config {
	t.Helper()
	other, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := other.Issue(time.Now().AddDate(0, 6, 0), "127.0.0.27", "127.0.0.1", "mail.contoso.test")
	if err != nil {
		t.Fatal(err)
	}
	return shows(pair)
}

// TestLateGreeting: a greeting in pieces is no failure while there is time, and its first byte is told from its last.
func TestLateGreeting(t *testing.T) {
	t.Parallel()
	pause := 300 * time.Millisecond
	server := lab.Serve(t, lab.Wait(pause), lab.Write("220-mail.contoso.test\r\n"), lab.Wait(pause), lab.Drip("220 mail.contoso.test\r\n", time.Millisecond),
		lab.ReadLine, lab.Write("250 mail.contoso.test\r\n"), lab.ReadLine, lab.Write("221 bye\r\n"))
	res := ask(t, module(t, "", "security: none"), server.Addr())
	if res.Failure != nil {
		t.Fatal(res.Failure)
	}
	for _, s := range res.Samples {
		if s.Name == "probe_smtp_greeting_seconds" && s.Value < 2*pause.Seconds() {
			t.Errorf("a greeting after %v s", s.Value)
		}
	}
	if heard := float64(*res.Deciding.Heard); heard < pause.Seconds() || heard > 1.9*pause.Seconds() {
		t.Logf("first byte after %v s", heard) // machines are busy
	}
}

// TestRelayCheck: only who asks for it by hand has a recipient named, and a mail is never sent.
func TestRelayCheck(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer, outcome, finding, said string
	}{
		"relays":     {"250 2.1.5 Recipient OK", "content/relays", "smtp_open_relay", "RCPT TO:<ews-exporter@relay-check.example.invalid>"},
		"relays not": {"550 5.7.1 Unable to relay", "none", "", "RCPT TO:<ews-exporter@relay-check.example.invalid>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := lab.Serve(t, says(greets, offers, "250 2.1.0 Sender OK", tt.answer, "250 2.0.0 Resetting", "221 bye")...)
			cfg := module(t, "", "security: none")
			plain, relay := cfg.Modules["m"].Settings, prober.Prober(nil)
			if checker, ok := plain.(prober.RelayChecker); ok {
				relay = checker.RelayCheck()
			}
			if bound, ok := relay.(prober.Bound); !ok || bound.WantsTargets() != "" || slices.Contains(plain.Plan(false), "smtp.rcpt") {
				t.Fatal("the check is not apart from the module")
			}
			cfg.Modules["m"].Settings = relay
			res := ask(t, cfg, server.Addr())
			if got := outcome(res); got != tt.outcome || (tt.finding != "") != slices.Contains(codes(res), tt.finding) {
				t.Errorf("%s, %v: %v", got, codes(res), res.Failure)
			}
			if said := server.Received(0); !strings.Contains(said, "\r\n"+tt.said+"\r\nRSET\r\n") || strings.Contains(said, "DATA") {
				t.Errorf("said %q", said)
			}
		})
	}
}

// TestRelayCheckThatProvesNothing: "Succeeded" would read as "does not relay".
func TestRelayCheckThatProvesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		mail, rcpt, undecided string
	}{
		"a logon comes first":     {"530 5.7.57 Client not authenticated", "", "Not tested: "},
		"back pressure":           {"452 4.3.1 Insufficient system resources", "", "Not tested: "},
		"a refusal for now":       {"250 2.1.0 Sender OK", "450 4.7.1 Greylisted", "Not decided: "},
		"a refusal that is final": {"250 2.1.0 Sender OK", "550 5.7.1 Unable to relay", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			replies := []string{greets, offers, tt.mail}
			if tt.rcpt != "" {
				replies = append(replies, tt.rcpt, "250 2.0.0 Resetting")
			}
			server := lab.Serve(t, says(append(replies, "221 bye")...)...)
			cfg := module(t, "", "security: none")
			checker, ok := cfg.Modules["m"].Settings.(prober.RelayChecker)
			if !ok {
				t.Fatal("smtp has no relay check")
			}
			cfg.Modules["m"].Settings = checker.RelayCheck()
			res := ask(t, cfg, server.Addr())
			if !res.Success() || !strings.HasPrefix(res.Undecided, tt.undecided) || (tt.undecided == "") != (res.Undecided == "") {
				t.Errorf("%q, %v", res.Undecided, res.Failure)
			}
			if tt.undecided != "" && !strings.Contains(res.Undecided, "("+tt.rcpt) && !strings.Contains(res.Undecided, tt.mail) {
				t.Errorf("%q does not say what was answered", res.Undecided)
			}
		})
	}
}

// TestMarkedSecrets: whatever a probe knows to be secret stands in no report, also where a mail server says it in its
// replies: as it is, in base64, in hex.
func TestMarkedSecrets(t *testing.T) {
	t.Parallel()
	const marker = "S3cret-Marker-of-the-Test"
	encoded, inHex := base64.StdEncoding.EncodeToString([]byte("x"+marker+"yz")), hex.EncodeToString([]byte(marker))
	core := base64.StdEncoding.EncodeToString([]byte(marker))[2:20]
	server := lab.Serve(t, says("220 "+marker+".contoso.test "+marker, "250-mail.contoso.test "+marker+"\n250-X-"+marker+"\n250-AUTH "+encoded+"\n250 "+inHex,
		"454 4.7.0 "+marker+" "+strings.ToUpper(inHex))...)
	res := &result.Result{Start: time.Now(), Module: "m", Prober: "smtp", Target: server.Addr(), Decides: result.ByTLS}
	redactor := &secret.Redactor{}
	redactor.Add(marker)
	where, err := target.ParseAs("smtp", server.Addr(), "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	settings := module(t, "", "security: none, expected_capabilities: [nothing], expected_names: [nobody.contoso.test], mail_from: false").Modules["m"].Settings
	settings.Probe(ctx, prober.NewRun(prober.Parts{
		Recorder: prober.NewRecorder(res, redactor, nil), Target: where, Dialer: &wire.Dialer{Epoch: res.Start},
		Module: &prober.Module{Prefer: wire.Preference{Protocol: "ip4", Fallback: true}},
	}))
	if raw := text(t, res); !strings.Contains(raw, marker) {
		t.Fatalf("the server did not get to say it:\n%s", raw)
	}
	redactor.Walk(res) // as the runner does with every result
	var data bytes.Buffer
	if err := report.JSON(&data, res); err != nil {
		t.Fatal(err)
	}
	families, err := collector.Gatherer(res, nil).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for name, said := range map[string]string{"report": text(t, res), "JSON": data.String(), "metrics": fmt.Sprint(families)} {
		for _, form := range []string{marker, encoded, core, inHex, strings.ToUpper(inHex)} {
			if strings.Contains(strings.ToLower(said), strings.ToLower(form)) {
				t.Errorf("%s shows %q:\n%s", name, form, said)
			}
		}
	}
}
