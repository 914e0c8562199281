package deploy

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	exporter "github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/scraped"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes"
)

// fifty is the example of a large site.
const fifty = "../examples/fifty-servers/"

// configured loads an example of a configuration, with a password beside it.
func configured(t *testing.T, name string) *exporter.Config {
	t.Helper()
	dir := t.TempDir()
	writeText(t, filepath.Join(dir, "ews_exporter.yml"), readText(t, name))
	writeText(t, filepath.Join(dir, "monitor.password"), "a Secret of 2 words\n")
	cfg, err := exporter.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range cfg.Warnings {
		if !strings.Contains(fmt.Sprint(w), ".undecided_ok:") { // which check lists, and a prober's example may say on purpose
			t.Errorf("%s is warned of: %v", name, w)
		}
	}
	return cfg
}

// TestThePairsFit: what is shipped to be used together does, and Prometheus takes it.
func TestThePairsFit(t *testing.T) {
	t.Parallel()
	promtool := servers.Need(t, "promtool")
	for prometheus, ours := range map[string]string{
		"prometheus.yml": "ews_exporter.example.yml", "static.prometheus.yml": "ews_exporter.example.yml",
		"file_sd.prometheus.yml": "ews_exporter.example.yml", "http_sd.prometheus.yml": "ews_exporter.example.yml",
		fifty + "prometheus.yml": fifty + "ews_exporter.yml",
	} {
		report := scraped.Check(prometheus, []byte(readText(t, prometheus)), configured(t, ours), time.Second/2)
		if len(report.Problems) > 0 {
			t.Errorf("beside %s:\n%v", ours, report.Problems)
		}
		if out, err := exec.CommandContext(t.Context(), promtool, "check", "config", prometheus).CombinedOutput(); err != nil { // #nosec G204 -- the test's own
			t.Errorf("%s: %v\n%s", prometheus, err, out)
		}
	}
}

// TestALargeSiteIsShort: fifty servers and five modules take 80 lines at most, the exporter's and Prometheus's together, and
// each server is asked by each module.
func TestALargeSiteIsShort(t *testing.T) {
	t.Parallel()
	lines := strings.Count(readText(t, fifty+"ews_exporter.yml"), "\n") + strings.Count(readText(t, fifty+"prometheus.yml"), "\n")
	if lines > 80 {
		t.Errorf("%d lines", lines)
	}
	cfg := configured(t, fifty+"ews_exporter.yml")
	if cells := cfg.Cells(); len(cells) != 5*51 || len(cfg.Services["mail"].Servers) != 50 {
		t.Errorf("%d scrapes of %d servers", len(cells), len(cfg.Services["mail"].Servers))
	}
}

// TestTheReadmesPairFits: what a newcomer copies is valid, fits, and asks what it says.
func TestTheReadmesPairFits(t *testing.T) {
	t.Parallel()
	readme := readText(t, "../README.md")
	dir := t.TempDir()
	block := func(begin string) string {
		found := regexp.MustCompile("(?s)```yaml\n(" + begin + ".*?)```").FindStringSubmatch(readme)
		if found == nil {
			t.Fatalf("the README has no block that begins with %s", begin)
		}
		return found[1]
	}
	writeText(t, filepath.Join(dir, "monitor.password"), "a Secret of 2 words\n")
	writeText(t, filepath.Join(dir, "ews_exporter.yml"), block("site:"))
	cfg, err := exporter.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil || len(cfg.Warnings) > 0 {
		t.Fatalf("%v, %v", err, cfg)
	}
	if report := scraped.Check("prometheus.yml", []byte(block("scrape_configs:")), cfg, time.Second/2); len(report.Problems)+len(report.Warnings) > 0 {
		t.Errorf("%+v", report)
	}
	if cells := cfg.Cells(); len(cells) != 4*3 {
		t.Errorf("%d scrapes", len(cells))
	}
}
