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
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes/expectcontinue"
	parts "github.com/ews-exporter/ews_exporter/probes/expectcontinue/lab"
)

// behind are the simulated sites that the real servers stand in front of.
var behind = []string{"healthy", "ignored", "kemp-rfc2616"}

// fronted is what a probe reports through each real server, by what stands behind it. What a proxy that answers the 100
// itself hides is the point: through nginx even a site that never sends a 100 looks well. Apache waits for the server's
// 100 before it reads the body (mod_proxy, Proxy100Continue On), so a site that never sends one gets no body and gives
// no answer.
var fronted = map[string]map[string]string{
	"nginx":                       {"healthy": "continue", "ignored": "continue", "kemp-rfc2616": "continue"},
	"nginx-unbuffered":            {"healthy": "continue", "ignored": "continue", "kemp-rfc2616": "continue"},
	"haproxy-http":                {"healthy": "continue", "ignored": "ignored", "kemp-rfc2616": "ignored_then_error"},
	"haproxy-tcp":                 {"healthy": "continue", "ignored": "ignored", "kemp-rfc2616": "ignored_then_error"},
	"haproxy-http-buffer-request": {"healthy": "continue", "ignored": "continue", "kemp-rfc2616": "continue"},
	"apache":                      {"healthy": "continue", "ignored": "no_response", "kemp-rfc2616": "no_response"},
	"apache-continue":             {"healthy": "continue", "ignored": "continue", "kemp-rfc2616": "continue"},
}

// TestRealServers probes the simulated sites through real nginx, HAProxy and Apache httpd.
func TestRealServers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts real servers")
	}
	s, r := site(t)
	certificate, err := s.Authority().Issue(time.Now().Add(time.Hour), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for _, front := range servers.ContinueFronts() {
		for _, name := range behind {
			t.Run(front.Name+" before "+name, func(t *testing.T) {
				t.Parallel()
				scenario, _ := s.Scenario(name)
				address := front.Start(t, scenario.Address, certificate)
				answer, err := r.Probe(t.Context(), runner.Request{Module: "expect_continue_fast", Target: address, Limit: 4 * time.Second})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := outcome(answer.Result), fronted[front.Name][name]; got != want {
					t.Errorf("outcome %q, want %q (failure: %v, findings %v)", got, want, answer.Result.Failure, answer.Result.Findings)
				}
				if _, found := strings.CutPrefix(name, "kemp"); found && fronted[front.Name][name] == "ignored_then_error" && answer.Result.Success() {
					t.Error("the 501 must fail the probe")
				}
			})
		}
	}
}

// TestRealServersAreDocumented holds the table of README.md against what was asserted above.
func TestRealServersAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, front := range servers.ContinueFronts() {
		row := fmt.Sprintf("| %s |", front.Description)
		for _, name := range behind {
			row += fmt.Sprintf(" `%s` |", fronted[front.Name][name])
		}
		if !strings.Contains(string(page), row+"\n") {
			t.Errorf("README.md lacks the row\n%s", row)
		}
	}
}

// site starts the sites that all probers share, and a runner with the modules that they come with.
func site(t *testing.T) (*lab.Site, *runner.Runner) {
	t.Helper()
	s, err := lab.Start(t.Context(), []lab.Part{parts.Part()}, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, s); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, []prober.Definition{expectcontinue.Definition})
	if err != nil {
		t.Fatal(err)
	}
	return s, runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now),
		Version: "test", Log: slog.New(slog.DiscardHandler), MaxProbesPerAddress: 100,
	})
}

func outcome(res *result.Result) string {
	for _, s := range res.Samples {
		if s.Name == "probe_expect_continue_outcome" && s.Value == 1 {
			return s.Labels[0]
		}
	}
	return ""
}
