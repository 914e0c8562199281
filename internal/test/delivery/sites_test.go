package delivery_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestEachSiteIsToldWithItsStep: every simulated site that a module fails at arrives as one alert, with the first step of that.
func TestEachSiteIsToldWithItsStep(t *testing.T) {
	t.Parallel()
	needed(t)
	site := simulated(t)
	var known []lab.Fault
	for _, p := range labs.All() {
		known = append(known, p.Faults...)
	}
	known = slices.DeleteFunc(known, func(f lab.Fault) bool { return f.Alert == "" })
	faults, configs := sitesOf(t, site, known)
	for _, f := range known {
		if f.Long {
			faults = append(faults, atScenario(t, site, f))
		}
	}
	deliver(t, site, 6, faults, configs) // ten seconds between scrapes: modules wait as clients do
}

// sitesOf are the faults that modules report at the simulated sites, beside those that are known by more: whichever alert comes has
// to have the step of what the module reports. Each is asked by a module of its own, and the configuration has those.
func sitesOf(t *testing.T, site *lab.Site, known []lab.Fault) (all []fault, configs []string) {
	t.Helper()
	modules := modulesOf(t, site)
	for _, s := range site.Scenarios() {
		for _, v := range s.Verdicts {
			byMore := func(f lab.Fault) bool {
				return f.At == s.Name && strings.TrimSuffix(f.Module, lab.BriefSuffix) == v.Module
			}
			if v.Failure == lab.None || slices.ContainsFunc(known, byMore) {
				continue
			}
			name := s.Name + "_" + v.Module
			f := atScenario(t, site, lab.Fault{At: s.Name, Module: name})
			f.want, f.any = v, true
			all, configs = append(all, f), append(configs, modules.apart(t, v.Module, name))
		}
	}
	return all, configs
}

// configuration is an exporter's, as far as modules are made of it.
type configuration struct {
	Auths   map[string]map[string]any `yaml:"auths"`
	Modules map[string]map[string]any `yaml:"modules"`
}

// modulesOf is the configuration of the site's modules.
func modulesOf(t *testing.T, site *lab.Site) (c configuration) {
	t.Helper()
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "ews_exporter.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// apart is the configuration of a module like another one with an account of its own: of one account only one stream is held at once,
// and a secret that is refused at one site is not sent to others.
func (c configuration) apart(t *testing.T, like, name string) string {
	t.Helper()
	module, apart := maps.Clone(c.Modules[like]), configuration{}
	if account, ok := module["auth"].(string); ok {
		auth := maps.Clone(c.Auths[account])
		auth["modules"], module["auth"] = []string{name}, name
		apart.Auths = map[string]map[string]any{name: auth}
	}
	apart.Modules = map[string]map[string]any{name: module}
	text, err := yaml.Marshal(apart)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
