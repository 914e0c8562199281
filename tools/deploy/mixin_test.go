package deploy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestMixin: what jsonnet makes of the mixin are the rules and the dashboards, all of them and nothing else.
func TestMixin(t *testing.T) {
	t.Parallel()
	text := run(t, "go", "tool", "jsonnet", "-e", `local m = import '`+root+`/mixin/mixin.libsonnet'; m { alerts: m.prometheusAlerts, dashboards: m.grafanaDashboards }`)
	var made struct {
		Alerts     struct{ Groups []json.RawMessage }
		Dashboards map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		t.Fatal(err)
	}
	rules, _ := filepath.Glob(root + "/alerts/*.rules.yml")
	dashboards, _ := filepath.Glob(root + "/dashboards/*.json")
	if len(rules) == 0 || len(made.Alerts.Groups) != len(rules) || len(dashboards) == 0 || len(made.Dashboards) != len(dashboards) {
		t.Fatalf("the mixin has %d groups and %d dashboards, want %d and %d", len(made.Alerts.Groups), len(made.Dashboards), len(rules), len(dashboards))
	}
	for i, name := range rules {
		shipped := read(t, name)
		same(t, name, []byte(`{"groups": [`+string(made.Alerts.Groups[i])+`]}`), shipped)
	}
	for _, name := range dashboards {
		same(t, name, made.Dashboards[filepath.Base(name)], read(t, name))
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
