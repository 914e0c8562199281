package runner_test

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// logonConfig has an auth and a module of the same name for each list of schemes.
const logonConfig = `
auths:
%s
modules:
%s
policy: {allow: ["127.0.0.0/8"]}
`

// logonRunner starts scenarios, and a runner with one module for each of the auths, which are given as YAML flow
// mappings less user name and targets.
func logonRunner(t *testing.T, auths map[string]string, only ...string) (*lab.Site, *runner.Runner) {
	t.Helper()
	s, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	var targets []string
	for _, scenario := range s.Scenarios() {
		targets = append(targets, fmt.Sprintf("%q", scenario.Address))
	}
	var as, ms strings.Builder
	for name, rest := range auths {
		fmt.Fprintf(&as, "  %s: {username: '%s', targets: [%s], %s}\n", name, lab.Username, strings.Join(targets, ", "), rest)
		fmt.Fprintf(&ms, "  %s: {prober: asker, auth: %s, tls_config: {ca_file: ca.pem}}\n", name, name)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "ca.pem"), string(s.Authority().PEM()))
	write(t, filepath.Join(dir, "right"), lab.Password+"\n")
	write(t, filepath.Join(dir, "ews_exporter.yml"), fmt.Sprintf(logonConfig, as.String(), ms.String()))
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, kinds())
	if err != nil {
		t.Fatal(err)
	}
	return s, newRunner(cfg)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func probeScenario(t *testing.T, s *lab.Site, r *runner.Runner, module, scenario string) *result.Result {
	t.Helper()
	where, ok := s.Scenario(scenario)
	if !ok {
		t.Fatalf("no scenario %s", scenario)
	}
	answer, err := r.Probe(t.Context(), runner.Request{Module: module, Target: where.Address, Limit: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// statuses are those of all responses, in order.
func statuses(res *result.Result) string {
	var list []string
	for _, e := range res.Conversations {
		if e.Final != nil {
			list = append(list, fmt.Sprint(e.Final.Status))
		}
	}
	return strings.Join(list, " ")
}

var (
	passwordFile  = "password_file: right"
	wrongPassword = "password: not-the-lab's-own"
)

// TestWindowsLogon holds how a probe logs on by NTLM, plain and within SPNEGO, at each kind of site.
func TestWindowsLogon(t *testing.T) {
	t.Parallel()
	s, r := logonRunner(t, map[string]string{
		"ntlm": "schemes: [ntlm], " + passwordFile, "negotiate": "schemes: [negotiate], " + passwordFile,
		"unbound": "schemes: [ntlm], channel_binding: none, " + passwordFile,
		"basic":   "schemes: [basic], " + passwordFile,
	}, "early-401", "ntlm-persisted", "ntlm-per-request", "only-basic", "legs-split", "closes-after-challenge",
		"protection-allow", "protection-require", "protection-allow-rebound", "protection-require-rebound")
	tests := []struct {
		module, scenario string
		statuses         string
		reason           string // of the failure; empty for success
	}{
		{"ntlm", "early-401", "401 401 200", ""},
		{"negotiate", "early-401", "401 401 200", ""},
		{"ntlm", "ntlm-per-request", "401 401 200", ""},
		{"negotiate", "protection-require", "401 401 200", ""},
		{"ntlm", "protection-require", "401 401 200", ""},
		{"ntlm", "protection-allow", "401 401 200", ""},
		{"unbound", "protection-allow-rebound", "401 401 200", ""},
		{"ntlm", "only-basic", "401", "scheme_not_offered"},
		{"basic", "ntlm-persisted", "401", "scheme_not_offered"},
		{"ntlm", "closes-after-challenge", "401 401", "connection_closed"},
	}
	for _, tt := range tests {
		t.Run(tt.module+" at "+tt.scenario, func(t *testing.T) {
			t.Parallel()
			res := probeScenario(t, s, r, tt.module, tt.scenario)
			if got := statuses(res); got != tt.statuses {
				t.Errorf("statuses %s, want %s", got, tt.statuses)
			}
			if tt.reason != "" {
				if !failure.Is(res.Failure, failure.Auth, tt.reason) {
					t.Errorf("failure %v, want reason %s", res.Failure, tt.reason)
				}
				return
			}
			if !res.Success() {
				t.Errorf("failed: %v", res.Failure)
			}
		})
	}
}

// TestRefusedWindowsLogon: what a right password is refused for. Each has a runner of its own, because a refusal
// suspends the account.
func TestRefusedWindowsLogon(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ scheme, scenario, rest string }{
		{"ntlm", "early-401", wrongPassword},
		{"negotiate", "early-401", wrongPassword},
		{"ntlm", "legs-split", passwordFile},
		{"ntlm", "protection-allow-rebound", passwordFile},
		{"ntlm", "protection-require-rebound", passwordFile},
		{"ntlm", "protection-require", "channel_binding: none, " + passwordFile},
	} {
		t.Run(tt.scheme+" at "+tt.scenario+" with "+tt.rest, func(t *testing.T) {
			t.Parallel()
			s, r := logonRunner(t, map[string]string{"m": "schemes: [" + tt.scheme + "], " + tt.rest}, tt.scenario)
			res := probeScenario(t, s, r, "m", tt.scenario)
			if got := statuses(res); got != "401 401 401" || !failure.Is(res.Failure, failure.Auth, "refused") {
				t.Errorf("statuses %s, failure %v", got, res.Failure)
			}
			again := probeScenario(t, s, r, "m", tt.scenario)
			if len(again.Connections) > 0 || !failure.Is(again.Failure, failure.Auth, "suspended") {
				t.Errorf("the next probe made %d connections; failure %v", len(again.Connections), again.Failure)
			}
		})
	}
}

// TestEchoShowsNoSecret: a target that shows what it was sent in reason phrase, fields and body gets nothing of it into
// the result, whatever the scheme.
func TestEchoShowsNoSecret(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"basic", "ntlm"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			s, r := logonRunner(t, map[string]string{"m": "schemes: [" + scheme + "], " + passwordFile}, "echo")
			res := probeScenario(t, s, r, "m", "echo")
			text, err := json.Marshal(res)
			if err != nil {
				t.Fatal(err)
			}
			sent := 0
			for _, e := range res.Conversations {
				for _, f := range e.Header {
					if f.Name == "Authorization" {
						sent++
					}
				}
			}
			if sent == 0 {
				t.Fatal("no credentials were sent, so nothing was tested")
			}
			for _, secret := range []string{lab.Password, "TlRMTVNTUAAD", "TlRMTVNTUAAC", "TlRMTVNTUAAB", "Q09OVE9TT1xwcm9iZ", "Y29va2llIG9m"} {
				if strings.Contains(string(text), secret) {
					t.Errorf("the result holds %q", secret)
				}
			}
		})
	}
}

