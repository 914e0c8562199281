package authroundtrips_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
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
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

const sharing = `
auths: {a: {username: '%s', password: %s, schemes: [%s], targets: ['%s']}}
modules:
  auth_roundtrips: {prober: auth_roundtrips, auth: a, tls_config: {ca_file: ca.pem}}
  unchecked: {prober: auth_roundtrips, auth: a, tls_config: {ca_file: ca.pem}, auth_roundtrips: {shared_logon_check: false}}
  ews_sync: {prober: ews_sync, tls_config: {ca_file: ca.pem}, ews_sync: {operations: [get_folder], mailbox: a@contoso.test}}
  expect_continue: {prober: expect_continue, tls_config: {ca_file: ca.pem}, expect_continue: {wait: 1s}}
policy: {allow: [127.0.0.0/8]}
`

// TestSharedLogon: a real nginx with the pool that many pages advise lets a stranger in by our logon, and every prober
// says so; without the pool, and to a scheme that does not belong to a connection, there is nothing to say.
func TestSharedLogon(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	plain := servers.Fronts()[slices.IndexFunc(servers.Fronts(), func(f servers.Front) bool { return f.Name == "haproxy-http" })]
	for _, test := range []struct {
		name     string
		front    servers.Front
		scheme   string
		scenario string
		shared   bool
	}{
		{"a pool, and NTLM", servers.Pooling(), "ntlm", "ntlm-persisted", true},
		{"a pool, and Negotiate", servers.Pooling(), "negotiate", "ntlm-persisted", true},
		{"a pool, and a server that authenticates requests", servers.Pooling(), "ntlm", "ntlm-per-request", false},
		{"a pool, and Basic", servers.Pooling(), "basic", "basic-logon", false},
		{"a connection for each client", plain, "ntlm", "ntlm-persisted", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			probe := sharedSite(t, test.front, test.scheme, test.scenario)
			res := probe("auth_roundtrips")
			if got := strings.Contains(codes(res), prober.AnswersWithoutLogon); got != test.shared || (reason(res) == prober.ReasonNoLogonNeeded) != test.shared {
				t.Errorf("auth_roundtrips: %q, findings %q", reason(res), codes(res))
			}
			if i := slices.IndexFunc(res.Findings, func(f result.Finding) bool { return f.Code == prober.AnswersWithoutLogon }); i >= 0 && res.Findings[i].Blames != result.InBetween {
				t.Errorf("a server that asked for a logon is blamed: %q", res.Findings[i].Blames)
			}
			if res := probe("unchecked"); slices.ContainsFunc(res.Steps, func(s *result.Step) bool { return s.Name == "stranger" }) {
				t.Errorf("without the check: %q", codes(res))
			}
			for _, module := range []string{"ews_sync", "expect_continue"} { // without an auth, after somebody's logon
				res := probe(module)
				if got := strings.Contains(codes(res), prober.AnswersWithoutLogon); got != test.shared || got && res.Success() {
					t.Errorf("%s: %q, findings %q", module, reason(res), codes(res))
				}
			}
		})
	}
}

func sharedSite(t *testing.T, front servers.Front, scheme, scenario string) func(module string) *result.Result {
	t.Helper()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{scenario}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	origin, _ := site.Scenario(scenario)
	certificate, err := site.Authority().Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	address := front.Start(t, origin.Address, certificate)
	dir := t.TempDir()
	text := fmt.Sprintf(sharing, lab.Username, lab.Password, scheme, address)
	for name, content := range map[string]string{"ca.pem": string(site.Authority().PEM()), "c.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "c.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	return func(module string) *result.Result {
		answer, err := r.Probe(t.Context(), runner.Request{Module: module, Target: address})
		if err != nil {
			t.Fatal(err)
		}
		return answer.Result
	}
}
