package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// overview is all services at a glance: on a page of its own, and at the top of the start page.
type overview struct {
	At           time.Time
	Whole        bool // every place has a row of its own
	Before       int  // cells that were last probed before the exporter was restarted
	Counts       []count
	Services     []*serviceView
	Faults       []*fault
	MoreFaults   int
	Certificates []*certificate
	cells        []*cell
}

// serviceView is one service.
type serviceView struct {
	Key, Name string
	Sentences []sentence
	Answered  []string // who answered through the balancer, and who never did
	Columns   []string // modules
	Rows      []gridRow
	Folded    bool // some rows stand for several places
}

// cell is one thing that is probed, with what is remembered of it; nil for nothing yet.
type cell struct {
	config.Cell
	*Glance
	old bool // the last probe is longer ago than it should be
}

// Where is the place: the server, the balancer, or the mail domain, with the mailbox where there are several.
func (c *cell) Where() string {
	if c.Mailbox() != "" {
		return c.Target() + " " + c.Mailbox()
	}
	return c.Target()
}

// Target is what is asked.
func (c *cell) Target() string { return c.Cell.Target }

// Mailbox is the one that is asked for, of several.
func (c *cell) Mailbox() string { return c.Cell.Mailbox }

// state is that of the newest probe; unknown where nothing was probed.
func (c *cell) state() report.State {
	if c.Glance == nil {
		return report.Unknown
	}
	return c.State
}

// servicesPage is the page /services.
type servicesPage struct {
	chrome
	Over *overview
}

// services shows all services at a glance.
func (s *server) services(w http.ResponseWriter, r *http.Request) {
	over := s.overview(time.Now(), r.URL.Query().Has("all"))
	if !wantsPage(w, r) {
		text(w, over.text())
		return
	}
	s.page(w, http.StatusOK, "services.html", servicesPage{s.chrome("Services", "./"), over})
}

// overview gathers what is known of the services; nil where there is none to look at.
func (s *server) overview(now time.Time, whole bool) *overview {
	if s.Listed == nil || s.Recent == nil {
		return &overview{At: now}
	}
	o := &overview{At: now, Whole: whole}
	known := s.Recent.glances()
	var of *serviceView
	var cells []*cell
	finish := func() {
		if of != nil {
			of.fill(cells, now, whole)
			o.Services, o.cells, cells = append(o.Services, of), append(o.cells, cells...), nil
		}
	}
	for _, c := range s.Listed() {
		if of == nil || of.Key != c.Service.Key {
			finish()
			of = &serviceView{Key: c.Service.Key, Name: c.Service.Name, Columns: c.Service.Modules}
		}
		g := known[placeOf(c)]
		if g != nil && g.Before {
			o.Before++
		}
		cells = append(cells, &cell{Cell: c, Glance: g, old: g != nil && now.Sub(g.Start) > patienceOf(c.Module)})
	}
	finish()
	o.Counts = countCells(o.cells)
	o.Faults = foldFaults(o.cells)
	o.MoreFaults = max(0, len(o.Faults)-maxShown)
	o.Faults = o.Faults[:min(len(o.Faults), maxShown)]
	o.Certificates = certificatesShown(o.cells)
	return o
}

// patienceOf is how old a result may be before its cell says so: two scrapes that did not come, beside what the module itself waits.
func patienceOf(m *config.Module) time.Duration {
	interval, timeout := m.Scrape(0)
	return 3*interval + max(m.MinInterval, timeout)
}

func countCells(cells []*cell) []count {
	counts := []count{{report.Failed, "failed", 0}, {report.Warned, "with a warning", 0}, {report.Undecided, "undecided", 0}, {report.Succeeded, "work", 0}, {report.Unknown, "not probed yet", 0}}
	for _, c := range cells {
		counts[slices.IndexFunc(counts, func(n count) bool { return n.State == c.state() })].N++
	}
	return slices.DeleteFunc(counts, func(n count) bool { return n.N == 0 && n.State != report.Failed && n.State != report.Succeeded })
}

func (v *serviceView) fill(cells []*cell, now time.Time, whole bool) {
	v.Sentences = sentences(v.Columns, cells)
	v.Answered = answered(cells)
	v.Rows, v.Folded = rows(v.Columns, cells, now, whole)
}

// fewNames is how many names of servers are read in a row.
const fewNames = 5

func isAddress(place string) bool {
	t, err := target.Parse(place, "")
	return err == nil && t.Addr.IsValid()
}

// some names a few, and how many more there are, in order.
func some(names []string) string {
	slices.Sort(names)
	if len(names) <= fewNames {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:fewNames], ", "), len(names)-fewNames)
}

// text is the overview for a terminal and for scripts: what is to be read first, then one line for each cell, with a tab between
// service, way, place, module, state, seconds in it, seconds since the probe.
func (o *overview) text() string {
	var b strings.Builder
	for _, f := range o.Faults {
		fmt.Fprintf(&b, "# %s: %s of %s at %s: %s\n", f.State, f.Modules, f.Service, f.Where, f.Wrong)
	}
	for _, v := range o.Services {
		for _, s := range v.Sentences {
			fmt.Fprintf(&b, "# %s, %s: %s.\n", v.Name, s.Modules, s.Text)
		}
		for _, line := range v.Answered {
			fmt.Fprintf(&b, "# %s: %s\n", v.Name, line)
		}
	}
	for _, c := range o.cells {
		since, ago := "-", "-"
		if c.Glance != nil {
			since, ago = fmt.Sprintf("%.0f", o.At.Sub(c.Since).Seconds()), fmt.Sprintf("%.0f", o.At.Sub(c.Start).Seconds())
		}
		fmt.Fprintf(&b, "%s\n", strings.Join([]string{c.Service.Name, string(c.Way), c.Where(), c.Module.Name, string(c.state()), since, ago}, "\t"))
	}
	return plain.Lines(cmp.Or(b.String(), "No services are configured.\n"))
}