// bearerSite lets in who shows the token, over TLS.
func bearerSite(t *testing.T, authority *lab.Authority, token string) (address string) {
	t.Helper()
	tls, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	serve := lab.Branch(func(head string) []lab.Step {
		body := int64(0)
		if _, length, ok := strings.Cut(head, "Content-Length: "); ok {
			_, _ = fmt.Sscan(length, &body)
		}
		switch {
		case strings.Contains(head, "\r\nAuthorization: Bearer "+token+"\r\n"):
			return []lab.Step{lab.Write("HTTP/1.1 100 Continue\r\n\r\n"), lab.ReadBody(body), lab.Write("HTTP/1.1 200 OK\r\nX-FEServer: EX01\r\nContent-Length: 0\r\n\r\n")}
		case strings.Contains(head, "\r\nAuthorization: "):
			return []lab.Step{lab.Write("HTTP/1.1 401 Unauthorized\r\nX-FEServer: EX01\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\nContent-Length: 0\r\n\r\n")}
		}
		return []lab.Step{lab.ReadBody(body), lab.Write("HTTP/1.1 401 Unauthorized\r\nX-FEServer: EX01\r\nWWW-Authenticate: Bearer client_id=\"00000002-0000-0ff1-ce00-000000000000\", Negotiate\r\nContent-Length: 0\r\n\r\n")}
	})
	return lab.ServeTLS(t, tls, serve, serve, serve).Addr()
}

