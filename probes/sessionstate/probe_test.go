package sessionstate

import (
	"bytes"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// load reads a configuration with one module, whose settings are given.
func load(t testing.TB, settings string) (*config.Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.yml")
	text := "modules: {m: {prober: session_state, ip_protocol: ip4, timeout: 8s, session_state: {" + settings + "}}}\npolicy: {allow: [127.0.0.0/8, no-such-host.invalid]}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load([]string{file}, []prober.Definition{Definition})
}

// ask probes an address, and gives the result and its outcome.
func ask(t testing.TB, expect, target string) (*result.Result, string) {
	t.Helper()
	cfg, err := load(t, "expect: "+expect)
	if err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler)})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: target})
	if err != nil {
		t.Fatal(err)
	}
	var outcome string
	for _, s := range answer.Result.Samples {
		if s.Name == outcomeMetric.Name && s.Value == 1 {
			outcome += s.Labels[0]
		}
	}
	return answer.Result, outcome
}

var update = flag.Bool("update", false, "write the golden file anew")

// TestNotFoundOutIsNoSuccess: nobody reached is good news only where it is known.
func TestNotFoundOutIsNoSuccess(t *testing.T) {
	t.Parallel()
	res, outcome := ask(t, Unreachable, "no-such-host.invalid")
	if outcome != failed || res.Success() {
		t.Errorf("%s, %v", outcome, res.Failure)
	}
	families, err := collector.Gatherer(&result.Result{Samples: res.Samples}, nil).Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for _, f := range families {
		if f.GetName() == outcomeMetric.Name {
			if _, err := expfmt.MetricFamilyToText(&got, f); err != nil {
				t.Fatal(err)
			}
		}
	}
	const file = "testdata/no-such-host.prom"
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || string(want) != got.String() {
		t.Errorf("%s is, %v, with -update:\n%s", file, err, got.String())
	}
}

// TestExpectIsRequired: whether an open port is meant, nobody can guess.
func TestExpectIsRequired(t *testing.T) {
	t.Parallel()
	for settings, says := range map[string]string{"": "required", "expect: ''": "required", "expect: open": "alive", "expect: alive": "", "expect: unreachable": ""} {
		_, err := load(t, settings)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), "session_state.expect") || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %v, want %q", settings, err, says)
		}
	}
}

// TestMonoStateServer: a real server that goes by the same name, and is another thing.
func TestMonoStateServer(t *testing.T) {
	t.Parallel()
	address := servers.StartMonoState(t)
	if res, outcome := ask(t, Alive, address); outcome != foreign || res.Failure == nil || res.Failure.Name() != "content/not_state_service" {
		t.Errorf("%s, %v", outcome, res.Failure)
	}
	if res, outcome := ask(t, Unreachable, address); outcome != foreign || !res.Success() || len(res.Findings) > 0 {
		t.Errorf("%s, %v, %v", outcome, res.Failure, res.Findings)
	}
}

// TestOnlyAGetOfARandomID: what is asked locks nothing, makes nothing, and is another session each time.
func TestOnlyAGetOfARandomID(t *testing.T) {
	t.Parallel()
	server := lab.Serve(t, lab.ReadHead, lab.Write("404 Not Found\r\nX-AspNet-Version: 4.0.30319\r\n\r\n"))
	var asked []string
	for n := range 2 {
		if res, outcome := ask(t, Alive, server.Addr()); outcome != alive || !res.Success() {
			t.Fatalf("%s, %v", outcome, res.Failure)
		}
		head := server.Received(n)
		lines := strings.Split(head, "\r\n")
		if len(lines) != 4 || !strings.HasPrefix(lines[0], "GET /ews_exporter%2f") || lines[1] != "Host: "+server.Addr() {
			t.Errorf("asked %q", head)
		}
		asked = append(asked, lines[0])
	}
	if asked[0] == asked[1] {
		t.Errorf("asked for %q twice", asked[0])
	}
}

// TestNoRouteIsNoProof: what could not be found out is not taken for closed.
func TestNoRouteIsNoProof(t *testing.T) {
	t.Parallel()
	p := &probe{Settings: &Settings{Expect: Unreachable}}
	for name, tt := range map[string]struct {
		err    error
		waited wire.Seconds
		want   string
	}{
		"no route":                     {failure.New(failure.Connect, "unreachable", "no route"), 3, failed},
		"the probe's own time is over": {failure.New(failure.Connect, "timeout", "nothing answered"), 0.2, failed},
		"no answer in 3 s":             {failure.New(failure.Connect, "timeout", "nothing answered"), 3, silent},
		"refused":                      {failure.New(failure.Connect, "refused", "refused"), 0, refused},
	} {
		if got := p.outcome(tt.err, tt.waited); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
		if err := p.judge(tt.want, tt.err); (err == nil) != (tt.want != failed) {
			t.Errorf("%s, where nobody should be reached: %v", name, err)
		}
	}
}

func FuzzReadAnswer(f *testing.F) {
	for _, text := range []string{
		"404 Not Found\nX-AspNet-Version: 2.0.50727\nContent-Length: 0\n\n", "HTTP/1.1 404 Not Found\n\n", "HTTP/1.1 200 OK\nServer: nginx\n\n", "220 mail\n", "404", "\n", "4 4\n:\n\n",
		strings.Repeat("404 a\n", 100),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lines, read := strings.Split(text, "\n"), 0
		a, err := readAnswer(func() (string, error) {
			if read++; read > len(lines) {
				return "", io.EOF
			}
			return lines[read-1], nil
		})
		if read > maxFields+1 {
			t.Errorf("read %d lines", read)
		}
		if err == nil && (a.status < 100 || a.status > 599) || a.own() && a.status == 0 {
			t.Errorf("%q: %+v", text, a)
		}
	})
}
