package mrsproxy_test

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
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes/mrsproxy"
	parts "github.com/ews-exporter/ews_exporter/probes/mrsproxy/lab"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// site starts scenarios.
func site(t *testing.T, only ...string) *lab.Site {
	t.Helper()
	s, err := lab.Start(t.Context(), []lab.Part{parts.Part()}, lab.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// request is what a test asks.
type request struct {
	settings string // of the module, in YAML
	logon    bool
	top      string // of the configuration
	hostname string
}

// ask probes a site.
func ask(t *testing.T, s *lab.Site, scenario string, r request) *result.Result {
	t.Helper()
	where, ok := s.Scenario(scenario)
	if !ok {
		t.Fatalf("no scenario %s", scenario)
	}
	use, name := "", where.Address
	if r.hostname != "" {
		name = r.hostname + name[strings.LastIndexByte(name, ':'):]
	}
	auths := ""
	if r.logon {
		use = "auth: a, "
		auths = fmt.Sprintf("auths: {a: {username: '%s', password: %s, schemes: [basic], targets: ['%s']}}\n", lab.Username, lab.Password, name)
	}
	text := auths + fmt.Sprintf("modules: {m: {prober: mrs_proxy, %stls_config: {ca_file: ca.pem}, mrs_proxy: {%s}}}\npolicy: {allow: [127.0.0.0/8]}\n%s", use, r.settings, r.top)
	return probe(t, s.Authority(), text, runner.Request{Module: "m", Target: where.Address, Hostname: r.hostname, Limit: 8 * time.Second})
}

// probe probes by a configuration.
func probe(t *testing.T, authority *lab.Authority, text string, r runner.Request) *result.Result {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"ca.pem": string(authority.PEM()), "ews_exporter.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, []prober.Definition{mrsproxy.Definition})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	}).Probe(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// value is a sample's, −1 where it is absent.
func value(res *result.Result, name string, labels ...string) float64 {
	for _, s := range res.Samples {
		if s.Name == name && slices.Equal(s.Labels, labels) {
			return s.Value
		}
	}
	return -1
}

func outcome(res *result.Result) string {
	for _, s := range res.Samples {
		if s.Name == "probe_mrs_proxy_outcome" && s.Value == 1 {
			return s.Labels[0]
		}
	}
	return ""
}

func codes(res *result.Result) string {
	var list []string
	for _, f := range res.Findings {
		list = append(list, f.Code+"/"+string(f.Severity))
	}
	return strings.Join(list, " ")
}

func steps(res *result.Result) (names []string) {
	for _, s := range res.Steps {
		names = append(names, s.Name)
	}
	return names
}

// TestWithoutALogonNothingIsKnownOfTheSwitch: an endpoint that is off looks like one that is on.
func TestWithoutALogonNothingIsKnownOfTheSwitch(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon", "moves-off")
	for _, scenario := range []string{"basic-logon", "moves-off"} {
		res := ask(t, s, scenario, request{})
		if outcome(res) != "reachable" || !res.Success() || res.UndecidedReason != result.NoLogon || codes(res) != "" {
			t.Errorf("%s: outcome %s, failure %v, undecided %q, findings %s", scenario, outcome(res), res.Failure, res.Undecided, codes(res))
		}
	}
	if res := ask(t, s, "moves-off", request{logon: true}); outcome(res) != "disabled" || res.Success() || codes(res) != "mrs_proxy_disabled/error" {
		t.Errorf("with a logon: outcome %s, failure %v, findings %s", outcome(res), res.Failure, codes(res))
	}
}

// TestTheServiceIsAskedOfServersAlone: through the balancer it is asked only from outside, where it should not answer.
func TestTheServiceIsAskedOfServersAlone(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon", "moves-down")
	const on = "service: true"
	for name, tt := range map[string]struct {
		scenario string
		request
		up       float64
		findings string
	}{
		"a server, inside":                   {"basic-logon", request{settings: on, hostname: lab.Service}, 1, ""},
		"a server, outside":                  {"basic-logon", request{settings: on, hostname: lab.Service, top: "vantage: outside\n"}, 1, ""},
		"the balancer, inside":               {"basic-logon", request{settings: on}, -1, ""},
		"the balancer, outside":              {"basic-logon", request{settings: on, top: "vantage: outside\n"}, 1, "mrs_service_exposed/warning"},
		"the balancer, outside, not asked":   {"basic-logon", request{top: "vantage: outside\n"}, -1, ""},
		"a server where it does not run":     {"moves-down", request{settings: on, hostname: lab.Service}, 0, ""},
		"a balancer that leads nowhere else": {"moves-down", request{settings: on, top: "vantage: outside\n"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := ask(t, s, tt.scenario, tt.request)
			if up := value(res, "probe_mrs_proxy_service_up"); up != tt.up || codes(res) != tt.findings || !res.Success() {
				t.Errorf("up %v, want %v; findings %q, want %q; failure %v", up, tt.up, codes(res), tt.findings, res.Failure)
			}
			if asked := slices.Contains(steps(res), "service"); asked != (tt.up >= 0) {
				t.Errorf("it was asked: %t", asked)
			}
			for _, c := range res.Conversations {
				for _, f := range c.Header {
					if c.Step == "service.request" && (f.Name == "Authorization" || f.Name == "Content-Length") {
						t.Errorf("the service was sent %s", f.Name)
					}
				}
			}
		})
	}
}

// TestItSaysWhoWasAsked: the URL, and where its host came from.
func TestItSaysWhoWasAsked(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon")
	for hostname, says := range map[string]string{"": "the target", lab.Service: "parameter hostname"} {
		res := ask(t, s, "basic-logon", request{hostname: hostname, logon: true})
		row := res.Tables[0].Rows[0]
		where, _ := s.Scenario("basic-logon")
		if !strings.HasSuffix(row[0], "/EWS/mrsproxy.svc") || !strings.Contains(row[0], hostname) || row[1] != says || row[2] != where.Address || row[3] != "EX01" {
			t.Errorf("it was asked by %q: %q", hostname, row)
		}
	}
}

// TestALateBodyIsTakenForARequest: the 501 that no server logs, at this path, in one sentence, with its figures; and none of it
// behind the same box once it is mended.
func TestALateBodyIsTakenForARequest(t *testing.T) {
	t.Parallel()
	s := site(t, "kemp-rfc2616-logon", "kemp-fixed")
	const wait = "expect: true, wait: 400ms"
	res := ask(t, s, "kemp-rfc2616-logon", request{settings: wait, logon: true})
	if outcome(res) != "enabled" || res.Failure == nil || res.Failure.Reason != "late_body_rejected" || codes(res) != "late_body_rejected/error" {
		t.Fatalf("outcome %s, failure %v, findings %s", outcome(res), res.Failure, codes(res))
	}
	sentence := res.Findings[0].Sentence
	for _, want := range []string{"(Kemp LoadMaster)", "501 Invalid Request", "the same request without Expect got 400 Bad Request from Exchange (EX01)", `"100-Continue Handling" to "RFC-7231 Compliant"`} {
		if !strings.Contains(sentence, want) {
			t.Errorf("the sentence lacks %q: %s", want, sentence)
		}
	}
	if v := value(res, "probe_expect_continue_status_code", "wait"); v != 501 {
		t.Errorf("the late body got %v", v)
	}
	if waited := value(res, "probe_expect_continue_wait_seconds"); waited < 0.4 {
		t.Errorf("the wait was %v s", waited)
	}
	if res = ask(t, s, "kemp-fixed", request{settings: wait, logon: true}); !res.Success() || res.Undecided != "" || value(res, "probe_expect_continue_status_code", "wait") != 400 {
		t.Errorf("mended: failure %v, undecided %q", res.Failure, res.Undecided)
	}
}

// TestAWrongPasswordCostsOneLogon: with everything asked for, too.
func TestAWrongPasswordCostsOneLogon(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon")
	where, _ := s.Scenario("basic-logon")
	text := fmt.Sprintf("auths: {a: {username: '%s', password: wrong, schemes: [basic], targets: ['%s']}}\n", lab.Username, where.Address) +
		"modules: {m: {prober: mrs_proxy, auth: a, tls_config: {ca_file: ca.pem}, mrs_proxy: {expect: true, wait: 200ms, service: true}}}\npolicy: {allow: [127.0.0.0/8]}\n"
	res := probe(t, s.Authority(), text, runner.Request{Module: "m", Target: where.Address, Limit: 5 * time.Second})
	sent := 0
	for _, c := range res.Conversations {
		for _, f := range c.Header {
			if f.Name == "Authorization" {
				sent++
			}
		}
	}
	if outcome(res) != "denied" || sent != 1 {
		t.Errorf("outcome %s after %d logons, failure %v", outcome(res), sent, res.Failure)
	}
}