// TestBearerLogon: with a token out of a file, and with one from a token URL; a refused one is told apart.
func TestBearerLogon(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	asked := 0
	issuer := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte(`{"access_token":"issued-token","token_type":"Bearer","expires_in":3600}`))
	}))
	t.Cleanup(issuer.Close)
	write(t, filepath.Join(dir, "issuer.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuer.Certificate().Raw})))
	write(t, filepath.Join(dir, "ca.pem"), string(authority.PEM()))
	write(t, filepath.Join(dir, "token"), "filed-token\n")
	write(t, filepath.Join(dir, "client_secret"), "hunter2\n")
	filed, issued, other := bearerSite(t, authority, "filed-token"), bearerSite(t, authority, "issued-token"), bearerSite(t, authority, "another")
	write(t, filepath.Join(dir, "ews_exporter.yml"), fmt.Sprintf(`
auths:
  file: {schemes: [bearer], targets: [%q, %q], token_file: token}
  url: {schemes: [bearer], targets: [%q, %q], oauth2: {client_id: probe, client_secret_file: client_secret, token_url: %q, ca_file: issuer.pem}}
modules:
  file: {prober: asker, auth: file, tls_config: {ca_file: ca.pem}}
  url: {prober: asker, auth: url, tls_config: {ca_file: ca.pem}}
policy: {allow: ["127.0.0.0/8"]}
`, filed, other, issued, other, issuer.URL))
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, kinds())
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(cfg)
	for _, tt := range []struct{ module, target, reason string }{
		{"file", filed, ""}, {"url", issued, ""}, {"url", other, "bearer_refused"}, {"file", other, "refused"}, {"file", other, "suspended"},
	} {
		answer, err := r.Probe(t.Context(), runner.Request{Module: tt.module, Target: tt.target, Limit: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		res := answer.Result
		if tt.reason == "" && !res.Success() || tt.reason != "" && !failure.Is(res.Failure, failure.Auth, tt.reason) {
			t.Errorf("%s: failure %v, want %q", tt.module, res.Failure, tt.reason)
		}
		text, err := json.Marshal(res)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"filed-token", "issued-token", "hunter2"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s: the result holds %s", tt.module, secret)
			}
		}
	}
	if asked != 1 {
		t.Errorf("the token URL was asked %d times", asked)
	}
}

// TestThousandScrapesWithAWrongPassword: over modules, probers, targets, schemes of Windows and Basic, side by side and
// across reloads, a wrong password makes at most two logons.
func TestThousandScrapesWithAWrongPassword(t *testing.T) {
	t.Parallel()
	all := []string{"negotiate, ntlm, basic", "ntlm", "negotiate", "basic"}
	if testing.Short() {
		all = all[:1] // long
	}
	for _, schemes := range all {
		t.Run(schemes, func(t *testing.T) {
			t.Parallel()
			s, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{"basic-logon", "ntlm-persisted", "kemp-rfc2616-logon", "only-basic"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			var targets []string
			for _, scenario := range s.Scenarios() {
				targets = append(targets, scenario.Address)
			}
			dir := t.TempDir()
			write(t, filepath.Join(dir, "ca.pem"), string(s.Authority().PEM()))
			file := filepath.Join(dir, "ews_exporter.yml")
			modules, inYAML := modulesOfAll(t)
			write(t, file, fmt.Sprintf(`
auths:
  a: {username: '%[1]s', password: wrong, schemes: [%[2]s], targets: ["%[3]s"]}
  b: {username: '%[1]s', password: wrong, schemes: [%[2]s], targets: ["%[3]s"]}
modules:
%[4]spolicy: {allow: ["127.0.0.0/8"]}
`, lab.Username, schemes, strings.Join(targets, `", "`), inYAML))
			store, err := config.NewStore(func() (*config.Config, error) { return config.Load([]string{file}, kinds()) })
			if err != nil {
				t.Fatal(err)
			}
			r := runner.New(runner.Options{
				Config: store.Current, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler), MaxProbesPerAddress: 100,
			})
			var probed atomic.Int64
			var all sync.WaitGroup
			for worker := range 8 {
				all.Go(func() {
					for i := range 125 {
						if i%25 == 24 {
							if err := store.Reload(); err != nil {
								t.Error(err)
							}
						}
						n := worker + i
						answer, err := r.Probe(t.Context(), runner.Request{Module: modules[n%len(modules)], Target: targets[(n/len(modules))%len(targets)], Limit: 6 * time.Second})
						if err != nil {
							t.Error(err)
							return
						}
						if answer.Result.Success() {
							t.Errorf("a wrong password succeeded at %s", answer.Result.Target)
						}
						probed.Add(1)
					}
				})
			}
			all.Wait()
			logons := 0
			for _, scenario := range s.Scenarios() {
				logons += s.Cost(scenario.Name).Logons
			}
			if probed.Load() != 1000 || logons > 2 || logons == 0 {
				t.Errorf("%d scrapes made %d logons", probed.Load(), logons)
			}
		})
	}
}

// modulesOfAll are two modules of each prober that asks over HTTP, in YAML too: by the auth a one that asks for as little as
// possible, by b one that asks for all it can.
func modulesOfAll(t *testing.T) (names []string, inYAML string) {
	t.Helper()
	for _, p := range overHTTP(t) {
		if definition(p).NoLogon {
			continue
		}
		for auth, keys := range map[string][]string{"a": p.Least, "b": p.Most} {
			name := p.Prober + "_by_" + auth
			names = append(names, name)
			inYAML += fmt.Sprintf("  %s: {prober: %s, auth: %s, tls_config: {ca_file: ca.pem}, %s}\n", name, p.Prober, auth, inline(keys))
		}
	}
	return names, inYAML
}

