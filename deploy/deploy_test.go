package deploy

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	exporter "github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/test/declared"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes"
)

type config struct {
	Global struct {
		ExternalLabels map[string]string `yaml:"external_labels"`
	} `yaml:"global"`
	Alerting struct {
		Relabel []relabel `yaml:"alert_relabel_configs"`
	} `yaml:"alerting"`
	Jobs []struct {
		Name    string              `yaml:"job_name"`
		Path    string              `yaml:"metrics_path"`
		Params  map[string][]string `yaml:"params"`
		Static  []group             `yaml:"static_configs"`
		Relabel []relabel           `yaml:"relabel_configs"`
	} `yaml:"scrape_configs"`
}

type group struct {
	Labels map[string]string `yaml:"labels"`
}

type relabel struct {
	Action string `yaml:"action"`
	Regex  string `yaml:"regex"`
	Target string `yaml:"target_label"`
}

func examples(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("*.prometheus.yml")
	if err != nil || len(names) < 3 {
		t.Fatalf("examples: %v, %v", names, err)
	}
	return names
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name) // #nosec G304 -- the test's own
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func TestPrometheusAcceptsTheExamples(t *testing.T) {
	t.Parallel()
	promtool := servers.Need(t, "promtool")
	for _, name := range examples(t) {
		out, err := exec.CommandContext(t.Context(), promtool, "check", "config", name).CombinedOutput() // #nosec G204 -- the test's own
		if err != nil || strings.Contains(string(out), "WARNING") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// Jobs name modules that are there, and their series get the labels that rules and dashboards rely on.
func TestExamplesGiveTheScrapeLabels(t *testing.T) {
	t.Parallel()
	for _, name := range examples(t) {
		var c config
		read(t, name, &c)
		if c.Global.ExternalLabels["replica"] == "" || !slices.ContainsFunc(c.Alerting.Relabel, func(r relabel) bool { return r.Action == "labeldrop" && r.Regex == "replica" }) {
			t.Errorf("%s: alerts of two replicas would not be one", name)
		}
		checkJobs(t, name, c)
	}
	own, err := filepath.Glob("targets/*/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(own, "targets/hq.yml") {
		var targets []group
		read(t, name, &targets)
		checkLabels(t, name, targets)
	}
}

// TestEveryProberIsInTheExamples: the example of a configuration is valid, and those of scrapes ask for each prober by a module
// that is there, both with it and without a configuration.
func TestEveryProberIsInTheExamples(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"ews_exporter.yml": readText(t, "ews_exporter.example.yml"), "monitor.password": "a Secret of 2 words\n"} {
		writeText(t, filepath.Join(dir, name), text)
	}
	configured, err := exporter.Load([]string{filepath.Join(dir, "ews_exporter.yml")}, probes.All())
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range configured.Warnings {
		if !strings.Contains(fmt.Sprint(w), ".undecided_ok:") { // which check lists, and a prober's example may say on purpose
			t.Errorf("the example is warned of: %v", w)
		}
	}
	var modules []string
	for _, d := range probes.All() {
		modules = append(modules, d.Name)
	}
	if got := slices.Sorted(maps.Keys(configured.Modules)); !slices.Equal(got, slices.Sorted(slices.Values(modules))) {
		t.Errorf("the example has the modules %q", got)
	}
	for _, name := range examples(t) {
		var c config
		read(t, name, &c)
		var asked []string
		for _, job := range c.Jobs {
			asked = append(asked, job.Params["module"]...)
		}
		if !slices.Equal(asked, modules) {
			t.Errorf("%s asks for the modules %q, want %q", name, asked, modules)
		}
	}
}

// TestTheReadmesScrapeIsWhole: who copies it has the labels that rules and dashboards rely on, and Prometheus takes it.
func TestTheReadmesScrapeIsWhole(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?s)```yaml\n(scrape_configs:.*?)```").FindStringSubmatch(readText(t, "../README.md"))
	if block == nil {
		t.Fatal("the README has no scrape configuration")
	}
	var c config
	if err := yaml.Unmarshal([]byte(block[1]), &c); err != nil {
		t.Fatal(err)
	}
	checkJobs(t, "README.md", c)
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	writeText(t, file, block[1])
	if out, err := exec.CommandContext(t.Context(), servers.Need(t, "promtool"), "check", "config", file).CombinedOutput(); err != nil { // #nosec G204 -- the test's own
		t.Errorf("%v\n%s", err, out)
	}
}

// checkJobs holds a scrape configuration to what rules and dashboards rely on.
func checkJobs(t *testing.T, name string, c config) {
	t.Helper()
	itself := false
	for _, job := range c.Jobs {
		itself = itself || job.Name == "ews_exporter"
		if job.Path != "/probe" {
			continue
		}
		for _, label := range []string{"__param_target", "instance", "module", "__param_hostname", "__address__"} {
			if !slices.ContainsFunc(job.Relabel, func(r relabel) bool { return r.Target == label }) {
				t.Errorf("%s, %s: nothing sets %s", name, job.Name, label)
			}
		}
		checkLabels(t, name, job.Static)
	}
	if !itself {
		t.Errorf("%s does not scrape the exporter itself", name)
	}
}

func checkLabels(t *testing.T, name string, groups []group) {
	t.Helper()
	for _, g := range groups {
		for label := range g.Labels {
			if !slices.Contains(declared.ScrapeLabels, label) {
				t.Errorf("%s sets %s, which is no scrape label", name, label)
			}
		}
		for _, label := range []string{"service", "site"} {
			if g.Labels[label] == "" {
				t.Errorf("%s sets no %s", name, label)
			}
		}
		if via := g.Labels["via"]; via != "balancer" && via != "direct" {
			t.Errorf("%s has via %q", name, via)
		}
	}
}
