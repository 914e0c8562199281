package report_test

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
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestWhichBox: the boxes that the pages paint are those that the scenarios of the simulated site break.
func TestWhichBox(t *testing.T) {
	t.Parallel()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	for _, test := range []struct {
		scenario, module string
		box, server      report.State // "": there is none
	}{
		{"healthy", "ews_sync", report.Succeeded, report.Succeeded},
		{"kemp-rfc2616", "expect_continue_fast", report.Failed, report.Succeeded},
		{"ews-stream-buffered", "stream", report.Failed, report.Succeeded},
		{"ews-stream-cut", "stream", report.Warned, report.Warned},
		{"ews-stream-silent", "stream", report.Warned, report.Warned},
		{"ews-affinity-broken", "ews_sync", report.Failed, report.Succeeded},
		{"ews-soap-fault", "ews_sync", report.Succeeded, report.Failed},
		{"ews-form-page", "ews_sync", report.Failed, ""},
		{"ews-form-page", "expect_continue_fast", report.Failed, ""},
		{"legs-split", "auth_roundtrips", report.Failed, report.Unknown},
		{"protection-allow-rebound", "auth_roundtrips", report.Failed, report.Unknown},
	} {
		t.Run(test.scenario+" by "+test.module, func(t *testing.T) {
			t.Parallel()
			where, _ := site.Scenario(test.scenario)
			answer, err := overLab(t, site).Probe(t.Context(), runner.Request{Module: test.module, Target: where.Address})
			if err != nil {
				t.Fatal(err)
			}
			path := report.NewView(answer.Result).Path
			if len(path) < 2 || path[1].State != test.box {
				t.Fatalf("the box is not %s: %+v", test.box, path)
			}
			switch {
			case len(path) > 2 && path[2].State != test.server:
				t.Errorf("the server is not %q: %+v", test.server, path)
			case len(path) == 2 && test.server != "":
				t.Errorf("no server is shown: %+v", path)
			}
		})
	}
}

// overLab probes the site by the modules of `make run`, and by one that holds a stream for no longer than it must. Each
// has a gate of its own: where one is refused, the next would be held back.
func overLab(t *testing.T, site *lab.Site) *runner.Runner {
	t.Helper()
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	stream := filepath.Join(dir, "stream.yml")
	var targets []string
	for _, scenario := range site.Scenarios() {
		targets = append(targets, fmt.Sprintf("%q", scenario.Address))
	}
	if err := os.WriteFile(stream, fmt.Appendf(nil, `
auths:
  streaming: {username: %q, password: %s, schemes: [basic], targets: [%s]}
modules:
  stream: {prober: ews_sync, auth: streaming, tls_config: {ca_file: ca.pem}, ews_sync: {operations: [stream], stream_hold: 1200ms}}
`, lab.Username, lab.Password, strings.Join(targets, ", ")), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml"), stream}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	return runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
	})
}
