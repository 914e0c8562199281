package runner_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
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
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// load reads a configuration from text, with the files it names beside it.
func load(t *testing.T, text string, files map[string]string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "ews.yml")
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{path}, kinds())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// puppet is a prober that does what a test says.
type puppet struct {
	Path string `yaml:"path"`
}

var puppetKind = prober.Definition{Name: "puppet", New: func() prober.Prober { return &puppet{} }}

// puppetDoes is what puppets do, by the path that their module sets.
var puppetDoes sync.Map

func (*puppet) Check(func(field, problem string)) {}
func (*puppet) Need() time.Duration               { return 10 * time.Millisecond }
func (p *puppet) Paths() []string                 { return []string{"/"} }
func (*puppet) Plan(bool) []string                { return nil }
func (*puppet) Blank(*result.Result)              {}
func (p *puppet) Probe(ctx context.Context, run *prober.Run) {
	if f, ok := puppetDoes.Load(p.Path); ok {
		f.(func(context.Context, *prober.Run))(ctx, run)
	}
}

const refusing = `
auths:
  web: {username: u, password: correct-horse, schemes: [basic], targets: [mail.contoso.com], modules: [ews]}
modules:
  ews: {prober: asker, auth: web}
  open: {prober: asker}
  loose: {prober: asker, tls_config: {insecure_skip_verify: true}}
policy:
  deny: [10.0.0.0/8, "*.internal.example"]
`

func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRunner(load(t, refusing, nil))
	tests := []struct {
		name   string
		req    runner.Request
		status int
		says   string
	}{
		{"unknown module", runner.Request{Module: "nope", Target: "mail.contoso.com"}, 400, "ews, loose, open"},
		{"unknown auth", runner.Request{Module: "open", Target: "mail.contoso.com", Auth: "nope"}, 400, "web"},
		{"empty target", runner.Request{Module: "open"}, 400, "target"},
		{"userinfo", runner.Request{Module: "open", Target: "https://u:hunter2@mail.contoso.com"}, 400, "@"},
		{"decimal address", runner.Request{Module: "open", Target: "2130706433"}, 400, "target"},
		{"octal address", runner.Request{Module: "open", Target: "0177.0.0.1"}, 400, "target"},
		{"zone", runner.Request{Module: "open", Target: "fe80::1%eth0"}, 400, "target"},
		{"loopback", runner.Request{Module: "open", Target: "127.0.0.1"}, 403, "policy.allow"},
		{"mapped loopback", runner.Request{Module: "open", Target: "[::ffff:127.0.0.1]"}, 403, "policy.allow"},
		{"metadata address", runner.Request{Module: "open", Target: "169.254.169.254"}, 403, "169.254.169.254"},
		{"denied network", runner.Request{Module: "open", Target: "10.1.2.3"}, 403, "10.0.0.0/8"},
		{"denied name", runner.Request{Module: "open", Target: "a.internal.example"}, 403, "internal.example"},
		{"denied name as hostname", runner.Request{Module: "open", Target: "192.0.2.1", Hostname: "a.internal.example"}, 403, "internal.example"},
		{"auth not for this target", runner.Request{Module: "ews", Target: "evil.example"}, 403, "targets"},
		{"auth not for this port", runner.Request{Module: "ews", Target: "mail.contoso.com:8443"}, 403, "targets"},
		{"auth not for this module", runner.Request{Module: "open", Auth: "web", Target: "mail.contoso.com"}, 403, "modules"},
		{"auth over plain http", runner.Request{Module: "ews", Target: "http://mail.contoso.com"}, 403, "http"},
		{"auth with a path of its own", runner.Request{Module: "ews", Target: "https://mail.contoso.com/other"}, 403, "/other"},
		{"auth without verification", runner.Request{Module: "loose", Auth: "web", Target: "mail.contoso.com"}, 403, "insecure_skip_verify"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := r.Probe(t.Context(), tt.req)
			var refusal *runner.Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("error %v, want a refusal", err)
			}
			if refusal.Status != tt.status || !strings.Contains(refusal.Message, tt.says) {
				t.Errorf("%d %q, want %d with %q", refusal.Status, refusal.Message, tt.status, tt.says)
			}
			if strings.Contains(refusal.Message, "hunter2") || strings.Contains(refusal.Message, "correct-horse") {
				t.Errorf("a password in %q", refusal.Message)
			}
		})
	}
}

