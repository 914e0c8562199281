package probes_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestAHealthySiteAlertsNobody: whatever is asked of it, from inside or outside, there is no finding above information.
func TestAHealthySiteAlertsNobody(t *testing.T) {
	t.Parallel()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{Only: []string{"healthy"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	healthy, _ := site.Scenario("healthy")
	for _, vantage := range []string{"inside", "outside"} {
		r := runner.New(runner.Options{
			Config: loaded(t, site, vantage), Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler),
		})
		asked := 0
		for _, v := range healthy.Verdicts {
			answer, err := r.Probe(t.Context(), runner.Request{Module: v.Module, Target: healthy.Address})
			if err != nil {
				continue // its account is for other sites
			}
			asked++
			for _, f := range answer.Result.Findings {
				if f.Severity != result.Info {
					t.Errorf("%s, from %s: %s %s: %s", v.Module, vantage, f.Severity, f.Code, f.Sentence)
				}
			}
		}
		if asked < 10 {
			t.Errorf("only %d modules were asked from %s", asked, vantage)
		}
	}
}

// loaded is the configuration that comes with the site, for an exporter that stands there.
func loaded(t *testing.T, site *lab.Site, vantage string) func() *config.Config {
	t.Helper()
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "ews_exporter.yml")
	text, err := os.ReadFile(file) //nolint:gosec // a file of the test's
	if err == nil {
		err = os.WriteFile(file, append([]byte("vantage: "+vantage+"\n"), text...), 0o600) //nolint:gosec // as above
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	return func() *config.Config { return cfg }
}
