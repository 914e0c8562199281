package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// first is the part of the prober that leads the lab's list, for tests to which it does not matter which one is asked.
var first = labs.All()[0]

// flow is a module of first's prober that asks for little, with more keys, as a YAML flow mapping.
func flow(more ...string) string { return flowOf(first, first.Least, more...) }

// flowOf is a module of the part's prober with these keys, each a line, as a YAML flow mapping.
func flowOf(p lab.Part, keys []string, more ...string) string {
	return "{" + strings.Join(slices.Concat([]string{"prober: " + p.Prober}, more, keys), ", ") + "}"
}

// quick is the name of such a module, which the simulated sites of tests come with.
const quick = "quick"

// parts are all parts of the lab, and the module quick.
func parts() []lab.Part {
	return append(labs.All(), lab.Part{Prober: first.Prober, Modules: []lab.Module{{Name: quick, Keys: first.Least}}})
}

// startLab is the simulated site, or those scenarios of it.
func startLab(t *testing.T, only ...string) *lab.Site {
	t.Helper()
	site, err := lab.Start(t.Context(), parts(), lab.Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	return site
}

// scenarioOf is a running scenario, and what first's prober reports of it.
func scenarioOf(t *testing.T, site *lab.Site, name string) (lab.Scenario, lab.Verdict) {
	t.Helper()
	s, _ := site.Scenario(name)
	for _, v := range first.Shared[name] {
		return s, v
	}
	t.Fatalf("nobody says what %s reports of %s", first.Prober, name)
	return s, lab.Verdict{}
}

// shows are parts of what /probe answers of a scenario.
func shows(t *testing.T, site *lab.Site, scenario string) []string {
	t.Helper()
	_, v := scenarioOf(t, site, scenario)
	want := []string{"probe_success 1"}
	if v.Failure != lab.None {
		want = []string{"probe_success 0"}
	}
	if v.Outcome != "" {
		want = append(want, fmt.Sprintf("_outcome{outcome=%q} 1", v.Outcome))
	}
	if v.Finding != "" {
		want = append(want, fmt.Sprintf("probe_finding{code=%q", v.Finding))
	}
	return want
}

// definition is that of the part's prober.
func definition(p lab.Part) prober.Definition {
	all := probes.All()
	return all[slices.IndexFunc(all, func(d prober.Definition) bool { return d.Name == p.Prober })]
}

// overHTTP tells whether the part's prober asks over HTTP, and may log on.
func overHTTP(p lab.Part) bool {
	return definition(p).Decides == result.ByHTTP && !definition(p).NoLogon
}
