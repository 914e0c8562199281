package mrsproxy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestFronts: through real nginx, HAProxy and Apache httpd the schemes come as the server offers them, a logon gets in, and what
// the server says of the switch comes through.
func TestFronts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	s := site(t, "basic-logon", "only-basic", "moves-off")
	certificate, err := s.Authority().Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, front := range servers.Fronts() {
		for scenario, want := range map[string]string{"basic-logon": "enabled", "only-basic": "scheme_mismatch", "moves-off": "disabled"} {
			t.Run(front.Name+" before "+scenario, func(t *testing.T) {
				t.Parallel()
				where, _ := s.Scenario(scenario)
				address := front.Start(t, where.Address, certificate)
				text := fmt.Sprintf("auths: {a: {username: '%s', password: %s, schemes: [basic], targets: ['%s']}}\n", lab.Username, lab.Password, address) +
					"modules: {m: {prober: mrs_proxy, auth: a, tls_config: {ca_file: ca.pem}}}\npolicy: {allow: [127.0.0.0/8]}\n"
				res := probe(t, s.Authority(), text, runner.Request{Module: "m", Target: address, Limit: 8 * time.Second})
				if got := outcome(res); got != want {
					t.Errorf("outcome %s, want %s; failure %v", got, want, res.Failure)
				}
				offers := value(res, "probe_auth_scheme_offered", "negotiate") == 1
				if offers != (scenario != "only-basic") || value(res, "probe_auth_scheme_offered", "basic") != 1 {
					t.Errorf("the schemes are told as %v", res.Samples)
				}
			})
		}
	}
}

// password is that of the probe's account at the real judges.
const password = "a long password of the test's own"

// TestLogonsJudgedByOthers: gss-ntlmssp and MIT Kerberos, and not this project's own code, say that the logon is right. They are
// no Exchange, so nothing is said of the switch.
func TestLogonsJudgedByOthers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := authority.Issue(time.Now().AddDate(0, 1, 0), "localhost")
	if err != nil {
		t.Fatal(err)
	}
	realm := servers.StartRealm(t)
	realm.AddUser(t, "probe", password)
	ntlm := servers.GSSAPI{Certificate: leaf, Users: map[string]string{"CONTOSO:probe": password}}.StartJudge(t)
	kerberos := servers.GSSAPI{Certificate: leaf, Keytab: realm.AddService(t, "HTTP/localhost"), Realm: realm}.StartJudge(t)
	byTicket := fmt.Sprintf("username: probe, password: %q, schemes: [negotiate], kerberos: {realm: %s, kdcs: [%q]}", password, realm.Name, realm.KDC)
	byNTLM := fmt.Sprintf("username: 'CONTOSO\\probe', password: %q, schemes: [", password)
	for _, tt := range []struct {
		name, at, auth, outcome, initiator string
	}{
		{"Kerberos", kerberos, byTicket, "reachable", "probe"},
		{"NTLM within Negotiate", ntlm, byNTLM + "negotiate]", "reachable", "probe"},
		{"NTLM", ntlm, byNTLM + "ntlm]", "reachable", "probe"},
		{"a wrong password by NTLM", ntlm, strings.Replace(byNTLM, password, "hunter2", 1) + "ntlm]", "denied", ""},
		{"a wrong password by Kerberos", kerberos, strings.Replace(byTicket, password, "hunter2", 1), "failed", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, port, _ := strings.Cut(tt.at, ":")
			text := fmt.Sprintf("auths: {a: {targets: ['localhost:%s'], %s}}\nmodules: {m: {prober: mrs_proxy, ip_protocol: ip4, auth: a, tls_config: {ca_file: ca.pem}}}\npolicy: {allow: [127.0.0.0/8]}\n", port, tt.auth)
			res := probe(t, authority, text, runner.Request{Module: "m", Target: "localhost:" + port, Limit: 10 * time.Second})
			who := ""
			for _, c := range res.Conversations {
				if c.Final != nil && c.Final.Status == 200 {
					who = strings.ToLower(c.Final.Get("X-Initiator"))
				}
			}
			if outcome(res) != tt.outcome || !strings.Contains(who, tt.initiator) || tt.initiator == "" && who != "" {
				t.Errorf("outcome %s, want %s; let in as %q; failure %v", outcome(res), tt.outcome, who, res.Failure)
			}
		})
	}
}
