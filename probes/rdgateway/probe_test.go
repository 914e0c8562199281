package rdgateway_test

import (
	"fmt"
	"log/slog"
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
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes/rdgateway"
	parts "github.com/ews-exporter/ews_exporter/probes/rdgateway/lab"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// both are the keys that ask both transports.
const both = "transports: [http, websocket]"

// load reads a configuration.
func load(t *testing.T, authority *lab.Authority, text string) (*config.Config, error) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"ca.pem": string(authority.PEM()), "ews_exporter.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, []prober.Definition{rdgateway.Definition})
}

// probe probes an address, with the module's keys, and the keys of an auth; empty for none.
func probe(t *testing.T, authority *lab.Authority, target, keys, account string, limit time.Duration) *result.Result {
	t.Helper()
	auths, use := "", ""
	if account != "" {
		use, auths = "auth: a, ", fmt.Sprintf("auths: {a: {targets: ['%s'], %s}}\n", strings.TrimPrefix(target, "http://"), account)
	}
	cfg, err := load(t, authority, auths+"modules: {m: {prober: rd_gateway, ip_protocol: ip4, "+use+"tls_config: {ca_file: ca.pem}, rd_gateway: {"+keys+"}}}\npolicy: {allow: [127.0.0.0/8]}\n")
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

// account are the keys of an auth of the lab's user.
func account(scheme, password string) string {
	return fmt.Sprintf("username: '%s', password: %q, schemes: [%s]", lab.Username, password, scheme)
}

// outcomes are those of all transports, in their order.
func outcomes(res *result.Result) string {
	var all []string
	for _, s := range res.Samples {
		if s.Name == "probe_rd_gateway_outcome" && s.Value == 1 {
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
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// logons counts the secrets that went over the wire: answers of Basic, or the last legs of NTLM.
func logons(res *result.Result) (n int) {
	for _, step := range res.Conversations {
		if strings.HasSuffix(step.Step, ".authenticated") {
			n++
		}
	}
	return n
}

// seen are the types of the packets that a gateway was sent.
type seen struct {
	mu    sync.Mutex
	kinds []uint16
}

func (s *seen) add(kind uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds = append(s.kinds, kind)
}

func (s *seen) all() []uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kinds)
}

// serveGateway is a simulated gateway.
func serveGateway(t *testing.T) (address string, packets *seen) {
	t.Helper()
	packets = &seen{}
	return lab.ServeTLS(t, script.TLS(t), parts.Server(packets.add)).Addr(), packets
}

// TestNothingIsOpenedOnTheGateway: by each transport, logged on by each scheme, the handshake is the only packet that it gets.
func TestNothingIsOpenedOnTheGateway(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"basic", "ntlm", "negotiate"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			address, packets := serveGateway(t)
			res := probe(t, script.Authority(), "localhost:"+port(address), both, account(scheme, lab.Password), 8*time.Second)
			if !res.Success() || res.Undecided != "" || outcomes(res) != "http handshake, websocket handshake" || codes(res) != "" {
				t.Fatalf("failure %v, undecided %q, outcomes %s, findings %s", res.Failure, res.Undecided, outcomes(res), codes(res))
			}
			if n := logons(res); n != 3 {
				t.Errorf("%d logons, want one for each connection", n)
			}
			if kinds := packets.all(); !slices.Equal(kinds, []uint16{1, 1}) {
				t.Errorf("it got packets of the types %v, want a handshake request by each transport", kinds)
			}
		})
	}
}

func port(address string) string {
	_, port, _ := strings.Cut(address, ":")
	return port
}

// TestAWrongPasswordCostsOneLogon: neither the other connection nor the other transport is tried with it.
func TestAWrongPasswordCostsOneLogon(t *testing.T) {
	t.Parallel()
	address, _ := serveGateway(t)
	for _, scheme := range []string{"basic", "ntlm"} {
		res := probe(t, script.Authority(), "localhost:"+port(address), both, account(scheme, "not-the-one-of-this-lab"), 8*time.Second)
		if n := logons(res); n != 1 || outcomes(res) != "http denied, websocket logon_asked" {
			t.Errorf("%s: %d logons, outcomes %s, failure %v", scheme, n, outcomes(res), res.Failure)
		}
	}
}

// TestControlsLocateTheBox: what a verb that nobody knows gets, tells a rule about the verbs of RD Gateway from a box that refuses all
// it does not know.
func TestControlsLocateTheBox(t *testing.T) {
	t.Parallel()
	s, err := lab.Start(t.Context(), []lab.Part{parts.Part()}, lab.Options{Only: []string{"rdg-verb-refused", "rdg-verb-lost"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for scenario, want := range map[string]struct {
		outcome string
		says    []string
	}{
		"rdg-verb-refused": {"http refused", []string{"answered 405", "GET of the same path got 401", "as well: a rule is about these verbs"}},
		"rdg-verb-lost":    {"http silent", []string{"was silent", "GET of the same path got 401", "unknown verbs do not get through"}},
	} {
		where, _ := s.Scenario(scenario)
		res := probe(t, s.Authority(), where.Address, "", "", 3*time.Second)
		if outcomes(res) != want.outcome || !strings.Contains(codes(res), "rd_gateway_verb_refused") {
			t.Fatalf("%s: outcomes %s, findings %s, failure %v", scenario, outcomes(res), codes(res), res.Failure)
		}
		for _, said := range want.says {
			if !strings.Contains(res.Findings[0].Sentence, said) {
				t.Errorf("%s: the sentence lacks %q: %s", scenario, said, res.Findings[0].Sentence)
			}
		}
	}
}

// TestSettings tells mistakes.
func TestSettings(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	for keys, refused := range map[string]bool{
		"":                              false,
		"transports: [websocket, http]": false,
		"transports: []":                true,
		"transports: [udp]":             true,
		"transports: [http, http]":      true,
		"path: rd":                      true,
		"path: '/a b'":                  true,
	} {
		if _, err := load(t, authority, "modules: {m: {prober: rd_gateway, rd_gateway: {"+keys+"}}}\n"); (err != nil) != refused {
			t.Errorf("%s: %v", keys, err)
		}
	}
}

// password is that of the probe's account at the real judge.
const password = "a long password of the test's own"

// TestLogonsJudgedByOthers: gss-ntlmssp, and not this project's own code, says that the logon by a verb of RD Gateway is right, and
// bound to the certificate. The judge is no gateway, so no handshake follows.
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
	for name, tt := range map[string]struct {
		password string
		letIn    bool
	}{"right": {password, true}, "wrong": {"hunter2", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := probe(t, authority, "localhost:"+port(at), both, account("ntlm", tt.password), 8*time.Second)
			letIn, bound := false, false
			for _, c := range res.Conversations {
				if c.Response() == nil {
					continue
				}
				letIn = letIn || strings.Contains(strings.ToLower(c.Final.Get("X-Initiator")), "probe")
				bound = bound || c.Final.Get("X-Channel-Bound") == "yes"
			}
			if letIn != tt.letIn || bound != tt.letIn {
				t.Errorf("let in: %t, bound: %t; outcomes %s, failure %v", letIn, bound, outcomes(res), res.Failure)
			}
		})
	}
}
