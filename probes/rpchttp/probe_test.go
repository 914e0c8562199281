package rpchttp_test

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
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes/rpchttp"
	parts "github.com/ews-exporter/ews_exporter/probes/rpchttp/lab"
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

// load reads a configuration.
func load(t *testing.T, authority *lab.Authority, text string) (*config.Config, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"ca.pem": string(authority.PEM()), "ews_exporter.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, []prober.Definition{rpchttp.Definition})
}

// probe probes an address, with the module's keys, and the keys of an auth; empty for none.
func probe(t *testing.T, authority *lab.Authority, target, keys, account string, limit time.Duration) *result.Result {
	t.Helper()
	auths, use := "", ""
	if account != "" {
		use, auths = "auth: a, ", fmt.Sprintf("auths: {a: {targets: ['%s'], %s}}\n", target, account)
	}
	cfg, err := load(t, authority, auths+"modules: {m: {prober: rpc_http, ip_protocol: ip4, "+use+"tls_config: {ca_file: ca.pem}, targets: [127.0.0.0/8, localhost], rpc_http: {"+keys+"}}}\npolicy: {allow: [127.0.0.0/8]}\n")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	}).Probe(t.Context(), runner.Request{Module: "m", Target: target, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// basic are the keys of an auth by Basic with this password.
func basic(password string) string {
	return fmt.Sprintf("username: '%s', password: %q, schemes: [basic]", lab.Username, password)
}

// outcomes are those of both channels, that of the channel in first.
func outcomes(res *result.Result) string {
	var all []string
	for _, s := range res.Samples {
		if s.Name == "probe_rpc_http_outcome" && s.Value == 1 {
			all = append(all, s.Labels[0]+" "+s.Labels[1])
		}
	}
	return strings.Join(all, ", ")
}

func codes(res *result.Result) string {
	var list []string
	for _, f := range res.Findings {
		list = append(list, f.Code)
	}
	return strings.Join(list, " ")
}

// TestAnEchoOpensNoChannel: after a logon both verbs are echoed, and each request announces the length 0.
func TestAnEchoOpensNoChannel(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon")
	where, _ := s.Scenario("basic-logon")
	res := probe(t, s.Authority(), where.Address, "", basic(lab.Password), 8*time.Second)
	if !res.Success() || res.Undecided != "" || outcomes(res) != "in echo, out echo" || codes(res) != "" {
		t.Fatalf("failure %v, undecided %q, outcomes %s, findings %s", res.Failure, res.Undecided, outcomes(res), codes(res))
	}
	var methods []string
	for _, c := range res.Conversations {
		methods = append(methods, c.Method)
		if last := c.Header[len(c.Header)-1]; last.Name != "Content-Length" || last.Value != "0" {
			t.Errorf("%s has %s: %s, and no length of 0", c.Method, last.Name, last.Value)
		}
	}
	if want := []string{"RPC_IN_DATA", "RPC_IN_DATA", "RPC_OUT_DATA", "RPC_OUT_DATA"}; !slices.Equal(methods, want) {
		t.Errorf("it sent %q, want %q", methods, want)
	}
}

// TestAWrongPasswordCostsOneLogon: the other channel is not tried with it.
func TestAWrongPasswordCostsOneLogon(t *testing.T) {
	t.Parallel()
	s := site(t, "basic-logon")
	where, _ := s.Scenario("basic-logon")
	res := probe(t, s.Authority(), where.Address, "", basic("wrong"), 8*time.Second)
	sent := 0
	for _, c := range res.Conversations {
		for _, f := range c.Header {
			if f.Name == "Authorization" {
				sent++
			}
		}
	}
	if sent != 1 || outcomes(res) != "in denied, out failed" {
		t.Errorf("%d logons, outcomes %s, failure %v", sent, outcomes(res), res.Failure)
	}
}

// TestControlsLocateTheBox: what a verb that nobody knows gets, tells a rule about the verbs of RPC from a box that refuses all it
// does not know.
func TestControlsLocateTheBox(t *testing.T) {
	t.Parallel()
	s := site(t, "rpc-verbs-refused", "rpc-verbs-lost")
	for scenario, want := range map[string]struct{ outcomes, says string }{
		"rpc-verbs-refused": {"in refused, out refused", "answered 405"},
		"rpc-verbs-lost":    {"in silent, out silent", "was silent"},
	} {
		where, _ := s.Scenario(scenario)
		res := probe(t, s.Authority(), where.Address, "", "", 3*time.Second)
		if outcomes(res) != want.outcomes || !strings.Contains(codes(res), "rpc_http_verb_refused") {
			t.Fatalf("%s: outcomes %s, findings %s, failure %v", scenario, outcomes(res), codes(res), res.Failure)
		}
		for _, said := range []string{want.says, "GET of the same path got 401", "as well: a rule is about these verbs"} {
			if !strings.Contains(res.Findings[0].Sentence, said) {
				t.Errorf("%s: the sentence lacks %q: %s", scenario, said, res.Findings[0].Sentence)
			}
		}
	}
}

// TestAnnouncingIsForListedTargets: a module that announces 1 GiB has to say to whom.
func TestAnnouncingIsForListedTargets(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	for keys, refused := range map[string]bool{
		"rpc_http: {announce: true}":                              true,
		"rpc_http: {announce: true}, targets: [mail.contoso.com]": false,
		"rpc_http: {announce: false}":                             false,
		"rpc_http: {endpoint: 'a b:1'}":                           true,
		"rpc_http: {endpoint: 'localhost'}":                       true,
		"rpc_http: {path: '/rpc?x'}":                              true,
	} {
		if _, err := load(t, authority, "modules: {m: {prober: rpc_http, "+keys+"}}\n"); (err != nil) != refused {
			t.Errorf("%s: %v", keys, err)
		}
	}
}

// password is that of the probe's account at the real judges.
const password = "a long password of the test's own"

// TestLogonsJudgedByOthers: gss-ntlmssp, and not this project's own code, says that the logon by a verb of RPC is right. The judge is
// no RPC proxy, so it echoes nothing.
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
	at := servers.GSSAPI{Certificate: leaf, Users: map[string]string{"CONTOSO:probe": password}}.StartJudge(t)
	_, port, _ := strings.Cut(at, ":")
	for name, tt := range map[string]struct {
		password string
		letIn    bool
	}{"right": {password, true}, "wrong": {"hunter2", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := probe(t, authority, "localhost:"+port, "", fmt.Sprintf("username: 'CONTOSO\\probe', password: %q, schemes: [ntlm]", tt.password), 8*time.Second)
			letIn := slices.ContainsFunc(res.Conversations, func(c *result.Conversation) bool {
				return c.Final != nil && strings.Contains(strings.ToLower(c.Final.Get("X-Initiator")), "probe")
			})
			if letIn != tt.letIn {
				t.Errorf("let in: %t; outcomes %s, failure %v", letIn, outcomes(res), res.Failure)
			}
		})
	}
}