const local = `
modules:
  puppet: {prober: puppet, puppet: {path: %s}}
  slow: {prober: puppet, min_interval: 1h, puppet: {path: %s}}
  fast: {prober: asker, ip_protocol: ip4, asker: {times: 2}}
policy: {allow: [127.0.0.0/8]}
`

// localRunner has modules that run what the test says.
func localRunner(t *testing.T, change func(*runner.Options), does func(context.Context, *prober.Run)) *runner.Runner {
	t.Helper()
	puppetDoes.Store(t.Name(), does)
	name := fmt.Sprintf("%q", t.Name())
	cfg := load(t, fmt.Sprintf(local, name, name), nil)
	o := runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	return runner.New(o)
}

// TestIdenticalRequestsShareOneProbe: two Prometheus servers scrape the same target.
func TestIdenticalRequestsShareOneProbe(t *testing.T) {
	t.Parallel()
	var probes atomic.Int32
	release := make(chan struct{})
	r := localRunner(t, nil, func(context.Context, *prober.Run) {
		probes.Add(1)
		<-release
	})
	var same sync.WaitGroup
	ids := make(chan string, 10)
	for range 10 {
		same.Go(func() {
			answer, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.1"})
			if err != nil {
				t.Error(err)
				return
			}
			ids <- answer.Result.ID
		})
	}
	time.Sleep(100 * time.Millisecond) // let all of them join
	close(release)
	same.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("answers %s and %s are of different probes", first, id)
		}
	}
	if n := probes.Load(); n != 1 {
		t.Errorf("%d probes, want 1", n)
	}
}

// TestProbeOutlivesOneImpatientCaller and ends with the last.
func TestProbeOutlivesOneImpatientCaller(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	r := localRunner(t, nil, func(ctx context.Context, _ *prober.Run) {
		close(begun)
		<-ctx.Done()
		close(ended)
	})
	req := runner.Request{Module: "puppet", Target: "127.0.0.1"}
	first, leaveFirst := context.WithCancel(t.Context())
	second, leaveSecond := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	callers.Go(func() { _, _ = r.Probe(first, req) })
	<-begun
	callers.Go(func() { _, _ = r.Probe(second, req) })
	time.Sleep(50 * time.Millisecond)
	leaveFirst()
	select {
	case <-ended:
		t.Error("the probe ended although a caller still waits")
	case <-time.After(50 * time.Millisecond):
	}
	leaveSecond()
	<-ended
	callers.Wait()
}

// TestMinIntervalAnswersTheLastResult with its age, and only for modules that have one.
func TestMinIntervalAnswersTheLastResult(t *testing.T) {
	t.Parallel()
	var probes atomic.Int32
	r := localRunner(t, nil, func(context.Context, *prober.Run) { probes.Add(1) })
	for range 3 {
		answer, err := r.Probe(t.Context(), runner.Request{Module: "slow", Target: "127.0.0.1"})
		if err != nil || !answer.Interval {
			t.Fatalf("answer %+v, error %v", answer, err)
		}
	}
	if n := probes.Load(); n != 1 {
		t.Errorf("%d probes within min_interval, want 1", n)
	}
	for range 2 {
		if _, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.1"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := probes.Load(); n != 3 {
		t.Errorf("%d probes, want 3", n)
	}
}

