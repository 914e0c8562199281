package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes"
)

// toy is a prober that is added: its folder is testdata/toy.
var toy = prober.Definition{
	Name:  "toy",
	Piece: &result.Metric{Name: "probe_toy_part_success", Labels: []string{"part"}},
	Findings: []prober.Finding{
		{Code: "toy_broken", Severity: result.Error}, {Code: "toy_loud", Severity: result.Warning}, {Code: "toy_dirty", Severity: result.Warning},
	},
}

// sourcesOfAlerts copies what alerts are made from, with the toy's folder.
func sourcesOfAlerts(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, pattern := range []string{"alerts/sources/*.yml", "internal/prober/*.yml", "probes/*/rules*.yml", "docs/alerts.md"} {
		names, err := filepath.Glob("../../" + pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %q, %v", pattern, names, err)
		}
		for _, name := range names {
			copyFile(t, name, filepath.Join(root, strings.TrimPrefix(filepath.ToSlash(name), "../../")))
		}
	}
	for _, name := range []string{rulesName, ruleTestsName} {
		copyFile(t, filepath.Join("testdata/toy", name), filepath.Join(root, "probes/toy", name))
	}
	return root
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	put(t, to, string(content))
}

func put(t *testing.T, name, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAlertsOfAnAddedProber: what its rules and findings are for the alerts of all others follows from its own folder.
func TestAlertsOfAnAddedProber(t *testing.T) {
	t.Parallel()
	promtool := servers.Need(t, "promtool")
	root := sourcesOfAlerts(t)
	files, err := alertFilesOf(root, append(probes.All(), toy))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := write(root, f); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", filepath.Join(root, "alerts/tests/toy.test.yml")).CombinedOutput() // #nosec G204 -- the test's own
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	page, err := os.ReadFile(filepath.Join(root, "docs/alerts.md"))
	if err != nil {
		t.Fatal(err)
	}
	const section = "\n## Toys\n\nWhat children complain of.\n\n### EwsToyBroken\n\n**critical**, after 5m.\n\nIt lies in pieces.\nThe fix: [toy_broken](findings/toy_broken.md).\n" +
		"\n### EwsToyLoud\n\n**warning**, after 5m.\n\nSilent while [EwsToyBroken](#ewstoybroken) says"
	if !strings.Contains(string(page), section) {
		t.Errorf("docs/alerts.md does not have%s\nbut\n%s", section, page)
	}
}

// Mistakes in a folder's rules are told with the file.
func TestMistakesInRules(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("testdata/toy/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ from, to, want string }{
		"an alert without a comment":    {"      # It lies in pieces.\n", "", "EwsToyBroken"},
		"a group without a title":       {"Toys: what", "What", "title"},
		"a field that nobody knows":     {"        for: 5m\n", "        fro: 5m\n", "fro"},
		"a placeholder nobody knows":    {"[[who]]", "[[whom]]", "whom"},
		"a group in another form":       {"name: ews-toy\n", "name: 'ews-toy'\n", "indented"},
		"a placeholder that is not one": {"[[who]]", "[[who", "rules.yml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := sourcesOfAlerts(t)
			put(t, filepath.Join(root, "probes/toy", rulesName), strings.Replace(string(content), tt.from, tt.to, 1))
			_, err := alertFilesOf(root, append(probes.All(), toy))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "probes/toy/rules.yml") {
				t.Errorf("got %v, want one that names the file and %q", err, tt.want)
			}
		})
	}
}
