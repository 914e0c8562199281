package deploy

import (
	"net"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// compose is as much of a compose file as the tests look at. No Docker runs here: they hold the files against each other.
type compose struct {
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
}

type service struct {
	Image       string            `yaml:"image"`
	Build       string            `yaml:"build"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []string          `yaml:"volumes"`
	Tmpfs       []string          `yaml:"tmpfs"`
	Ports       []string          `yaml:"ports"`
}

// fallback is ${NAME:-value}, and ${NAME:?what it is}.
var fallback = regexp.MustCompile(`\$\{\w+:([-?])([^}]*)\}`)

// mounts gives what is mounted where: paths of this machine, relative to this folder, by paths in the container.
func (s service) mounts() map[string]string {
	all := map[string]string{}
	for _, v := range s.Volumes {
		v = fallback.ReplaceAllStringFunc(v, func(found string) string {
			if m := fallback.FindStringSubmatch(found); m[1] == "-" {
				return m[2]
			}
			return "EXAMPLE" // the user's own
		})
		parts := strings.Split(v, ":")
		all[parts[1]] = parts[0]
	}
	return all
}

// here finds the file of this machine that is at a path in the container; empty when nothing is mounted there.
func (s service) here(inside string) string {
	for at, source := range s.mounts() {
		if rest, ok := strings.CutPrefix(inside, at); ok && (rest == "" || rest[0] == '/') {
			return filepath.Join(source, rest)
		}
	}
	return ""
}

func TestComposeMountsWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"compose.yaml", "compose.site.yaml"} {
		var c compose
		read(t, name, &c)
		for who, s := range c.Services {
			for inside, source := range s.mounts() {
				_, err := os.Stat(source)
				if _, volume := c.Volumes[source]; err != nil && !volume && source != "EXAMPLE" {
					t.Errorf("%s: %s mounts %s at %s, and that is not there", name, who, source, inside)
				}
			}
			for _, arg := range s.Command {
				flag, value, _ := strings.Cut(arg, "=")
				if flag == "--config.file" && s.here(value) == "" {
					t.Errorf("%s: %s reads %s, and nothing is mounted there", name, who, value)
				}
			}
		}
	}
}

// Whoever starts this opens nothing to the network, and finds each thing at its own port.
func TestComposePublishesOnLoopback(t *testing.T) {
	t.Parallel()
	var c compose
	read(t, "compose.yaml", &c)
	seen := map[string]string{}
	for who, s := range c.Services {
		if strings.HasSuffix(s.Image, ":latest") || !strings.Contains(s.Image, ":") {
			t.Errorf("%s is of image %q, built from %q", who, s.Image, s.Build)
		}
		for _, p := range s.Ports {
			parts := strings.Split(p, ":")
			if len(parts) != 3 || parts[0] != "127.0.0.1" || seen[parts[1]] != "" {
				t.Errorf("%s publishes %s (taken by %q)", who, p, seen[parts[1]])
			}
			seen[parts[1]] = who
		}
	}
	if _, err := os.Stat(filepath.Join(c.Services["ews-exporter"].Build, "Dockerfile")); err != nil {
		t.Error(err)
	}
}

// What the services read is valid, and finds the services by their names and ports.
func TestComposeConfigurationsAreValid(t *testing.T) {
	t.Parallel()
	var c, site compose
	read(t, "compose.yaml", &c)
	read(t, "compose.site.yaml", &site)
	promtool, amtool := servers.Need(t, "promtool"), servers.Need(t, "amtool")
	for _, check := range [][]string{
		{promtool, "check", "config", c.Services["prometheus"].here("/etc/ews_exporter/deploy/compose/prometheus.yml")},
		{promtool, "check", "config", site.Services["prometheus"].here("/etc/ews_exporter/deploy/prometheus.yml")},
		{amtool, "check-config", c.Services["alertmanager"].here("/etc/alertmanager/alertmanager.yml")},
	} {
		if out, err := exec.CommandContext(t.Context(), check[0], check[1:]...).CombinedOutput(); err != nil || strings.Contains(string(out), "WARNING") {
			t.Errorf("%v: %v\n%s", check, err, out)
		}
	}
}

// Rules are looked for beside the configuration: in the container as in the repository.
func TestComposeFindsTheRules(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"compose.yaml":      "/etc/ews_exporter/deploy/compose/prometheus.yml",
		"compose.site.yaml": "/etc/ews_exporter/deploy/prometheus.yml",
	} {
		var base, c compose
		read(t, "compose.yaml", &base)
		read(t, name, &c)
		var prometheus struct {
			Rules []string `yaml:"rule_files"`
		}
		read(t, c.Services["prometheus"].here(config), &prometheus)
		for _, pattern := range prometheus.Rules {
			found, err := filepath.Glob(base.Services["prometheus"].here(path.Join(path.Dir(config), pattern)))
			if err != nil || len(found) == 0 {
				t.Errorf("%s: %s finds no rules in the container: %v", name, pattern, err)
			}
		}
	}
}

// Every address in what is provisioned is that of a service.
func TestComposeServicesFindEachOther(t *testing.T) {
	t.Parallel()
	var c compose
	read(t, "compose.yaml", &c)
	listens := map[string]bool{}
	for who, s := range c.Services {
		for _, p := range s.Ports {
			listens[who+p[strings.LastIndex(p, ":"):]] = true
		}
	}
	var sources struct {
		List []struct{ Type, URL string } `yaml:"datasources"`
	}
	read(t, "compose/grafana/datasources/prometheus.yml", &sources)
	var providers struct {
		List []struct{ Options struct{ Path string } } `yaml:"providers"`
	}
	read(t, "compose/grafana/dashboards/ews_exporter.yml", &providers)
	if len(sources.List) != 1 || len(providers.List) != 1 || sources.List[0].Type != "prometheus" {
		t.Fatalf("%d data sources, %d providers", len(sources.List), len(providers.List))
	}
	if u, err := url.Parse(sources.List[0].URL); err != nil || !listens[u.Host] {
		t.Errorf("Grafana asks %s, and nobody listens there: %v", sources.List[0].URL, err)
	}
	grafana := c.Services["grafana"]
	if found, _ := filepath.Glob(filepath.Join(grafana.here(providers.List[0].Options.Path), "*.json")); len(found) < 5 {
		t.Errorf("Grafana finds the dashboards %v", found)
	}
	if _, err := os.Stat(grafana.here(grafana.Environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"compose/lab.prometheus.yml", "static.prometheus.yml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range regexp.MustCompile(`"((?:ews-exporter|alertmanager)[^"]*)"`).FindAllStringSubmatch(string(text), -1) {
			if !listens[address[1]] {
				t.Errorf("%s names %s, and nobody listens there", name, address[1])
			}
		}
	}
}

