package dashboards_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/internal/test/declared"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// dashboard is Grafana's model, as far as these dashboards use it: a field that is not here is a slip. What only Grafana
// looks into is any.
type dashboard struct {
	UID           string   `json:"uid"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Tags          []string `json:"tags"`
	SchemaVersion int      `json:"schemaVersion"`
	Version       int      `json:"version"`
	Editable      bool     `json:"editable"`
	GraphTooltip  int      `json:"graphTooltip"`
	Refresh       string   `json:"refresh"`
	Time          any      `json:"time"`
	Timezone      string   `json:"timezone"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Annotations any     `json:"annotations"`
	Links       []link  `json:"links"`
	Panels      []panel `json:"panels"`

	text string
}

type variable struct {
	Name        string     `json:"name"`
	Label       string     `json:"label"`
	Type        string     `json:"type"`
	Datasource  datasource `json:"datasource"`
	Definition  string     `json:"definition"`
	Query       any        `json:"query"`
	Refresh     int        `json:"refresh"`
	Sort        int        `json:"sort"`
	Multi       bool       `json:"multi"`
	IncludeAll  bool       `json:"includeAll"`
	AllValue    string     `json:"allValue"`
	Current     any        `json:"current"`
	Hide        int        `json:"hide"`
	Options     []any      `json:"options"`
	Regex       string     `json:"regex"`
	SkipURLSync bool       `json:"skipUrlSync"`
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	GridPos     box        `json:"gridPos"`
	FieldConfig struct {
		Defaults  fields `json:"defaults"`
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string `json:"id"`
				Value any    `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
	Options map[string]any `json:"options"`
	Targets []struct {
		RefID        string     `json:"refId"`
		Expr         string     `json:"expr"`
		Datasource   datasource `json:"datasource"`
		LegendFormat string     `json:"legendFormat"`
		Instant      bool       `json:"instant"`
		Range        bool       `json:"range"`
		Format       string     `json:"format"`
		EditorMode   string     `json:"editorMode"`
	} `json:"targets"`
	Links           []link `json:"links"`
	Transformations []struct {
		ID      string `json:"id"`
		Options any    `json:"options"`
	} `json:"transformations"`
}

type fields struct {
	Unit       string   `json:"unit"`
	Decimals   *int     `json:"decimals"`
	Min        *float64 `json:"min"`
	Max        *float64 `json:"max"`
	Mappings   []any    `json:"mappings"`
	Thresholds any      `json:"thresholds"`
	Color      any      `json:"color"`
	Custom     any      `json:"custom"`
	Links      []link   `json:"links"`
}

type link struct {
	Title       string   `json:"title"`
	URL         string   `json:"url"`
	TargetBlank bool     `json:"targetBlank"`
	Type        string   `json:"type"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
}

// options are those of each type of panel.
var options = map[string][]string{
	"stat":           {"colorMode", "graphMode", "justifyMode", "orientation", "reduceOptions", "textMode"},
	"table":          {"cellHeight", "showHeader"},
	"timeseries":     {"legend", "tooltip"},
	"state-timeline": {"alignValue", "legend", "mergeValues", "rowHeight", "showValue", "tooltip"},
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type box struct{ X, Y, W, H int }

func (b box) overlaps(o box) bool {
	return b.X < o.X+o.W && o.X < b.X+b.W && b.Y < o.Y+o.H && o.Y < b.Y+b.H
}

// each runs a test on every dashboard.
func each(t *testing.T, test func(*testing.T, dashboard)) {
	t.Helper()
	names, err := filepath.Glob("*.json")
	if err != nil || len(names) < 7 {
		t.Fatalf("dashboards: %v, %v", names, err)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, load(t, name))
		})
	}
}

func load(t *testing.T, name string) dashboard {
	t.Helper()
	text, err := os.ReadFile(name) // #nosec G304 -- the test's own
	if err != nil {
		t.Fatal(err)
	}
	d := dashboard{text: string(text)}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

func TestStructure(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d dashboard) {
		if !strings.HasPrefix(d.UID, "ews-exporter-") || len(d.UID) > 40 || d.Title == "" || d.Description == "" || d.SchemaVersion < 36 || len(d.Panels) == 0 {
			t.Errorf("uid %q, title %q, description %q, schema %d, %d panels", d.UID, d.Title, d.Description, d.SchemaVersion, len(d.Panels))
		}
		ids := map[int]bool{}
		for i, p := range d.Panels {
			if p.ID == 0 || ids[p.ID] {
				t.Errorf("%s: the id %d is there twice or missing", p.Title, p.ID)
			}
			ids[p.ID] = true
			checkPanel(t, p)
			for _, other := range d.Panels[:i] {
				if p.GridPos.overlaps(other.GridPos) {
					t.Errorf("%s lies over %s", p.Title, other.Title)
				}
			}
		}
	})
}

