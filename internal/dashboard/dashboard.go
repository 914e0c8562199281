// Package dashboard says what dashboards show, by what they differ in, and writes them as Grafana 9 to 12 reads them.
//
// A query may say $chosen for the labels that are chosen at the top of its dashboard, and $probe for those that tell one
// probe from another.
package dashboard

// Dashboard is one of Grafana's, a prober's or of all.
type Dashboard struct {
	Name        string // of its file, and after "ews-exporter-" its uid
	Title       string // after "ews_exporter: "
	Description string // one sentence
	Series      string // whose labels are chosen from, such as a metric that its probes always have; empty: all that probes
	Choices     []Choice
	Rows        []Row
	// Glance is its most telling number, for the overview, where it leads here; nil without.
	Glance *Panel
}

// Choice is a label of which somebody chooses values, all of them to begin with.
type Choice struct {
	Label, Title string
	Within       []string // the labels chosen before that narrow it down
}

// Row is panels side by side, equally wide. The grid has 24 columns.
type Row struct {
	Height int
	Panels []Panel
}

// Kind is how a panel shows values, by Grafana's name.
type Kind string

// The kinds.
const (
	Stat     Kind = "stat"           // one number now
	Lines    Kind = "timeseries"     // lines over time
	Timeline Kind = "state-timeline" // bars over time, whose colors are States
	Table    Kind = "table"          // labels now, a line for each series
)

// Panel is a question, and its answer.
type Panel struct {
	Kind        Kind
	ID          int // stays that when others come before, since links hold it; 0: the next one
	Title       string
	Description string
	Page        string // what to do about it, below docs/
	Unit        string // Grafana's name; empty for a plain number
	Decimals    int    // 0: as many as Grafana likes
	Top         float64
	Negative    bool      // values of Lines may be below 0
	Colors      []Step    // of Stat; nil: always green
	States      [2]string // what 0, in red, and 1, in green, mean. A table shows them in the column of its first query
	// Legend names a line by its labels ({{instance}}). In a table it is the name of the column that has the value;
	// without one the value does not show.
	Legend, Query string
	More          []Query
	Columns       []string // labels in their order, for a table of several queries

	overrides []override
	links     []link
}

// Query is one beside the panel's first.
type Query struct{ Legend, Expr string }

// Step is a color of values from a number on; the first one is of all below the second.
type Step struct {
	Color string
	From  float64
}

// Colors that several panels have.
var (
	AnyRed    = []Step{{Color: "green"}, {Color: "red", From: 1}}
	AnyYellow = []Step{{Color: "green"}, {Color: "yellow", From: 1}}
	// Expiry is of seconds left: a day, a week, thirty days.
	Expiry = []Step{{Color: "red"}, {Color: "orange", From: 24 * 3600}, {Color: "yellow", From: 7 * 24 * 3600}, {Color: "green", From: 30 * 24 * 3600}}
)

// Findings is the table of what was found; the query keeps the label code, which leads to the finding's page.
func Findings(query string) Panel {
	return Panel{
		Kind: Table, Title: "What was found, and on whose box",
		Description: "One line per finding now. The code leads to its page, which says what to change; origin and product say on which box.",
		Page:        "metrics.md",
		Query:       query,
		overrides: []override{column("code", property{"links", []link{
			{Title: "What it means, and what to change", URL: pages + "findings/${__value.text}.md", TargetBlank: true},
		}})},
	}
}

// Glances are the most telling numbers of those dashboards that have one.
func Glances(of []*Dashboard) []Panel {
	var panels []Panel
	for _, d := range of {
		if d == nil || d.Glance == nil {
			continue
		}
		p := *d.Glance
		p.ID = 10 + len(panels) // those of the overview itself come before
		p.links = []link{{
			Title: "The dashboard " + d.Title,
			URL:   "/d/" + d.uid() + "?${datasource:queryparam}&${site:queryparam}&${service:queryparam}&${__url_time_range}",
		}}
		panels = append(panels, p)
	}
	return panels
}
