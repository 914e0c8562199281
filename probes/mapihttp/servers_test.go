package mapihttp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestFronts: through real nginx, HAProxy and Apache httpd the page comes after a logon, and it shows where nobody is behind.
func TestFronts(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	s := site(t, "basic-logon", "mapi-down")
	certificate, err := s.Authority().Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, front := range servers.Fronts() {
		for scenario, want := range map[string]string{"basic-logon": "", "mapi-down": "mapi_http_backend_down/error"} {
			t.Run(front.Name+" before "+scenario, func(t *testing.T) {
				t.Parallel()
				where, _ := s.Scenario(scenario)
				address := front.Start(t, where.Address, certificate)
				text := fmt.Sprintf("auths: {a: {username: '%s', password: %s, schemes: [basic], targets: ['%s']}}\n", lab.Username, lab.Password, address) +
					"modules: {m: {prober: mapi_http, auth: a, tls_config: {ca_file: ca.pem}}}\npolicy: {allow: [127.0.0.0/8]}\n"
				res := probe(t, s.Authority(), text, runner.Request{Module: "m", Target: address, Limit: 8 * time.Second})
				if codes(res) != want || res.Success() != (want == "") || (value(res, "probe_mapi_http_exchange_info", "nspi", "15.1.2176.9") == 1) != (want == "") {
					t.Errorf("findings %q, want %q; failure %v", codes(res), want, res.Failure)
				}
			})
		}
	}
}

// password is that of the probe's account at the real judges.
const password = "a long password of the test's own"

// TestLogonsJudgedByOthers: gss-ntlmssp and MIT Kerberos, and not this project's own code, say that the logon is right, at both
// endpoints. They are no Exchange and show no page, so the probe is undecided.
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
		name, at, auth string
		letIn          int // requests
	}{
		{"Kerberos", kerberos, byTicket, 2},
		{"NTLM within Negotiate", ntlm, byNTLM + "negotiate]", 2},
		{"NTLM", ntlm, byNTLM + "ntlm]", 2},
		{"a wrong password by NTLM", ntlm, strings.Replace(byNTLM, password, "hunter2", 1) + "ntlm]", 0},
		{"a wrong password by Kerberos", kerberos, strings.Replace(byTicket, password, "hunter2", 1), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, port, _ := strings.Cut(tt.at, ":")
			text := fmt.Sprintf("auths: {a: {targets: ['localhost:%s'], %s}}\nmodules: {m: {prober: mapi_http, ip_protocol: ip4, auth: a, tls_config: {ca_file: ca.pem}}}\npolicy: {allow: [127.0.0.0/8]}\n", port, tt.auth)
			res := probe(t, authority, text, runner.Request{Module: "m", Target: "localhost:" + port, Limit: 10 * time.Second})
			letIn := 0
			for _, c := range res.Conversations {
				if c.Final != nil && c.Final.Status == 200 && strings.Contains(strings.ToLower(c.Final.Get("X-Initiator")), "probe") {
					letIn++
				}
			}
			if letIn != tt.letIn || res.Success() != (tt.letIn > 0) || (res.UndecidedReason == result.ForeignPage) != (tt.letIn > 0) {
				t.Errorf("let in %d times, want %d; failure %v, undecided %q", letIn, tt.letIn, res.Failure, res.Undecided)
			}
		})
	}
}
