package mailprobe_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// said are replies, each to a line, the first one unasked.
func said(replies ...string) []lab.Step {
	var steps []lab.Step
	for i, r := range replies {
		if i > 0 {
			steps = append(steps, lab.ReadLine)
		}
		steps = append(steps, lab.Write(strings.ReplaceAll(r, "\n", "\r\n")+"\r\n"))
	}
	return append(steps, lab.Hang)
}

// implicit is a server with TLS from the start.
func implicit(t testing.TB, replies ...string) *lab.Script {
	t.Helper()
	return lab.ServeTLS(t, &tls.Config{Certificates: []tls.Certificate{issued(t)}, MinVersion: tls.VersionTLS12}, said(replies...)...)
}

const secret = "s3cret-of-the-test"

// refusals are servers that refuse a logon, by kind.
var refusals = [][]string{
	{"* OK", "* CAPABILITY AUTH=PLAIN\news1 OK", "+ ", "ews2 NO no", "ews3 OK"},
	{"+OK", "+OK\nUSER\n.", "+OK", "-ERR no", "+OK"},
}

// TestARefusedPasswordIsNotSentAgain: whatever scrapes, the account is not locked out.
func TestARefusedPasswordIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for of, replies := range refusals {
		server := implicit(t, replies...)
		ask := module{of: of, security: "implicit", password: secret, target: server.Addr()}.asker(t)
		if res := ask(); outcome(res) != "auth/refused" || !strings.Contains(res.Failure.Message, "it does not say why") {
			t.Fatalf("%v", res.Failure)
		}
		for range 3 {
			if res := ask(); outcome(res) != "auth/suspended" || value(res, "probe_mail_logon_success", "") != 0 {
				t.Errorf("%v", res.Failure)
			}
		}
		if server.Connections() != 1 {
			t.Errorf("%d connections to a server that had refused", server.Connections())
		}
	}
}

// TestNoPasswordWithoutVerifiedTLS: not in clear text, whatever is offered there, and not to who proves to be nobody.
func TestNoPasswordWithoutVerifiedTLS(t *testing.T) {
	t.Parallel()
	stranger, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	own, err := stranger.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	offers := [][]string{
		{"* OK", "* CAPABILITY AUTH=PLAIN\news1 OK", "+ ", "ews2 OK"},
		{"+OK", "+OK\nUSER\n.", "+OK", "+OK"},
	}
	for of, replies := range offers {
		clear := lab.Serve(t, said(replies...)...)
		res := module{of: of, security: "starttls", password: secret, target: clear.Addr()}.asker(t)()
		if outcome(res) != "tls/starttls_not_offered" {
			t.Errorf("%v", res.Failure)
		}
		unknown := lab.ServeTLS(t, own, said(replies...)...)
		if res := (module{of: of, security: "implicit", password: secret, target: unknown.Addr()}).asker(t)(); outcome(res) != "tls/certificate_authority" {
			t.Errorf("%v", res.Failure)
		}
		for _, server := range []*lab.Script{clear, unknown} {
			got := server.Received(0)
			if strings.Contains(got, secret) || strings.Contains(got, base64.StdEncoding.EncodeToString([]byte("\x00"+servers.DovecotUser+"\x00"+secret))) || strings.Contains(got, "USER") || strings.Contains(got, "AUTH") {
				t.Errorf("it was sent %q", got)
			}
		}
	}
}

// TestPasswordsAreShownToNobody, also where the server says them.
func TestPasswordsAreShownToNobody(t *testing.T) {
	t.Parallel()
	token := base64.StdEncoding.EncodeToString([]byte("\x00" + servers.DovecotUser + "\x00" + secret))
	for of, replies := range [][]string{
		{"* OK", "* CAPABILITY AUTH=PLAIN " + secret + "\news1 OK", "+ ", "ews2 NO " + token + " " + secret, "ews3 OK"},
		{"+OK", "+OK\nUSER\n.", "+OK", "-ERR " + secret + " " + token, "+OK"},
		{"* OK", "* CAPABILITY X\news1 OK", `ews2 NO LOGIN "` + secret + `"`, "ews3 OK"},
	} {
		server := implicit(t, replies...)
		res := module{of: of % 2, security: "implicit", password: secret, target: server.Addr()}.asker(t)()
		if outcome(res) != "auth/refused" || !strings.Contains(server.Received(0), secret) && !strings.Contains(server.Received(0), token) {
			t.Fatalf("%v: the server did not get to know it: %q", res.Failure, server.Received(0))
		}
		var text, data bytes.Buffer
		if err := report.Text(&text, res, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if err := report.JSON(&data, res); err != nil {
			t.Fatal(err)
		}
		families, err := collector.Gatherer(res, nil).Gather()
		if err != nil {
			t.Fatal(err)
		}
		for who, shown := range map[string]string{"report": text.String(), "JSON": data.String(), "metrics": fmt.Sprint(families)} {
			if strings.Contains(shown, secret) || strings.Contains(shown, token) {
				t.Errorf("the %s shows it:\n%s", who, shown)
			}
		}
	}
}

// TestAnAuthThatCannotBeUsed is refused where the configuration is read, and in a request.
func TestAnAuthThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for of, kind := range kinds {
		m := module{of: of, security: "none", password: secret, target: "127.0.0.1:143"}
		if _, err := m.load(t); err == nil || !strings.Contains(err.Error(), kind.Name+".security") || !strings.Contains(err.Error(), "clear text") {
			t.Errorf("%v", err)
		}
		m.security = "starttls"
		cfg, err := m.load(t)
		if err != nil {
			t.Fatal(err)
		}
		settings := cfg.Modules["m"].Settings.(interface {
			LogonProblem([]string) (field, problem string)
		})
		if _, problem := settings.LogonProblem([]string{"negotiate", "ntlm"}); !strings.Contains(problem, "basic") {
			t.Errorf("%q", problem)
		}
		cfg.Auths["a"].Schemes = []string{"ntlm"}
		r := runner.New(runner.Options{Config: func() *config.Config { return cfg }})
		if _, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: m.target}); err == nil || !strings.Contains(err.Error(), "basic") {
			t.Errorf("%v", err)
		}
	}
}

// TestThePortGoesWithSecurity where a target names none.
func TestThePortGoesWithSecurity(t *testing.T) {
	t.Parallel()
	for of, ports := range [][3]uint16{{993, 143, 143}, {995, 110, 110}} {
		for i, security := range []string{"implicit", "starttls", "none"} {
			cfg, err := module{of: of, security: security, target: "x"}.load(t)
			if err != nil {
				t.Fatal(err)
			}
			aim, err := aimOf(cfg, "mail.contoso.test")
			if err != nil || aim.Target.Port != ports[i] {
				t.Errorf("%s: %d, %v, want %d", security, aim.Target.Port, err, ports[i])
			}
		}
	}
}

func aimOf(cfg *config.Config, target string) (prober.Aim, error) {
	m := cfg.Modules["m"]
	return prober.AimOf(m.Definition, m.Settings, target, "")
}
