package authroundtrips_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes/authroundtrips"
)

const password = "a long password of the test's own"

// certificate is one for localhost, and the directory that holds its authority as ca.pem.
func certificate(t *testing.T) (leaf tls.Certificate, dir string) {
	t.Helper()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	if leaf, err = authority.Issue(time.Now().AddDate(0, 1, 0), "localhost"); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), authority.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return leaf, dir
}

// probeServer probes a real server at address with an auth in YAML.
func probeServer(t *testing.T, dir, address, auths, options string) *result.Result {
	t.Helper()
	_, port, _ := strings.Cut(address, ":")
	text := fmt.Sprintf("auths: {a: {targets: ['localhost:%s'], %s}}\nmodules: {m: {prober: auth_roundtrips, ip_protocol: ip4, auth: a, tls_config: {ca_file: ca.pem}, auth_roundtrips: {%s}}}\npolicy: {allow: [127.0.0.0/8]}\n", port, auths, options)
	file := filepath.Join(dir, strings.NewReplacer("/", "_", " ", "_").Replace(t.Name())+".yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, []prober.Definition{authroundtrips.Definition})
	if err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: "localhost:" + port, Limit: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := json.Marshal(answer.Result)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(shown), password) || token.Match(shown) {
		t.Errorf("the result shows a secret: %s", token.Find(shown))
	}
	return answer.Result
}

// token is what must not be shown: one of Negotiate or NTLM.
var token = regexp.MustCompile(`(Negotiate|NTLM) [0-9A-Za-z+/]{20,}`)

// statuses are those of the responses to the objects, in order.
func statuses(res *result.Result) string {
	var list []string
	for _, e := range res.Conversations {
		if e.Final != nil && strings.HasPrefix(e.Step, "fetch.") {
			list = append(list, fmt.Sprint(e.Final.Status))
		}
	}
	return strings.Join(list, " ")
}

var servedPages = map[string]string{
	"auth1.htm": strings.Repeat(".", 300), "auth2.htm": strings.Repeat(".", 300), "auth3.htm": strings.Repeat(".", 300), "auth4.htm": strings.Repeat(".", 300),
}

// TestApacheWithKerberos: Apache httpd with mod_auth_gssapi and an MIT KDC. Four objects cost 8 requests when every
// request pays, and 5 when the connection stays authenticated.
func TestApacheWithKerberos(t *testing.T) {
	t.Parallel()
	realm := servers.StartRealm(t)
	realm.AddUser(t, "probe", password)
	leaf, dir := certificate(t)
	keytab := realm.AddService(t, "HTTP/localhost")
	negotiate := fmt.Sprintf("username: 'CONTOSO\\probe', password: %q, schemes: [negotiate], kerberos: {realm: %s, kdcs: [%q]}", password, realm.Name, realm.KDC)
	byFile := fmt.Sprintf("username: probe, schemes: [negotiate], kerberos: {realm: %s, krb5_conf: %q, ", realm.Name, realm.Conf)
	for _, tt := range []struct {
		name     string
		bound    bool
		auth     string
		statuses string
		requests float64
		findings string
	}{
		{"every request pays", false, negotiate, "401 200 401 200 401 200 401 200", 8, "auth_per_request/info"},
		{"the connection stays authenticated", true, negotiate, "401 200 200 200 200", 5, ""},
		{"by keytab", true, byFile + fmt.Sprintf("keytab: %q}", realm.Keytab(t, "probe")), "401 200 200 200 200", 5, ""},
		{"by credential cache", true, byFile + fmt.Sprintf("ccache: %q}", realm.Cache(t, "probe", "1h")), "401 200 200 200 200", 5, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := servers.GSSAPI{Certificate: leaf, ConnectionBound: tt.bound, Keytab: keytab, Realm: realm, Pages: servedPages}.Start(t)
			res := probeServer(t, dir, address, tt.auth, pages)
			if got := statuses(res); got != tt.statuses || value(res, "probe_auth_requests") != tt.requests {
				t.Errorf("statuses %s, want %s (failure %v)", got, tt.statuses, res.Failure)
			}
			if got := codes(res); got != tt.findings {
				t.Errorf("findings %q, want %q", got, tt.findings)
			}
			t.Logf("%v requests, %v bytes sent, %v received", value(res, "probe_auth_requests"), value(res, "probe_auth_http_bytes", "sent"), value(res, "probe_auth_http_bytes", "received"))
		})
	}
	t.Run("wrong password", func(t *testing.T) {
		address := servers.GSSAPI{Certificate: leaf, Keytab: keytab, Realm: realm, Pages: servedPages}.Start(t)
		res := probeServer(t, dir, address, strings.Replace(negotiate, password, "hunter2", 1), pages)
		if statuses(res) != "401" || reason(res) != "kdc_wrong_password" {
			t.Errorf("statuses %s, failure %v", statuses(res), res.Failure)
		}
	})
	t.Run("another service's ticket", func(t *testing.T) {
		realm.AddService(t, "HTTP/elsewhere")
		address := servers.GSSAPI{Certificate: leaf, Keytab: keytab, Realm: realm, Pages: servedPages}.Start(t)
		res := probeServer(t, dir, address, strings.Replace(negotiate, "kdcs:", "spn: HTTP/elsewhere, kdcs:", 1), pages)
		if statuses(res) != "401 401" || reason(res) != "ticket_refused" {
			t.Errorf("statuses %s, failure %v", statuses(res), res.Failure)
		}
	})
}

