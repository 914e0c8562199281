package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/deploy"
	"github.com/ews-exporter/ews_exporter/probes"
)

// TestTenMinutes: the configuration that the page gives is valid, and has each module that its scrape configuration asks
// for, so that whoever follows it word by word gets targets that are up.
func TestTenMinutes(t *testing.T) {
	page, err := os.ReadFile("ten-minutes.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(auths:.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("ten-minutes.md has no configuration")
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{"ews_exporter.yml": block[1], "monitor.password": []byte("a Secret of 2 words\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := config.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range cfg.Warnings {
		t.Errorf("the page's configuration is warned of: %v", w)
	}
	var scrape struct {
		Jobs []struct {
			Params map[string][]string `yaml:"params"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(deploy.ScrapeExample, &scrape); err != nil {
		t.Fatal(err)
	}
	for _, job := range scrape.Jobs {
		for _, module := range job.Params["module"] {
			if cfg.Modules[module] == nil {
				t.Errorf("the page's configuration has no module %s, and its scrape configuration asks for it", module)
			}
		}
	}
}
