package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	exporter "github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes"
)

// The exporter has to use the network, and that is nearly all of what systemd finds exposed: 1.1 of 10. 15 stands for 1.5,
// because versions of systemd count differently.
const exposed = "15"

// TestSystemdAcceptsTheService: the unit is understood as a whole, and locked in as far as the page says.
func TestSystemdAcceptsTheService(t *testing.T) {
	t.Parallel()
	analyze := servers.Need(t, "systemd-analyze")
	unit := readText(t, "ews_exporter.service")
	for _, is := range []string{"/usr/local/bin/ews_exporter", "/bin/kill"} { // programs that need not be on this machine
		unit = strings.ReplaceAll(unit, is, "/bin/true")
	}
	file := filepath.Join(t.TempDir(), "ews_exporter.service")
	if err := os.WriteFile(file, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"verify", "--man=no", file},
		{"security", "--no-pager", "--offline=yes", "--threshold=" + exposed, file},
	} {
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput() // #nosec G204 -- the test's own
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}

// TestHardeningPage: its configurations are accepted by those who read them, and name what the service hands over.
func TestHardeningPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var ours, prometheus string
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(readText(t, "../docs/hardening.md"), -1) {
		switch text := block[1]; {
		case strings.HasPrefix(text, "auths:"):
			ours = text
		case strings.HasPrefix(text, "scrape_configs:"):
			prometheus = text
		}
	}
	handed := regexp.MustCompile(`(?m)^LoadCredential=([^:]+):`).FindAllStringSubmatch(readText(t, "ews_exporter.service"), -1)
	for _, c := range handed {
		named := "/run/credentials/ews_exporter.service/" + c[1]
		if !strings.Contains(ours+readText(t, "web.example.yml"), named) {
			t.Errorf("%s is handed over, and no configuration names it", named)
		}
		ours = strings.ReplaceAll(ours, named, filepath.Join(dir, c[1]))
		writeText(t, filepath.Join(dir, c[1]), "a secret")
	}
	file := filepath.Join(dir, "ews.yml")
	writeText(t, file, ours)
	if c, err := exporter.Load([]string{file}, probes.All()); err != nil || len(c.Warnings) > 0 || len(handed) == 0 {
		t.Errorf("%d credentials, %+v, %v", len(handed), c, err)
	}
	promtool := servers.Need(t, "promtool")
	prometheus = strings.ReplaceAll(prometheus, "/etc/prometheus", dir)
	writeText(t, filepath.Join(dir, "ews_exporter.password"), "secret")
	writeText(t, filepath.Join(dir, "contoso-ca.pem"), readText(t, "../config/testdata/contoso-ca.pem"))
	writeText(t, filepath.Join(dir, "prometheus.yml"), prometheus)
	out, err := exec.CommandContext(t.Context(), promtool, "check", "config", filepath.Join(dir, "prometheus.yml")).CombinedOutput() // #nosec G204 -- the test's own
	if err != nil || prometheus == "" {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name) // #nosec G304 -- the test's own
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func writeText(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
