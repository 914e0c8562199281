package web

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
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
	known := s.Recent.Glances()
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

// sentence says of modules whether the balancer or a server is at fault.
type sentence struct {
	State   report.State // the worst through the balancer
	Modules string
	Text    string
}

// sentences are those of a service, each once for all modules that it holds for; the worst first.
func sentences(modules []string, cells []*cell) []sentence {
	var all []sentence
	for _, module := range modules {
		own := slices.DeleteFunc(slices.Clone(cells), func(c *cell) bool { return c.Module.Name != module || c.Way == prober.ByDomain })
		state, text := tell(own)
		if text == "" {
			continue
		}
		if i := slices.IndexFunc(all, func(s sentence) bool { return s.Text == text && s.State == state }); i >= 0 {
			all[i].Modules += ", " + module
			continue
		}
		all = append(all, sentence{state, module, text})
	}
	slices.SortStableFunc(all, func(a, b sentence) int { return severity(a.State) - severity(b.State) })
	return all
}

// tell is the sentence of one module's cells; empty where there is nothing to compare.
func tell(cells []*cell) (report.State, string) {
	var through, direct []*result.Result
	worst, well, listed := report.Succeeded, true, 0
	for _, c := range cells {
		if c.Way == prober.ByServer {
			listed++
		}
		if c.Glance == nil {
			well = false
			continue
		}
		well = well && c.State == report.Succeeded
		if c.Way == prober.ByServer {
			direct = append(direct, c.Result)
			continue
		}
		through = append(through, c.Result)
		if severity(c.State) < severity(worst) {
			worst = c.State
		}
	}
	switch {
	case len(through) == 0:
		return "", ""
	case well && listed > 1:
		return worst, fmt.Sprintf("Works through the balancer and at all %d servers", listed)
	case listed == 0 && worst != report.Succeeded:
		return worst, "Through the balancer alone it cannot be told whose fault it is: list the servers, so that they are asked directly"
	case len(direct) == 0:
		return "", ""
	}
	if slices.ContainsFunc(direct, func(r *result.Result) bool { return !r.Success() }) && worst == report.Succeeded {
		worst = report.Warned
	}
	slices.SortStableFunc(through, func(a, b *result.Result) int { return severity(report.StateOf(a)) - severity(report.StateOf(b)) })
	return worst, compare.Capital(compare.Sentence(append(through[:1], alike(direct, listed)...)))
}

// alike puts one result in the place of many that say the same of a sentence's matter, with how many they are as its target. Those
// that decide nothing are left out where others do: the grid has them.
func alike(direct []*result.Result, listed int) []*result.Result {
	var order []string
	by := map[string][]*result.Result{}
	for _, r := range direct {
		key := ""
		switch {
		case r.Failure != nil:
			key = r.Failure.Name()
		case r.Undecided != "":
			key = "?" + r.Undecided
		}
		if by[key] == nil {
			order = append(order, key)
		}
		by[key] = append(by[key], r)
	}
	decided := slices.ContainsFunc(order, func(key string) bool { return !strings.HasPrefix(key, "?") })
	var all []*result.Result
	for _, key := range order {
		if same := by[key]; !decided || !strings.HasPrefix(key, "?") {
			all = append(all, together(same, listed)...)
		}
	}
	return all
}

// together is one result for several, where these are too many to be named.
func together(same []*result.Result, listed int) []*result.Result {
	if len(same) <= fewNames {
		return same
	}
	one := *same[0]
	one.Target, one.At = fmt.Sprintf("%d servers", len(same)), ""
	if len(same) == listed {
		one.Target = "all " + one.Target
	}
	for _, r := range same[1:] {
		for _, f := range r.Findings {
			if !slices.ContainsFunc(one.Findings, func(o result.Finding) bool { return o.Code == f.Code }) {
				one.Findings = append(one.Findings[:len(one.Findings):len(one.Findings)], f)
			}
		}
	}
	return []*result.Result{&one}
}

// answered says which servers named themselves in what came through the balancer, and which of those listed never did: by it one sees
// a server that is out of the pool, and a mailbox that stands for one database alone.
func answered(cells []*cell) []string {
	listed := ownNames(cells)
	var lines []string
	for _, back := range []bool{false, true} {
		probes, seen, never := 0, []string{}, []string{}
		for _, c := range cells {
			if c.Glance == nil || c.Way == prober.ByServer {
				continue
			}
			probes += c.Probes
			for _, s := range c.Seen {
				if s.Back == back && !slices.Contains(seen, short(s.Name)) {
					seen = append(seen, short(s.Name))
				}
			}
		}
		for place, names := range listed {
			if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(seen, name) }) {
				never = append(never, short(place))
			}
		}
		if len(seen) == 0 {
			continue // nobody names himself, or nothing is probed that would make one
		}
		line := "Front ends that answered through the balancer: "
		if back {
			line = "Back ends that answered behind it: "
		}
		line += some(seen)
		if len(never) > 0 {
			line += fmt.Sprintf("; never seen in %d probes: %s", probes, some(never))
		}
		lines = append(lines, line+".")
	}
	return lines
}

// ownNames are what servers that are listed call themselves, by target: as they said when they were asked directly, or else the name
// by which they are listed. Of one that is listed by an address and never said, nothing is known.
func ownNames(cells []*cell) map[string][]string {
	names := map[string][]string{}
	for _, c := range cells {
		if c.Way != prober.ByServer {
			continue
		}
		if _, is := names[c.Target()]; !is {
			names[c.Target()] = nil
		}
		if c.Glance == nil {
			continue
		}
		for _, s := range c.Seen {
			if name := short(s.Name); !s.Back && !slices.Contains(names[c.Target()], name) {
				names[c.Target()] = append(names[c.Target()], name)
			}
		}
	}
	for listed, own := range names {
		switch {
		case len(own) > 0:
		case isAddress(listed):
			delete(names, listed)
		default:
			names[listed] = []string{short(listed)}
		}
	}
	return names
}

// short is a server's name without its domain and port, in lower case; an address stays as it is.
func short(name string) string {
	name = strings.ToLower(name)
	t, err := target.Parse(name, "")
	if err != nil || t.Addr.IsValid() {
		return name
	}
	first, _, _ := strings.Cut(t.Host, ".")
	return first
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
