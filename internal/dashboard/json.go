package dashboard

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
)

const (
	pages  = "https://github.com/ews-exporter/ews_exporter/blob/main/docs/"
	probes = `up{job=~"ews_.+", module!=""}`
	probe  = "site, service, via, instance, module"
)

// usual is what is chosen of probes.
var usual = []Choice{
	{Label: "site", Title: "Site"},
	{Label: "service", Title: "Service", Within: []string{"site"}},
	{Label: "instance", Title: "Target", Within: []string{"site", "service"}},
	{Label: "module", Title: "Module", Within: []string{"instance"}},
}

// JSON is the dashboard as Grafana reads it.
func (d *Dashboard) JSON() ([]byte, error) {
	m := model{
		UID: d.uid(), Title: "ews_exporter: " + d.Title, Description: d.Description, Tags: []string{"ews_exporter", "exchange"},
		SchemaVersion: 39, Version: 1, Editable: true, GraphTooltip: 1, Refresh: "1m", Time: raw(anyTime), Timezone: "browser",
		Annotations: raw(noNotes), Links: raw(others),
	}
	m.Templating.List = []any{raw(source)}
	for _, c := range d.choices() {
		m.Templating.List = append(m.Templating.List, c.variable(cmp.Or(d.Series, probes)))
	}
	number, y := 0, 0
	for _, row := range d.Rows {
		for i, p := range row.Panels {
			if p.ID == 0 {
				number++
				p.ID = number
			}
			width := 24 / len(row.Panels)
			m.Panels = append(m.Panels, p.grafana(d.expand(), box{i * width, y, width, row.Height}))
		}
		y += row.Height
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(m)
	return b.Bytes(), err
}

func (d *Dashboard) uid() string { return "ews-exporter-" + strings.ReplaceAll(d.Name, "_", "-") }

func (d *Dashboard) choices() []Choice {
	if d.Choices == nil {
		return usual
	}
	return d.Choices
}

// expand puts in what queries say for short.
func (d *Dashboard) expand() *strings.Replacer {
	var labels []string
	for _, c := range d.choices() {
		labels = append(labels, c.Label)
	}
	return strings.NewReplacer("$chosen", matchers(labels), "$probe", probe)
}

func matchers(labels []string) string {
	all := make([]string, len(labels))
	for i, l := range labels {
		all[i] = fmt.Sprintf("%s=~%q", l, "$"+l)
	}
	return strings.Join(all, ", ")
}

func (c Choice) variable(series string) variable {
	if len(c.Within) > 0 {
		metric, own, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
		if own != "" {
			own += ", "
		}
		series = metric + "{" + own + matchers(c.Within) + "}"
	}
	v := variable{
		Name: c.Label, Label: c.Title, Type: "query", Datasource: prometheus,
		Definition: fmt.Sprintf("label_values(%s, %s)", series, c.Label),
		Refresh:    2, Sort: 1, Multi: true, IncludeAll: true, AllValue: ".*", Current: raw(everyOne), Options: []string{},
	}
	v.Query.Query, v.Query.RefID = v.Definition, "A"
	return v
}

func (p Panel) grafana(expand *strings.Replacer, at box) panel {
	l := looks[p.Kind]
	g := panel{
		Type: p.Kind, Title: p.Title, Description: p.Description, Datasource: prometheus,
		Options: raw(l.options), Links: []link{{Title: "What to do", URL: pages + p.Page, TargetBlank: true}}, ID: p.ID, GridPos: at,
	}
	g.FieldConfig.Defaults = p.fields()
	g.FieldConfig.Overrides = append([]override{}, p.overrides...)
	for i, q := range p.queries() {
		t := target{
			RefID: ref(i), Datasource: prometheus, Expr: expand.Replace(q.Expr), LegendFormat: q.Legend,
			Instant: p.now(), Range: !p.now(), Format: l.format, EditorMode: "code",
		}
		if p.now() {
			t.LegendFormat = "__auto"
		}
		g.Targets = append(g.Targets, t)
	}
	if p.Kind == Table {
		g.Transformations = p.transformations()
		if p.States[0] != "" {
			g.FieldConfig.Overrides = append(g.FieldConfig.Overrides, column(p.Legend,
				property{"mappings", p.states()}, property{"custom.cellOptions", raw(`{"type": "color-background"}`)}))
		}
	}
	return g
}

// now tells whether what counts is the last value.
func (p Panel) now() bool { return p.Kind == Stat || p.Kind == Table }

func (p Panel) queries() []Query { return append([]Query{{p.Legend, p.Query}}, p.More...) }

// ref is the name that Grafana has for the query of a number.
func ref(i int) string { return string(rune('A' + i)) }

func (p Panel) fields() fields {
	f := fields{
		Unit: cmp.Or(p.Unit, "none"), Mappings: []mapping{}, Thresholds: thresholds{Mode: "absolute"}, Color: raw(looks[p.Kind].color),
		Links: p.links, Decimals: p.Decimals, Max: p.Top, Custom: raw(looks[p.Kind].custom),
	}
	if p.Kind != Table && p.States[0] != "" {
		f.Mappings = p.states()
	}
	if p.Kind == Lines && !p.Negative {
		f.Min = new(float64)
	}
	for i, c := range p.Colors {
		s := step{Color: c.Color, Value: &p.Colors[i].From}
		if i == 0 {
			s.Value = nil
		}
		f.Thresholds.Steps = append(f.Thresholds.Steps, s)
	}
	if p.Colors == nil {
		f.Thresholds.Steps = []step{{Color: "green"}}
	}
	return f
}

func (p Panel) states() []mapping {
	return []mapping{{"value", map[string]state{"0": {p.States[0], "red", 0}, "1": {p.States[1], "green", 1}}}}
}

// transformations make one table of all queries, without the columns that say nothing, the others under their names.
func (p Panel) transformations() []transform {
	o := organize{Exclude: map[string]bool{"Time": true}, Index: map[string]int{}, Rename: map[string]string{}}
	if len(p.More) == 0 {
		if p.Legend == "" {
			o.Exclude["Value"] = true
		} else {
			o.Rename["Value"] = p.Legend
		}
		return []transform{{"organize", o}}
	}
	for i, label := range p.Columns {
		o.Index[label] = i
	}
	for i, q := range p.queries() {
		value := "Value #" + ref(i)
		o.Index[value] = len(p.Columns) + i
		o.Rename[value] = q.Legend
	}
	return []transform{{"merge", struct{}{}}, {"organize", o}}
}
