package runner_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// basic401 asks for a logon and keeps the connection.
const basic401 = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"

// logonSite is a TLS server that asks for Basic, and does with a request that carries a logon what the test says.
func promisingSite(t *testing.T, then ...lab.Step) (*lab.Script, *lab.Authority) {
	t.Helper()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	serverTLS, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	var answer lab.Step
	answer = lab.Branch(func(head string) []lab.Step {
		if strings.Contains(head, "Authorization:") {
			return then
		}
		return []lab.Step{lab.Write(basic401), answer}
	})
	return lab.ServeTLS(t, serverTLS, answer), authority
}

const promisesConfig = `
auths: {web: {username: probe, password: correct-horse, schemes: [basic], targets: [%[2]s]}}
modules:
  ews: {prober: asker, auth: web, timeout: %[3]s, ip_protocol: ip4, tls_config: {ca_file: ca.pem%[4]s}, asker: {times: 3}}
  puppet: {prober: puppet, auth: web, ip_protocol: ip4, tls_config: {ca_file: ca.pem}, puppet: {path: %[1]q}}
policy: {allow: [127.0.0.1]}
`

func promisingRunner(t *testing.T, server *lab.Script, authority *lab.Authority, timeout, tlsKeys string) (r *runner.Runner, port string) {
	t.Helper()
	_, port, _ = strings.Cut(server.Addr(), ":")
	targets := fmt.Sprintf(`"127.0.0.1:%[1]s", "localhost:%[1]s", "mail.contoso.test:%[1]s"`, port)
	cfg := load(t, fmt.Sprintf(promisesConfig, t.Name(), targets, timeout, tlsKeys), map[string]string{"ca.pem": string(authority.PEM())})
	return newRunner(cfg), port
}

// TestABoxDoesNotProveAPassword: a balancer's own 503 is no acceptance, nor is what IIS says as a gateway, nor a page to log
// on by, whoever sends it: so logons stay one at a time.
func TestABoxDoesNotProveAPassword(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"a bare 503":                  "503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
		"ARR's 502":                   "502 Bad Gateway\r\nServer: Microsoft-IIS/10.0\r\nX-Powered-By: ARR/3.0\r\nContent-Length: 0\r\n\r\n",
		"IIS's 403.7":                 "403 Forbidden\r\nServer: Microsoft-IIS/10.0\r\nContent-Length: 37\r\n\r\n<h2>HTTP Error 403.7 - Forbidden</h2>",
		"Exchange's redirect to OWA":  "302 Found\r\nX-FEServer: EX01\r\nLocation: /owa/auth/logon.aspx\r\nContent-Length: 0\r\n\r\n",
		"OWA's 440":                   "440 Login Timeout\r\nServer: Microsoft-IIS/7.5\r\nContent-Length: 0\r\n\r\n",
		"a form":                      "200 OK\r\nContent-Type: text/html\r\nContent-Length: 34\r\n\r\n<form><input type=password></form>",
		"NetScaler's 500 of a number": "500 x\r\nContent-Length: 74\r\n\r\n<html><body><b>Http/1.1 Internal Server Error 43550 </b></body> </html>   ",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var now, most atomic.Int32
			server, authority := promisingSite(t, func(*lab.Conn) error {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(150 * time.Millisecond)
				now.Add(-1)
				return nil
			}, lab.Write("HTTP/1.1 "+answer), lab.Hang)
			r, _ := promisingRunner(t, server, authority, "5s", "")
			if _, err := r.Probe(t.Context(), runner.Request{Module: "ews", Target: server.Addr()}); err != nil {
				t.Fatal(err)
			}
			if n := most.Load(); n != 1 {
				t.Errorf("%d logons at once with a password that nobody has accepted, want 1", n)
			}
		})
	}
}

// TestVerifiedForAnotherName: a certificate that was held against another name than the auth's target permits no secret.
func TestVerifiedForAnotherName(t *testing.T) {
	t.Parallel()
	server, authority := promisingSite(t, lab.Hang)
	r, _ := promisingRunner(t, server, authority, "3s", ", server_name: mail.contoso.test")
	answer, err := r.Probe(t.Context(), runner.Request{Module: "ews", Target: server.Addr()})
	if err == nil && (answer.Result.Failure == nil || answer.Result.Failure.Stage != "auth" || answer.Result.Failure.Reason != auth.NotVerified) {
		t.Errorf("failure %v, want auth/not_verified", answer.Result.Failure)
	}
	for n := range server.Connections() {
		if strings.Contains(server.Received(n), "Authorization:") {
			t.Error("the secret was sent")
		}
	}
}

// TestAPanicDoesNotHoldUpTheAuth: a logon that was begun and never judged is settled with its probe.
func TestAPanicDoesNotHoldUpTheAuth(t *testing.T) {
	t.Parallel()
	server, authority := promisingSite(t, lab.Write("HTTP/1.1 200 OK\r\nX-FEServer: EX01\r\nContent-Length: 0\r\n\r\n"), lab.Hang)
	r, _ := promisingRunner(t, server, authority, "3s", "")
	puppetDoes.Store(t.Name(), func(ctx context.Context, run *prober.Run) {
		res, err := run.ResolveTarget(ctx)
		if err != nil {
			return
		}
		if _, _, err := run.Session.Open(ctx, run.Step("puppet"), run.Endpoint(run.Target, res), prober.Ask{Request: run.Request("POST", "/", nil, nil)}); err != nil {
			t.Error(err)
		}
		panic("in the midst of a logon")
	})
	for _, module := range []string{"puppet", "ews"} {
		answer, err := r.Probe(t.Context(), runner.Request{Module: module, Target: server.Addr()})
		if err != nil {
			t.Fatal(err)
		}
		if f := answer.Result.Failure; f != nil && f.Reason == auth.Waiting {
			t.Errorf("module %s: %v", module, f)
		}
	}
}