// complete counts the requests that carried the last answer of a logon.
func complete(res *result.Result) (n int64) {
	for _, e := range res.Conversations {
		for _, f := range e.Header {
			if f.Name == "Authorization" && !strings.HasSuffix(e.Step, ".logon") {
				n++
			}
		}
	}
	return n
}

// TestHostileChallenges: what a server can answer to the first leg of a logon. Each ends in a named failure, in bounded
// time, and no secret was sent.
func TestHostileChallenges(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	tls, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	unauthorized := func(challenge string) []lab.Step {
		return []lab.Step{lab.Write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " + challenge + "\r\nContent-Length: 0\r\n\r\n")}
	}
	const first = "NTLM"
	tests := []struct {
		name   string
		leg    []lab.Step
		reason string
	}{
		{"no base64", unauthorized("NTLM =A="), "handshake_broken"},
		{"truncated", unauthorized("NTLM TlRMTVNTUAACAAAA"), "challenge_malformed"},
		{"huge", unauthorized("NTLM " + strings.Repeat("TlRM", 20<<10)), "challenge_malformed"},
		{"huger than any token", unauthorized("NTLM " + strings.Repeat("TlRM", 60<<10)), "handshake_broken"},
		{"bare again and again", unauthorized(first), "handshake_broken"},
		{"another scheme's", unauthorized("Negotiate oQcwBaADCgEC"), "handshake_broken"},
		{"a scheme that was not asked for", unauthorized(`Basic realm="give me the password"`), "handshake_broken"},
		{"a page", []lab.Step{lab.Write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")}, "handshake_broken"},
		{"a redirect", []lab.Step{lab.Write("HTTP/1.1 302 Found\r\nLocation: https://elsewhere.invalid/\r\nContent-Length: 0\r\n\r\n")}, "handshake_broken"},
		{"an end announced", []lab.Step{lab.Write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM TlRMTVNTUAACAAAA\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")}, "connection_closed"},
		{"a reset", []lab.Step{lab.Reset}, "connection_closed"},
		{"silence", []lab.Step{lab.Hang}, "timeout"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := lab.Branch(func(head string) []lab.Step {
				if strings.Contains(head, "\r\nAuthorization: ") {
					return tt.leg
				}
				return unauthorized(first)
			})
			site := lab.ServeTLS(t, tls, server, server, server)
			dir := t.TempDir()
			write(t, filepath.Join(dir, "ca.pem"), string(authority.PEM()))
			write(t, filepath.Join(dir, "ews_exporter.yml"), fmt.Sprintf(`
auths: {a: {username: u, password: hunter2, schemes: [ntlm], targets: [%q]}}
modules: {m: {prober: asker, auth: a, tls_config: {ca_file: ca.pem}}}
policy: {allow: ["127.0.0.0/8"]}
`, site.Addr()))
			cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, kinds())
			if err != nil {
				t.Fatal(err)
			}
			r := newRunner(cfg)
			start := time.Now()
			answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: site.Addr(), Limit: 1500 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if f := answer.Result.Failure; f == nil || f.Reason != tt.reason {
				t.Errorf("failure %v (%+v), want %s", f, f, tt.reason)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %s, far beyond the limit", took)
			}
			if strings.Contains(site.Received(0), "TlRMTVNTUAAD") || strings.Contains(site.Received(0), "Basic ") {
				t.Error("an answer made with the secret was sent")
			}
			again, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: site.Addr(), Limit: 1500 * time.Millisecond})
			if err != nil || again.Result.Failure == nil || again.Result.Failure.Reason != tt.reason {
				t.Errorf("the next probe: %v, %v; the auth must not be suspended by a handshake without a secret", again.Result.Failure, err)
			}
		})
	}
}

// TestNoLogonOverPlainHTTP: an auth and an http target do not go together.
func TestNoLogonOverPlainHTTP(t *testing.T) {
	t.Parallel()
	_, r := logonRunner(t, map[string]string{"m": "schemes: [ntlm], " + passwordFile}, "early-401")
	var refusal *runner.Refusal
	if _, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: "http://127.0.0.1:1"}); !errors.As(err, &refusal) || refusal.Reason != runner.DeniedAuth {
		t.Errorf("got %v", err)
	}
}