// TestLimitTooShort: nothing is sent, and the failure holds both numbers.
func TestLimitTooShort(t *testing.T) {
	t.Parallel()
	server := lab.Serve(t, lab.Hang)
	r := localRunner(t, nil, nil)
	answer, err := r.Probe(t.Context(), runner.Request{Module: "fast", Target: "http://" + server.Addr(), Limit: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	f := answer.Result.Failure
	if f == nil || f.Stage != "config" || f.Reason != "limit_too_short" || !strings.Contains(f.Message, "500ms") || !strings.Contains(f.Message, "1s") {
		t.Errorf("failure %+v", f)
	}
	if server.Connections() != 0 {
		t.Error("something was sent")
	}
}

// TestTooManyProbes is answered 503 at once, and place is made again.
func TestTooManyProbes(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}, 2), make(chan struct{})
	r := localRunner(t, func(o *runner.Options) { o.MaxProbes = 2 }, func(context.Context, *prober.Run) {
		begun <- struct{}{}
		<-release
	})
	var running sync.WaitGroup
	for _, target := range []string{"127.0.0.1", "127.0.0.2"} {
		running.Go(func() { _, _ = r.Probe(t.Context(), runner.Request{Module: "puppet", Target: target}) })
		<-begun
	}
	_, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.3"})
	var refusal *runner.Refusal
	if !errors.As(err, &refusal) || refusal.Status != http.StatusServiceUnavailable || refusal.Reason != runner.TooManyProbes {
		t.Errorf("error %v, want a 503", err)
	}
	close(release)
	running.Wait()
	if _, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.3"}); err != nil {
		t.Errorf("after the others ended: %v", err)
	}
}

// TestProbesQueueAtAnAddress: one probe holds the only place, whatever its number of connections; the next waits.
func TestProbesQueueAtAnAddress(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	server := lab.Serve(t, func(c *lab.Conn) error {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		return lab.ReadHead(c)
	})
	r := localRunner(t, func(o *runner.Options) { o.MaxProbesPerAddress = 1 }, nil)
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			answer, err := r.Probe(t.Context(), runner.Request{Module: "fast", Target: fmt.Sprintf("http://%s/%d", server.Addr(), i)})
			if err != nil || answer.Result.Failure == nil || answer.Result.Failure.Stage != "receive" {
				t.Errorf("answer %+v, error %v", answer.Result, err)
			}
		})
	}
	running.Wait()
	if n := most.Load(); n > 2 {
		t.Errorf("%d connections at once: more than one probe's two", n)
	}
}

// TestNoPlaceAtAnAddress: a server that hangs holds its places until the time limit. Who waited for one until then is told
// so, and sent nothing.
func TestNoPlaceAtAnAddress(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := lab.Serve(t, func(c *lab.Conn) error {
		connections.Add(1)
		return lab.Hang(c)
	})
	r := localRunner(t, func(o *runner.Options) { o.MaxProbesPerAddress = 2 }, nil)
	var running sync.WaitGroup
	var busy atomic.Int32
	for i := range 5 {
		limit := 3 * time.Second
		if i >= 2 {
			limit = 1500 * time.Millisecond
			for connections.Load() < 4 { // the places are taken: a probe of this module has two connections
				time.Sleep(time.Millisecond)
			}
		}
		running.Go(func() {
			answer, err := r.Probe(t.Context(), runner.Request{Module: "fast", Target: fmt.Sprintf("http://%s/%d", server.Addr(), i), Limit: limit})
			if err != nil || answer.Result.Failure == nil {
				t.Errorf("answer %+v, error %v", answer.Result, err)
				return
			}
			if f := answer.Result.Failure; f.Stage == "connect" && f.Reason == "busy" {
				busy.Add(1)
				if len(answer.Result.Connections) > 0 {
					t.Error("a probe without a place connected")
				}
			}
		})
	}
	running.Wait()
	if busy.Load() != 3 {
		t.Errorf("%d probes were told that there is no place, want 3", busy.Load())
	}
}