// TestApacheWithNTLM: the same with gss-ntlmssp, which has NTLM on bound connections alone.
func TestApacheWithNTLM(t *testing.T) {
	t.Parallel()
	leaf, dir := certificate(t)
	address := servers.GSSAPI{Certificate: leaf, ConnectionBound: true, Users: map[string]string{"CONTOSO:probe": password}, Pages: servedPages}.Start(t)
	for _, tt := range []struct{ name, scheme, password, statuses, reason string }{
		{"plain", "ntlm", password, "401 401 200 200 200 200", ""},
		{"within SPNEGO", "negotiate", password, "401 401 200 200 200 200", ""},
		{"wrong password", "ntlm", "hunter2", "401 401 401", "refused"},
		{"wrong password within SPNEGO", "negotiate", "hunter2", "401 401 401", "refused"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := probeServer(t, dir, address, fmt.Sprintf("username: 'CONTOSO\\probe', password: %q, schemes: [%s]", tt.password, tt.scheme), pages)
			if got := statuses(res); got != tt.statuses || reason(res) != tt.reason {
				t.Errorf("statuses %s, want %s; failure %v", got, tt.statuses, res.Failure)
			}
		})
	}
}

// said is what the last answer to the objects has in a field.
func said(res *result.Result, field string) string {
	value := ""
	for _, e := range res.Conversations {
		if e.Final != nil && strings.HasPrefix(e.Step, "fetch.") {
			value = e.Final.Get(field)
		}
	}
	return value
}

// TestChannelBindingsJudgedByGSSAPI: MIT Kerberos and gss-ntlmssp, and not this project's own code, say what is bound.
func TestChannelBindingsJudgedByGSSAPI(t *testing.T) {
	t.Parallel()
	realm := servers.StartRealm(t)
	realm.AddUser(t, "probe", password)
	leaf, dir := certificate(t)
	ntlm := servers.GSSAPI{Certificate: leaf, Users: map[string]string{"CONTOSO:probe": password}}.StartJudge(t)
	judges := map[string]string{
		"kerberos": servers.GSSAPI{Certificate: leaf, Keytab: realm.AddService(t, "HTTP/localhost"), Realm: realm}.StartJudge(t),
		"ntlm":     ntlm, "ntlm within SPNEGO": ntlm,
	}
	auths := map[string]string{
		"kerberos":           fmt.Sprintf("username: probe, password: %q, schemes: [negotiate], kerberos: {realm: %s, kdcs: [%q]}", password, realm.Name, realm.KDC),
		"ntlm":               fmt.Sprintf("username: 'CONTOSO\\probe', password: %q, schemes: [ntlm]", password),
		"ntlm within SPNEGO": fmt.Sprintf("username: 'CONTOSO\\probe', password: %q, schemes: [negotiate]", password),
	}
	for _, tt := range []struct{ scheme, binding, bound, statuses string }{
		{"kerberos", "right", "yes", "401 200 401 200"},
		{"kerberos", "none", "no", "401 200 401 200"},
		{"ntlm within SPNEGO", "right", "yes", "401 401 200 401 401 200"},
		{"ntlm within SPNEGO", "none", "no", "401 401 200 401 401 200"},
		{"ntlm", "right", "yes", "401 401 200 401 401 200"},
		{"ntlm", "none", "no", "401 401 200 401 401 200"},
	} {
		t.Run(tt.scheme+" "+tt.binding, func(t *testing.T) {
			res := probeServer(t, dir, judges[tt.scheme], auths[tt.scheme]+", channel_binding: "+tt.binding, "method: GET, objects: 2")
			if got := statuses(res); got != tt.statuses || !res.Success() {
				t.Errorf("statuses %s, want %s; failure %v", got, tt.statuses, res.Failure)
			}
			if got := said(res, "X-Channel-Bound"); got != tt.bound || !strings.Contains(strings.ToLower(said(res, "X-Initiator")), "probe") {
				t.Errorf("bound: %q, want %q; initiator %q", got, tt.bound, said(res, "X-Initiator"))
			}
		})
	}
	for scheme, judge := range judges {
		t.Run(scheme+" wrong", func(t *testing.T) {
			res := probeServer(t, dir, judge, auths[scheme], "method: GET, objects: 1, extended_protection_check: true")
			if value(res, "probe_auth_extended_protection_info", "allow") != 1 || !res.Success() {
				t.Errorf("a wrong binding is not refused: %+v, failure %v", res.Samples, res.Failure)
			}
		})
	}
}
