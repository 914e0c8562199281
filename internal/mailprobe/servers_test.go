package mailprobe_test

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/mailaccess"
	"github.com/ews-exporter/ews_exporter/internal/mailprobe"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// kinds are two probers as small as they get.
var kinds = []prober.Definition{
	mailprobe.Definition(&mailprobe.Kind{
		Name: "mail_one", Title: "IMAP", Protocol: result.IMAP, Implicit: "imaps", Clear: "imap", Upgrade: "STARTTLS", Greets: "* OK",
		Dialogue: mailaccess.IMAP, Capabilities: []string{"imap4rev1", "starttls", "logindisabled", "auth=plain", "idle"},
	}),
	mailprobe.Definition(&mailprobe.Kind{
		Name: "mail_two", Title: "POP3", Protocol: result.POP3, Implicit: "pop3s", Clear: "pop3", Upgrade: "STLS", Greets: "+OK",
		Dialogue: mailaccess.POP3, Capabilities: []string{"stls", "user", "sasl", "uidl"},
	}),
}

// authority is that of all servers; making one takes time.
var authority = sync.OnceValue(func() *lab.Authority {
	a, err := lab.NewAuthority()
	if err != nil {
		panic(err)
	}
	return a
})

func issued(t testing.TB) tls.Certificate {
	t.Helper()
	pair, err := authority().Issue(time.Now().AddDate(0, 6, 0), "127.0.0.1", servers.DovecotElsewhere)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// module is what is asked.
type module struct {
	of       int // kinds
	security string
	password string // of an auth; empty for none
	target   string
	tls      string // of tls_config, more
}

func (m module) load(t testing.TB) (*config.Config, error) {
	t.Helper()
	dir, use, auths := t.TempDir(), "", ""
	if m.password != "" {
		use, auths = "auth: a, ", fmt.Sprintf("auths: {a: {username: '%s', password_file: p, schemes: [basic], targets: ['%s']}}\n", servers.DovecotUser, m.target)
	}
	text := auths + fmt.Sprintf("modules: {m: {prober: %s, %sip_protocol: ip4, timeout: 8s, tls_config: {ca_file: ca.pem%s}, %[1]s: {security: %[4]s}}}\npolicy: {allow: [127.0.0.0/8]}\n",
		kinds[m.of].Name, use, m.tls, m.security)
	for name, content := range map[string]string{"ca.pem": string(authority().PEM()), "p": m.password, "c.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config.Load([]string{filepath.Join(dir, "c.yml")}, kinds)
}

// asker is an exporter with one module.
func (m module) asker(t testing.TB) func() *result.Result {
	t.Helper()
	cfg, err := m.load(t)
	if err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)})
	return func() *result.Result {
		t.Helper()
		answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: m.target})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Result
	}
}

func outcome(r *result.Result) string {
	if r.Failure == nil {
		return lab.None
	}
	return r.Failure.Name()
}

func codes(r *result.Result) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Code)
	}
	return all
}

// value is that of a sample, -1 where it is absent.
func value(r *result.Result, metric, label string) float64 {
	for _, s := range r.Samples {
		if s.Name == metric && (label == "" || s.Labels[0] == label) {
			return s.Value
		}
	}
	return -1
}

