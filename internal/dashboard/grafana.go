package dashboard

import "encoding/json"

// What no dashboard or panel of a kind says otherwise, as Grafana writes it.
const (
	anyTime  = `{"from": "now-6h", "to": "now"}`
	noNotes  = `{"list": []}`
	everyOne = `{"selected": true, "text": ["All"], "value": ["$__all"]}`
	source   = `{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1, "current": {},
		"hide": 0, "options": [], "regex": "", "multi": false, "includeAll": false, "skipUrlSync": false}`
	others = `[{"title": "ews_exporter", "type": "dashboards", "tags": ["ews_exporter"], "asDropdown": false, "includeVars": true,
		"keepTime": true, "targetBlank": false, "icon": "external link", "tooltip": "The other dashboards", "url": ""}]`
)

// look is how panels of a kind are drawn.
type look struct{ color, custom, options, format string }

var looks = map[Kind]look{
	Stat: {color: `{"mode": "thresholds"}`, format: "time_series",
		options: `{"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": false}, "colorMode": "background",
			"graphMode": "none", "textMode": "auto", "justifyMode": "auto", "orientation": "auto"}`},
	Lines: {color: `{"mode": "palette-classic"}`, format: "time_series",
		custom: `{"lineWidth": 1, "fillOpacity": 10, "showPoints": "auto", "spanNulls": false}`,
		options: `{"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["lastNotNull", "max"], "showLegend": true},
			"tooltip": {"mode": "multi", "sort": "desc"}}`},
	Timeline: {color: `{"mode": "thresholds"}`, format: "time_series",
		custom: `{"fillOpacity": 80, "lineWidth": 0}`,
		options: `{"mergeValues": true, "showValue": "auto", "rowHeight": 0.8, "alignValue": "left",
			"legend": {"displayMode": "list", "placement": "bottom", "showLegend": false}, "tooltip": {"mode": "single", "sort": "none"}}`},
	Table: {color: `{"mode": "palette-classic"}`, format: "table", options: `{"showHeader": true, "cellHeight": "sm"}`},
}

type raw = json.RawMessage

type model struct {
	UID           string     `json:"uid"`
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	Tags          []string   `json:"tags"`
	SchemaVersion int        `json:"schemaVersion"`
	Version       int        `json:"version"`
	Editable      bool       `json:"editable"`
	GraphTooltip  int        `json:"graphTooltip"` // 1: one crosshair over all panels
	Refresh       string     `json:"refresh"`
	Time          raw        `json:"time"`
	Timezone      string     `json:"timezone"`
	Templating    templating `json:"templating"`
	Annotations   raw        `json:"annotations"`
	Links         raw        `json:"links"`
	Panels        []panel    `json:"panels"`
}

type templating struct {
	List []any `json:"list"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

var prometheus = datasource{"prometheus", "${datasource}"}

type variable struct {
	Name       string     `json:"name"`
	Label      string     `json:"label"`
	Type       string     `json:"type"`
	Datasource datasource `json:"datasource"`
	Definition string     `json:"definition"`
	Query      struct {
		Query string `json:"query"`
		RefID string `json:"refId"`
	} `json:"query"`
	Refresh     int      `json:"refresh"` // 2: when the time range changes
	Sort        int      `json:"sort"`    // 1: by the alphabet
	Multi       bool     `json:"multi"`
	IncludeAll  bool     `json:"includeAll"`
	AllValue    string   `json:"allValue"`
	Current     raw      `json:"current"`
	Hide        int      `json:"hide"`
	Options     []string `json:"options"`
	Regex       string   `json:"regex"`
	SkipURLSync bool     `json:"skipUrlSync"`
}

type panel struct {
	Type        Kind       `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	FieldConfig struct {
		Defaults  fields     `json:"defaults"`
		Overrides []override `json:"overrides"`
	} `json:"fieldConfig"`
	Options         raw         `json:"options"`
	Targets         []target    `json:"targets"`
	Links           []link      `json:"links"`
	Transformations []transform `json:"transformations,omitempty"`
	ID              int         `json:"id"`
	GridPos         box         `json:"gridPos"`
}

type fields struct {
	Unit       string     `json:"unit"`
	Mappings   []mapping  `json:"mappings"`
	Thresholds thresholds `json:"thresholds"`
	Color      raw        `json:"color"`
	Links      []link     `json:"links,omitempty"`
	Decimals   int        `json:"decimals,omitempty"`
	Min        *float64   `json:"min,omitempty"`
	Max        float64    `json:"max,omitempty"`
	Custom     raw        `json:"custom,omitempty"`
}

type mapping struct {
	Type    string           `json:"type"`
	Options map[string]state `json:"options"`
}

type state struct {
	Text  string `json:"text"`
	Color string `json:"color"`
	Index int    `json:"index"`
}

type thresholds struct {
	Mode  string `json:"mode"`
	Steps []step `json:"steps"`
}

type step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"` // null in the first
}

type target struct {
	RefID        string     `json:"refId"`
	Datasource   datasource `json:"datasource"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat"`
	Instant      bool       `json:"instant"`
	Range        bool       `json:"range"`
	Format       string     `json:"format"`
	EditorMode   string     `json:"editorMode"`
}

type link struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank,omitempty"`
}

type transform struct {
	ID      string `json:"id"`
	Options any    `json:"options"`
}

type organize struct {
	Exclude map[string]bool   `json:"excludeByName"`
	Index   map[string]int    `json:"indexByName"`
	Rename  map[string]string `json:"renameByName"`
}

type box struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// override is what differs in the column of a name.
type override struct {
	Matcher struct {
		ID      string `json:"id"`
		Options string `json:"options"`
	} `json:"matcher"`
	Properties []property `json:"properties"`
}

type property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

func column(name string, properties ...property) override {
	o := override{Properties: properties}
	o.Matcher.ID, o.Matcher.Options = "byName", name
	return o
}