// TestPlaceAfterTheLimit: a probe that would connect when its time is up is not told that others are in its way.
func TestPlaceAfterTheLimit(t *testing.T) {
	t.Parallel()
	reasons := make(chan string, 20)
	r := localRunner(t, nil, func(ctx context.Context, run *prober.Run) {
		late, cancel := context.WithCancel(ctx)
		cancel()
		for range cap(reasons) {
			_, err := run.Network.Open(late, run.Step("puppet"), prober.Endpoint{Addr: netip.MustParseAddrPort("127.0.0.1:9"), From: &wire.Resolution{}})
			reasons <- failure.From(err).Reason
		}
	})
	if _, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	close(reasons)
	for reason := range reasons {
		if reason != "timeout" {
			t.Errorf("reason %s, want timeout", reason)
		}
	}
}

// TestPanic is a failure of that probe, counted, and nothing of what it says gets out: not into the log either.
func TestPanic(t *testing.T) {
	t.Parallel()
	var panics atomic.Int32
	var log bytes.Buffer
	r := localRunner(t, func(o *runner.Options) {
		o.Panicked = func() { panics.Add(1) }
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}, func(_ context.Context, run *prober.Run) {
		prober.Parallel(func() { panic("hunter2") })
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if f := answer.Result.Failure; f == nil || f.Stage != "internal" || f.Reason != "panic" || strings.Contains(f.Message, "hunter2") {
		t.Errorf("failure %+v", f)
	}
	if panics.Load() != 1 {
		t.Errorf("%d panics counted, want 1", panics.Load())
	}
	if text := log.String(); !strings.Contains(text, "runner_test.go") || strings.Contains(text, "hunter2") {
		t.Errorf("the log does not say where it happened, or says what: %s", text)
	}
}

// TestStopRefusesNewProbes while those in flight go on.
func TestStopRefusesNewProbes(t *testing.T) {
	t.Parallel()
	r := localRunner(t, nil, func(context.Context, *prober.Run) {})
	r.Stop()
	_, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.1"})
	var refusal *runner.Refusal
	if !errors.As(err, &refusal) || refusal.Status != http.StatusServiceUnavailable || refusal.Reason != runner.Stopping {
		t.Errorf("error %v, want a 503", err)
	}
}

// TestRebindingGainsNothing: the address that is dialled is the address that is checked, each time.
func TestRebindingGainsNothing(t *testing.T) {
	t.Parallel()
	server := lab.Serve(t, lab.Hang)
	cfg := load(t, "modules: {fast: {prober: asker}}", nil)
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Log: slog.New(slog.DiscardHandler),
		Resolver: loopbackResolver{},
	})
	_, port, _ := strings.Cut(server.Addr(), ":")
	answer, err := r.Probe(t.Context(), runner.Request{Module: "fast", Target: "http://public.example:" + port})
	if err != nil {
		t.Fatal(err)
	}
	if f := answer.Result.Failure; f == nil || f.Stage != "policy" || f.Reason != "address_denied" {
		t.Errorf("failure %+v, want policy/address_denied", f)
	}
	if server.Connections() != 0 || len(answer.Result.Connections) != 0 {
		t.Error("a denied address was dialled")
	}
}

// echo is a site that wants Basic and repeats all it is sent, in every way it can.
const echoPassword = `p"a&s\s wörd+%41`

