package sstp_test

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
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes/sstp"
	parts "github.com/ews-exporter/ews_exporter/probes/sstp/lab"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// over is a runner with one module m, whose settings are these, and which trusts an authority.
func over(t testing.TB, authority *lab.Authority, settings string) *runner.Runner {
	t.Helper()
	dir := t.TempDir()
	text := "modules: {m: {prober: sstp, tls_config: {ca_file: ca.pem}, sstp: {" + settings + "}}}\npolicy: {allow: [127.0.0.0/8]}\n"
	for name, content := range map[string]string{"ca.pem": string(authority.PEM()), "c.yml": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "c.yml")}, []prober.Definition{sstp.Definition})
	if err != nil {
		t.Fatal(err)
	}
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler), MaxProbesPerAddress: 100,
	})
}

func probe(t testing.TB, r *runner.Runner, target string, limit time.Duration) *result.Result {
	t.Helper()
	answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: target, Hostname: lab.Service, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

func outcome(r *result.Result) string {
	for _, s := range r.Samples {
		if s.Name == "probe_sstp_outcome" && s.Value == 1 {
			return s.Labels[0]
		}
	}
	return ""
}

func codes(r *result.Result) string {
	var list []string
	for _, f := range r.Findings {
		list = append(list, f.Code)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// site starts the prober's own part of the simulated site.
func site(t testing.TB) *lab.Site {
	t.Helper()
	s, err := lab.Start(t.Context(), []lab.Part{parts.Part()}, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestRequest: what goes over the wire is what Windows' clients send, byte for byte but for the User-Agent; the end is polite.
func TestRequest(t *testing.T) {
	t.Parallel()
	server := lab.ServeTLS(t, script.TLS(t), lab.ReadHead, lab.Write("HTTP/1.1 200\r\n\r\n"), lab.ReadBody(14),
		lab.Write("\x10\x01\x00\x30\x00\x02\x00\x01\x00\x04\x00\x28\x00\x00\x00\x02"+strings.Repeat("n", 32)),
		lab.ReadBody(20), lab.Write("\x10\x01\x00\x08\x00\x07\x00\x00"))
	res := probe(t, over(t, script.Authority(), ""), server.Addr(), 5*time.Second)
	if outcome(res) != "connected" || !res.Success() {
		t.Fatalf("outcome %s, %v", outcome(res), res.Failure)
	}
	head, packets, _ := strings.Cut(server.Received(0), "\r\n\r\n")
	if want := "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\nHost: "; !strings.HasPrefix(head, want) {
		t.Errorf("%q does not begin with %q", head, want)
	}
	if !strings.HasSuffix(head, "\r\nContent-Length: 18446744073709551615") || !strings.Contains(head, "\r\nSSTPCORRELATIONID: {") {
		t.Errorf("%q is no client's", head)
	}
	if want := "\x10\x01\x00\x0e\x00\x01\x00\x01\x00\x01\x00\x06\x00\x01" + "\x10\x01\x00\x14\x00\x06\x00\x01\x00\x02\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00"; packets != want {
		t.Errorf("packets % x, want % x", packets, want)
	}
	if n := server.Connections(); n != 1 {
		t.Errorf("%d connections for a call that succeeds", n)
	}
}

// TestTurns: a VPN server has few ports, so a second probe of it waits for the first, and tells where it waited in vain.
func TestTurns(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	server := lab.ServeTLS(t, script.TLS(t), lab.ReadHead, func(*lab.Conn) error {
		asked <- struct{}{}
		return nil
	}, lab.Hang)
	r := over(t, script.Authority(), "")
	first := make(chan *result.Result, 1)
	go func() {
		answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: server.Addr(), Hostname: lab.Service, Limit: 8 * time.Second})
		if err != nil {
			t.Error(err)
			first <- nil
			return
		}
		first <- answer.Result
	}()
	<-asked
	res := probe(t, r, "https://"+server.Addr()+"/elsewhere", 2*time.Second)
	if f := res.Failure; f == nil || string(f.Stage)+"/"+f.Reason != "connect/turn" || len(res.Connections) != 0 {
		t.Errorf("%v over %d connections, want connect/turn over none", f, len(res.Connections))
	}
	for range 3 { // the controls
		select {
		case <-asked:
		case <-time.After(10 * time.Second):
			t.Fatal("the controls are not made")
		}
	}
	if res := <-first; outcome(res) != "silent" {
		t.Errorf("outcome %s of silence", outcome(res))
	}
}

// TestSettings tells mistakes by their field.
func TestSettings(t *testing.T) {
	t.Parallel()
	const sum = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334"
	for name, tt := range map[string]struct {
		settings sstp.Settings
		want     string
	}{
		"a path with a space":    {sstp.Settings{Path: "/a b"}, "path"},
		"a path without a slash": {sstp.Settings{Path: "sra"}, "path"},
		"no thumbprint":          {sstp.Settings{Path: "/", Thumbprints: []string{"AB"}}, "thumbprints[0]"},
		"one twice":              {sstp.Settings{Path: "/", Thumbprints: []string{sum, strings.ToUpper(sum)}}, "thumbprints[1]"},
		"good":                   {sstp.Settings{Path: "/sra_{x}/", Thumbprints: []string{"\u200ea1 b2 c3 d4 e5 f6 07 18 29 3a 4b 5c 6d 7e 8f 90 01 12 23 34"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			tt.settings.Check(func(field, problem string) { got += field })
			if got != tt.want {
				t.Errorf("mistakes %q, want %q", got, tt.want)
			}
			if tt.want == "" && tt.settings.Thumbprints[0] != sum {
				t.Errorf("kept as %s", tt.settings.Thumbprints[0])
			}
		})
	}
}

// TestOtherPath: a target's own path is asked for, as it stands.
func TestOtherPath(t *testing.T) {
	t.Parallel()
	server := lab.ServeTLS(t, script.TLS(t), script.Request())
	probe(t, over(t, script.Authority(), "revocation: false"), fmt.Sprintf("https://%s/sra_{other}/", server.Addr()), 4*time.Second)
	if head := server.Received(0); !strings.HasPrefix(head, "SSTP_DUPLEX_POST /sra_{other}/ HTTP/1.1\r\n") {
		t.Errorf("%.60q", head)
	}
}