// TestDovecot: a real server in the ways that it is run, for both protocols.
func TestDovecot(t *testing.T) {
	t.Parallel()
	const right, wrong = servers.DovecotPassword, "not-the-one-8"
	for name, tt := range map[string]struct {
		dovecot  servers.Dovecot
		security string
		password string
		outcome  string
		finding  string // less the prober's name
		metrics  map[string]float64
		logon    float64
		tells    string
	}{
		"TLS from the start":           {servers.Dovecot{Implicit: true}, "implicit", "", "none", "", map[string]float64{"imap4rev1": 1, "idle": 1, "starttls": 0, "uidl": 1, "stls": 0}, -1, ""},
		"TLS from the start, a logon":  {servers.Dovecot{Implicit: true}, "implicit", right, "none", "", nil, 1, ""},
		"a wrong password":             {servers.Dovecot{Implicit: true}, "implicit", wrong, "auth/refused", "", nil, 0, "its words stand for a wrong user name or password"},
		"STARTTLS":                     {servers.Dovecot{}, "starttls", "", "none", "", map[string]float64{"starttls": 1, "logindisabled": 1, "stls": 1}, -1, ""},
		"STARTTLS, a logon":            {servers.Dovecot{}, "starttls", right, "none", "", map[string]float64{"auth=plain": 1}, 1, ""},
		"STARTTLS, a wrong password":   {servers.Dovecot{}, "starttls", wrong, "auth/refused", "", nil, 0, "its words stand for"},
		"no TLS":                       {servers.Dovecot{}, "starttls", right, "tls/starttls_not_offered", "starttls_missing", map[string]float64{"starttls": 0, "stls": 0}, 0, ""},
		"passwords in clear text":      {servers.Dovecot{Lines: "disable_plaintext_auth = no"}, "starttls", right, "none", "plain_logon_without_tls", map[string]float64{"starttls": 1, "stls": 1}, 1, ""},
		"clear text that is meant":     {servers.Dovecot{Lines: "disable_plaintext_auth = yes"}, "none", "", "none", "", map[string]float64{"logindisabled": 1, "user": 0}, -1, ""},
		"TLS where clear text was":     {servers.Dovecot{Implicit: true}, "starttls", "", "receive/timeout", "", nil, -1, "speaks TLS from the start"},
		"clear text where TLS was":     {servers.Dovecot{}, "implicit", "", "tls/not_tls", "", nil, -1, "security: starttls"},
		"no logon by password":         {servers.Dovecot{Implicit: true, Lines: "auth_mechanisms = cram-md5\ndisable_plaintext_auth = yes"}, "implicit", right, "auth/scheme_not_offered", "", nil, 0, ""},
		"refusals that are delayed":    {servers.Dovecot{Implicit: true, Lines: "auth_failure_delay = 30 secs"}, "implicit", wrong, "receive/timeout", "", nil, 0, ""},
		"accounts that cannot be read": {servers.Dovecot{Implicit: true, NoAccounts: true}, "implicit", right, "auth/refused", "", nil, 0, "or that they cannot look up"},
	} {
		for of, kind := range kinds {
			t.Run(name+", "+kind.Name, func(t *testing.T) {
				t.Parallel()
				d := tt.dovecot
				d.POP3 = of == 1
				if name != "no TLS" {
					d.Certificate = issued(t)
				}
				_, port, _ := net.SplitHostPort(d.Start(t))
				res := module{of: of, security: tt.security, password: tt.password, target: net.JoinHostPort(servers.DovecotElsewhere, port)}.asker(t)()
				var want []string
				if tt.finding != "" {
					want = []string{kind.Name + "_" + tt.finding}
				}
				got := codes(res)
				if name == "no TLS" { // which Dovecot then offers passwords for, or not, by its version
					got = slices.DeleteFunc(got, func(code string) bool { return strings.HasSuffix(code, "_plain_logon_without_tls") })
				}
				if said := outcome(res); said != tt.outcome || !slices.Equal(got, want) {
					t.Fatalf("%s, %v (%v), want %s, %v", said, got, res.Failure, tt.outcome, want)
				}
				if tt.tells != "" && !strings.Contains(res.Failure.Message, tt.tells) {
					t.Errorf("%v does not say %q", res.Failure, tt.tells)
				}
				for capability, want := range tt.metrics {
					if got := value(res, "probe_mail_capability", capability); got != want && got >= 0 {
						t.Errorf("%s: %v, want %v", capability, got, want)
					}
				}
				if got := value(res, "probe_mail_logon_success", ""); got != tt.logon {
					t.Errorf("the logon: %v, want %v", got, tt.logon)
				}
			})
		}
	}
}