// TestRequestsThatDifferShareNothing: another name or another auth is another probe.
func TestRequestsThatDifferShareNothing(t *testing.T) {
	t.Parallel()
	var probed atomic.Int32
	release := make(chan struct{})
	puppetDoes.Store(t.Name(), func(context.Context, *prober.Run) {
		probed.Add(1)
		<-release
	})
	cfg := load(t, fmt.Sprintf(`
auths:
  a: {username: u, password: p, schemes: [basic], targets: ["127.0.0.1", mail.contoso.test]}
  b: {username: u, password: q, schemes: [basic], targets: ["127.0.0.1", mail.contoso.test]}
modules: {puppet: {prober: puppet, puppet: {path: %q}}}
policy: {allow: [127.0.0.1]}
`, t.Name()), nil)
	r := newRunner(cfg)
	done := make(chan string, 4)
	for _, req := range []runner.Request{{}, {Hostname: "mail.contoso.test"}, {Auth: "a"}, {Auth: "b"}} {
		req.Module, req.Target = "puppet", "127.0.0.1"
		go func() {
			answer, err := r.Probe(context.WithoutCancel(t.Context()), req)
			if err != nil {
				t.Error(err)
				done <- ""
				return
			}
			done <- answer.Result.ID
		}()
	}
	for i := 0; probed.Load() < 4 && i < 200; i++ {
		time.Sleep(10 * time.Millisecond)
	}
	close(release)
	seen := map[string]bool{}
	for range 4 {
		seen[<-done] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d probes for four different requests", len(seen))
	}
}

// TestAnAbandonedProbeTellsNothing: who leaves early must not make a false alarm for everybody.
func TestAnAbandonedProbeTellsNothing(t *testing.T) {
	t.Parallel()
	server := lab.Serve(t, lab.Hang)
	cfg := load(t, `
modules: {slow: {prober: asker, min_interval: 1h, timeout: 3s, ip_protocol: ip4}}
policy: {allow: [127.0.0.1]}
`, nil)
	var told atomic.Int32
	r := runner.New(observed(cfg, &told))
	ctx, leave := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer leave()
	if _, err := r.Probe(ctx, runner.Request{Module: "slow", Target: "http://" + server.Addr()}); err == nil {
		t.Fatal("the caller left, and was answered")
	}
	short, err := r.Probe(t.Context(), runner.Request{Module: "slow", Target: "http://" + server.Addr(), Limit: 700 * time.Millisecond})
	if err != nil || short.Result.Failure.Reason != "limit_too_short" {
		t.Fatalf("answer %v, error %v", short.Result, err)
	}
	for range 100 { // what was abandoned ends by itself
		time.Sleep(2 * time.Millisecond)
	}
	if n := told.Load(); n != 1 {
		t.Errorf("%d results were told, want only the one that somebody got", n)
	}
}

func observed(cfg *config.Config, told *atomic.Int32) runner.Options {
	return runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Log: slog.New(slog.DiscardHandler),
		Observe: func(*result.Result) { told.Add(1) },
	}
}

// TestHurryAnswersWithWhatWasMeasured: at the end of patience a caller that waits is answered.
func TestHurryAnswersWithWhatWasMeasured(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	r := localRunner(t, nil, func(ctx context.Context, run *prober.Run) {
		run.Step("puppet").End(nil)
		close(begun)
		<-ctx.Done()
	})
	go func() {
		<-begun
		r.Hurry()
	}()
	answer, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.1"})
	if err != nil || len(answer.Result.Steps) != 1 {
		t.Errorf("answer %+v, error %v", answer.Result, err)
	}
}

// TestSecretsGoOutBeforeTextsAreCut: a secret that lies across the place of the cut leaves no half behind.
func TestSecretsGoOutBeforeTextsAreCut(t *testing.T) {
	t.Parallel()
	const password = "correct-horse"
	pad := strings.Repeat("x", 4<<10-10)
	server, authority := promisingSite(t, lab.Write("HTTP/1.1 500 Oops\r\nX-Long: "+pad+password+pad+"\r\nContent-Length: 0\r\n\r\n"), lab.Hang)
	r, _ := promisingRunner(t, server, authority, "3s", "")
	answer, err := r.Probe(t.Context(), runner.Request{Module: "ews", Target: server.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, x := range answer.Result.Conversations {
		if x.Final == nil {
			continue
		}
		long := x.Final.Get("X-Long")
		found = found || long != ""
		if strings.Contains(long, password[:5]) || strings.Contains(x.Final.Raw, password[:5]) {
			t.Errorf("a part of the password is left: %s", long[len(long)-40:])
		}
	}
	if !found {
		t.Error("the long field was not kept at all")
	}
}