// The simulated site's targets are the scenarios that their comments say, by modules that its configuration has.
func TestComposeProbesTheLab(t *testing.T) {
	t.Parallel()
	site, err := lab.Start(t.Context(), labs.All(), lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	var configured struct {
		Modules map[string]any `yaml:"modules"`
	}
	read(t, filepath.Join(dir, "ews_exporter.yml"), &configured)
	var c config
	read(t, "compose/lab.prometheus.yml", &c)
	for _, job := range c.Jobs {
		for _, module := range job.Params["module"] {
			if configured.Modules[module] == nil {
				t.Errorf("%s: the simulated site's configuration has no module %s", job.Name, module)
			}
		}
	}
	text, err := os.ReadFile("compose/lab.prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`targets: \["([^"]+)"\] # ([\w-]+)`).FindAllStringSubmatch(string(text), -1)
	for _, m := range said {
		_, port, err := net.SplitHostPort(m[1])
		if err != nil {
			t.Fatal(err)
		}
		i, err := strconv.Atoi(port)
		scenarios := lab.Scenarios(labs.All())
		if i -= lab.DefaultBasePort; err != nil || i < 0 || i >= len(scenarios) || scenarios[i].Name != m[2] {
			t.Errorf("%s is not %s", m[1], m[2])
		}
	}
	if want := strings.Count(string(text), "127.0.0.1:"); len(said) != want {
		t.Errorf("%d of %d targets say which scenario they are", len(said), want)
	}
}