func checkPanel(t *testing.T, p panel) {
	t.Helper()
	if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" {
		t.Errorf("panel %d: title %q, description %q, unit %q", p.ID, p.Title, p.Description, p.FieldConfig.Defaults.Unit)
	}
	if got, want := slices.Sorted(maps.Keys(p.Options)), options[p.Type]; !slices.Equal(got, want) {
		t.Errorf("%s has the type %q and the options %q, want %q", p.Title, p.Type, got, want)
	}
	if g := p.GridPos; g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 2 || g.X+g.W > 24 {
		t.Errorf("%s is outside the grid: %+v", p.Title, g)
	}
	want := datasource{Type: "prometheus", UID: "${datasource}"}
	refs := map[string]bool{}
	for _, target := range p.Targets {
		if refs[target.RefID] || target.RefID == "" || target.Datasource != want {
			t.Errorf("%s: target %q with the datasource %v", p.Title, target.RefID, target.Datasource)
		}
		refs[target.RefID] = true
	}
	if p.Datasource != want || len(p.Targets) == 0 {
		t.Errorf("%s: %d targets, datasource %v", p.Title, len(p.Targets), p.Datasource)
	}
	const base = "https://github.com/ews-exporter/ews_exporter/blob/main/docs/"
	for _, l := range p.Links {
		path, _, _ := strings.Cut(strings.TrimPrefix(l.URL, base), "#")
		if _, err := os.Stat("../docs/" + path); err != nil {
			t.Errorf("%s links to a page that is not there: %s", p.Title, l.URL)
		}
	}
	if len(p.Links) == 0 {
		t.Errorf("%s links to no page", p.Title)
	}
}

// One button leads from each dashboard to each other one, and takes the time range and what was chosen along.
func TestDashboardsLeadToEachOther(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d dashboard) {
		const tag = "ews_exporter"
		i := slices.IndexFunc(d.Links, func(l link) bool { return l.Type == "dashboards" && slices.Contains(l.Tags, tag) })
		if !slices.Contains(d.Tags, tag) || i < 0 || !d.Links[i].IncludeVars || !d.Links[i].KeepTime {
			t.Errorf("tags %q, links %+v", d.Tags, d.Links)
		}
		for _, p := range d.Panels {
			for _, l := range p.FieldConfig.Defaults.Links {
				uid, _, _ := strings.Cut(strings.TrimPrefix(l.URL, "/d/"), "?")
				if text, err := os.ReadFile(strings.TrimPrefix(uid, "ews-exporter-") + ".json"); err != nil || !strings.Contains(string(text), `"uid": "`+uid+`"`) {
					t.Errorf("%s leads to %s, which is not there", p.Title, l.URL)
				}
			}
		}
	})
}

var (
	groups  = regexp.MustCompile(`\bby \(([^)]*)\)`)
	legends = regexp.MustCompile(`\{\{(\w+)\}\}`)
	chosen  = regexp.MustCompile(`^label_values\(.+, (\w+)\)$`)
)

// A legend names labels that its expression keeps: those of the first aggregation. A variable offers a label of scraping.
func TestLegendsNameLabelsThatAreThere(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				var kept []string
				if m := groups.FindStringSubmatch(target.Expr); m != nil {
					kept = strings.Split(m[1], ", ")
				}
				for _, m := range legends.FindAllStringSubmatch(target.LegendFormat, -1) {
					if !slices.Contains(kept, m[1]) {
						t.Errorf("%s: the legend %q names %s, which %s does not keep", p.Title, target.LegendFormat, m[1], target.Expr)
					}
				}
			}
		}
		for _, v := range d.Templating.List {
			if m := chosen.FindStringSubmatch(v.Definition); v.Type == "query" && (m == nil || !slices.Contains(declared.ScrapeLabels, m[1])) {
				t.Errorf("variable %s: %s", v.Name, v.Definition)
			}
		}
	})
}

func TestUniqueUIDs(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("*.json")
	seen := map[string]string{}
	for _, name := range names {
		d := load(t, name)
		if seen[d.UID] != "" {
			t.Errorf("%s and %s have the same uid", name, seen[d.UID])
		}
		seen[d.UID] = name
	}
}

var used = regexp.MustCompile(`\$\{?(\w+)`)

// Every variable that is used is defined, or Grafana's own, and every one that is defined is used.
func TestVariables(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d dashboard) {
		defined := map[string]bool{}
		for _, v := range d.Templating.List {
			defined[v.Name] = true
			if !strings.Contains(d.text, "${"+v.Name+"}") && !strings.Contains(d.text, "$"+v.Name+`\"`) {
				t.Errorf("the variable %s is not used", v.Name)
			}
		}
		for _, m := range used.FindAllStringSubmatch(d.text, -1) {
			if !defined[m[1]] && !strings.HasPrefix(m[1], "__") {
				t.Errorf("$%s is not defined", m[1])
			}
		}
		if !defined["datasource"] {
			t.Error("the data source cannot be chosen")
		}
	})
}

func TestPanelsNameWhatIsDeclared(t *testing.T) {
	t.Parallel()
	metrics := declared.Metrics(nil)
	each(t, func(t *testing.T, d dashboard) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				for _, problem := range declared.Problems(target.Expr, metrics) {
					t.Errorf("%s: %s", p.Title, problem)
				}
			}
		}
		for _, v := range d.Templating.List {
			if v.Type != "query" {
				continue
			}
			for _, problem := range declared.Problems(v.Definition, metrics) {
				t.Errorf("variable %s: %s", v.Name, problem)
			}
		}
	})
}

// TestExpressionsParse has Prometheus's parser read every expression, by way of rules made of them.
func TestExpressionsParse(t *testing.T) {
	t.Parallel()
	promtool := servers.Need(t, "promtool")
	each(t, func(t *testing.T, d dashboard) {
		type rule struct {
			Record string `yaml:"record"`
			Expr   string `yaml:"expr"`
		}
		var rules []rule
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				expr := strings.NewReplacer("$__range", "6h", "$__rate_interval", "5m").Replace(target.Expr)
				rules = append(rules, rule{"panel:" + strings.Repeat("x", len(rules)+1), expr})
			}
		}
		text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": d.UID, "rules": rules}}})
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "panels.yml")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", name).CombinedOutput(); err != nil { // #nosec G204 -- the test's own
			t.Errorf("%v\n%s", err, out)
		}
	})
}