// TestNothingSecretIsEchoed: a target that repeats what it was sent gets none of it into a result.
func TestNothingSecretIsEchoed(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	tls, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	token := base64.StdEncoding.EncodeToString([]byte("probe:" + echoPassword))
	server := lab.ServeTLS(t, tls, lab.Branch(func(head string) []lab.Step {
		if !strings.Contains(head, "Authorization: Basic "+token) {
			return []lab.Step{lab.Write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"), lab.ReadHead}
		}
		echo := "HTTP/1.1 500 " + token + "\r\nX-Plain: " + echoPassword + "\r\nX-Hex: " + fmt.Sprintf("%x", echoPassword) +
			"\r\nContent-Type: text/html\r\n\r\n" + head + echoPassword + strings.Repeat(token, 2000)
		return []lab.Step{lab.Write(echo), lab.Cut}
	}))
	_, port, _ := strings.Cut(server.Addr(), ":")
	cfg := load(t, fmt.Sprintf(`
auths: {web: {username: probe, password_file: secret, schemes: [basic], targets: ["127.0.0.1:%s"]}}
modules: {ews: {prober: asker, auth: web, tls_config: {ca_file: ca.pem}}}
policy: {allow: [127.0.0.1]}
`, port), map[string]string{"secret": echoPassword + "\n", "ca.pem": string(authority.PEM())})
	answer, err := newRunner(cfg).Probe(t.Context(), runner.Request{Module: "ews", Target: server.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	if complete(answer.Result) == 0 {
		t.Fatalf("the logon never went out: %v", answer.Result.Failure)
	}
	text, err := json.Marshal(answer.Result)
	if err != nil {
		t.Fatal(err)
	}
	all := string(text) + fmt.Sprintf("%+v %+v", answer.Result.Failure, answer.Result.Samples)
	for _, secret := range []string{echoPassword, token, token[:20], fmt.Sprintf("%x", echoPassword), `p\"a\u0026s\\s`, "wörd"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is in the result", secret)
		}
	}
}

// TestWrongPassword: a thousand scrapes, over many targets at once, make at most two logons.
func TestWrongPassword(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	tls, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	var logons atomic.Int32
	server := lab.ServeTLS(t, tls, lab.Branch(func(head string) []lab.Step {
		if strings.Contains(head, "Authorization:") {
			logons.Add(1)
		}
		return []lab.Step{lab.Write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"), lab.Cut}
	}))
	_, port, _ := strings.Cut(server.Addr(), ":")
	text := fmt.Sprintf(`
auths: {web: {username: probe, password: wrong, schemes: [basic], targets: ["127.0.0.1:%[1]s", "localhost:%[1]s", "mail.contoso.test:%[1]s"]}}
modules:
  one: {prober: asker, auth: web, ip_protocol: ip4, tls_config: {ca_file: ca.pem}, asker: {times: 3}}
  two: {prober: asker, auth: web, ip_protocol: ip4, tls_config: {ca_file: ca.pem}, asker: {times: 2}}
policy: {allow: [127.0.0.1]}
`, port)
	gate := auth.NewGate(time.Now)
	scrape := func() {
		cfg := load(t, text, map[string]string{"ca.pem": string(authority.PEM())}) // anew, as a reload does
		r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: gate, Log: slog.New(slog.DiscardHandler)})
		var all sync.WaitGroup
		for i := range 500 {
			all.Go(func() {
				answer, err := r.Probe(t.Context(), runner.Request{
					Module: []string{"one", "two"}[i%2], Target: "127.0.0.1:" + port, Hostname: []string{"127.0.0.1", "localhost", "mail.contoso.test"}[i%3],
				})
				var refusal *runner.Refusal
				if errors.As(err, &refusal) && refusal.Reason == runner.TooManyProbes {
					return
				}
				if err != nil || answer.Result.Failure == nil || answer.Result.Failure.Stage != "auth" {
					t.Errorf("answer %v, error %v", failureOf(answer.Result), err)
				}
			})
		}
		all.Wait()
	}
	scrape()
	scrape()
	if n := logons.Load(); n < 1 || n > 2 {
		t.Errorf("%d logons with a wrong password, want one or two", n)
	}
}

func failureOf(res *result.Result) any {
	if res == nil || res.Failure == nil {
		return nil
	}
	return *res.Failure
}

// loopbackResolver gives every name the one address that a rebinding attack is after.
type loopbackResolver struct{}

func (loopbackResolver) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}
