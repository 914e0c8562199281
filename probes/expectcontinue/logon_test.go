package expectcontinue_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes/expectcontinue"
)

// TestAHangingControlIsTheFailure: no time is left for the request under test, and the first failure is told.
func TestAHangingControlIsTheFailure(t *testing.T) {
	t.Parallel()
	authority, err := lab.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	tls, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	var serve lab.Step
	serve = lab.Branch(func(head string) []lab.Step {
		if strings.Contains(head, "Authorization:") {
			return []lab.Step{lab.Hang}
		}
		return []lab.Step{lab.Write("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"), serve}
	})
	server := lab.ServeTLS(t, tls, serve)
	dir := t.TempDir()
	for name, text := range map[string]string{"ca.pem": string(authority.PEM()), "c.yml": fmt.Sprintf(`
auths: {a: {username: probe, password: correct-horse, schemes: [basic], targets: [%q]}}
modules: {m: {prober: expect_continue, auth: a, timeout: 1500ms, tls_config: {ca_file: ca.pem}, expect_continue: {wait: 300ms}}}
policy: {allow: [127.0.0.1]}
`, server.Addr())} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "c.yml")}, []prober.Definition{expectcontinue.Definition})
	if err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "m", Target: server.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	res := answer.Result
	if !failure.Is(res.Failure, failure.Receive, "timeout") {
		t.Errorf("failure %v, want receive/timeout of the control", res.Failure)
	}
	for _, step := range res.Steps {
		if step.Name == expectcontinue.NoExpect && step.Failure == nil {
			t.Error("the control succeeded, so nothing was tested")
		}
	}
}
