package web

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
)

// The grid is made by hand and not by a template: a page has thousands of cells, and what stands in one is ours alone, the ID of a
// report, a mark and two lengths of time.

// foldAbove is how many places a way of a service may have before equal ones share a row.
const foldAbove = 100

// gridRow is one row: a place, or several that are alike.
type gridRow struct {
	Way   string
	Name  string
	Cells template.HTML
}

// ways are those of a service, as people call them.
var ways = map[prober.Way]string{prober.ByBalancer: "balancer", prober.ByServer: "server", prober.ByDomain: "domain"}

// spot is where a row is.
type spot struct {
	way    prober.Way
	target string
}

// line is a row before it is written: what each module says there. Of several mailboxes the worst counts.
type line struct {
	spot
	cells []*cell // by column; nil where the module is not asked there
	names []string
}

// rows are the grid of a service: balancers, servers, domains. Of very many that are alike one stands for all, unless whole.
func rows(columns []string, cells []*cell, now time.Time, whole bool) (all []gridRow, folded bool) {
	column := map[string]int{}
	for i, name := range columns {
		column[name] = i
	}
	at := map[spot]*line{}
	byWay := map[prober.Way][]*line{}
	for _, c := range cells {
		key := spot{c.Way, c.Target()}
		l := at[key]
		if l == nil {
			l = &line{spot: key, cells: make([]*cell, len(columns)), names: []string{c.Target()}}
			at[key] = l
			byWay[c.Way] = append(byWay[c.Way], l)
		}
		i := column[c.Module.Name]
		if l.cells[i] == nil || rank(c.state()) < rank(l.cells[i].state()) {
			l.cells[i] = c
		}
	}
	for _, way := range []prober.Way{prober.ByBalancer, prober.ByServer, prober.ByDomain} {
		lines := byWay[way]
		if len(lines) > foldAbove && !whole {
			if less := foldLines(lines); len(less) < len(lines) {
				lines, folded = less, true
			}
		}
		for _, l := range lines {
			all = append(all, l.row(now))
		}
	}
	return all, folded
}

// rank orders states for a cell that has several: what is not known comes before what works.
func rank(s report.State) int {
	return slices.Index([]report.State{report.Failed, report.Warned, report.Undecided, report.Unknown, report.Succeeded}, s)
}

// foldLines puts lines that say the same in every column into one. The order is that of the first of each.
func foldLines(lines []*line) []*line {
	var folded []*line
	same := map[string]*line{}
	for _, l := range lines {
		key := ""
		for _, c := range l.cells {
			key += cause(c) + "\n"
		}
		first := same[key]
		if first == nil {
			same[key] = l
			folded = append(folded, l)
			continue
		}
		first.names = append(first.names, l.target)
		for i, c := range l.cells { // the row shows what has lasted shortest, and was probed longest ago
			if c != nil && c.Glance != nil && (c.Since.After(first.cells[i].Since) || c.old && !first.cells[i].old) {
				first.cells[i] = c
			}
		}
	}
	return folded
}

// cause is what a cell has in common with others that suffer from the same.
func cause(c *cell) string {
	switch {
	case c == nil:
		return ""
	case c.Glance == nil:
		return string(report.Unknown)
	case c.Failure != nil:
		return string(c.State) + " " + c.Failure.Name()
	}
	return string(c.State) + " " + c.Undecided
}

// marks and classes are how states look.
var (
	marks   = map[report.State]string{report.Failed: "✗", report.Warned: "!", report.Undecided: "?", report.Succeeded: "✓", report.Unknown: "–"}
	classes = map[report.State]string{report.Failed: "f", report.Warned: "w", report.Undecided: "u", report.Succeeded: "s", report.Unknown: "n"}
)

func (l *line) row(now time.Time) gridRow {
	name := l.names[0]
	if more := len(l.names) - 1; more > 0 {
		name = fmt.Sprintf("%s and %d more alike", name, more)
	}
	var b strings.Builder
	for _, c := range l.cells {
		if c == nil {
			b.WriteString("<td>")
			continue
		}
		c.write(&b, now)
	}
	return gridRow{Way: ways[l.way], Name: name, Cells: template.HTML(b.String())} //nolint:gosec // nothing in it is anybody's but ours
}

// write writes one cell: the state, for how long, and how long ago it was probed.
func (c *cell) write(b *strings.Builder, now time.Time) {
	b.WriteString("<td class=" + classes[c.state()] + ">")
	if c.Glance == nil {
		b.WriteString(marks[report.Unknown])
		return
	}
	if c.Kept {
		b.WriteString(`<a href="report/` + template.HTMLEscapeString(c.ID) + `">`)
	}
	b.WriteString(marks[c.State] + " " + brief(now.Sub(c.Since)) + " <i>" + brief(now.Sub(c.Start)))
	if c.old {
		b.WriteString(" old")
	}
	b.WriteString("</i>")
	if c.Kept {
		b.WriteString("</a>")
	}
}

// brief is a length of time as short as it goes: 12s, 4m, 3h, 5d.
func brief(d time.Duration) string {
	switch d = max(0, d); {
	case d < time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "m"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "h"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "d"
}

// servers counts the servers of each service.
func servers(cells []*cell) map[string]int {
	seen := map[[2]string]bool{}
	counts := map[string]int{}
	for _, c := range cells {
		if key := [2]string{c.Service.Key, c.Target()}; c.Way == prober.ByServer && !seen[key] {
			seen[key] = true
			counts[c.Service.Key]++
		}
	}
	return counts
}

// places names where cells are: a few by name, more by their number.
func places(cells []*cell, total int) string {
	by, named := map[prober.Way][]string{}, map[spot]bool{}
	for _, c := range cells {
		if at := (spot{c.Way, c.Where()}); !named[at] {
			named[at] = true
			by[c.Way] = append(by[c.Way], at.target)
		}
	}
	var all []string
	for _, way := range []prober.Way{prober.ByBalancer, prober.ByServer, prober.ByDomain} {
		names := by[way]
		switch {
		case len(names) == 0:
		case way == prober.ByServer && len(names) == total && total > 3:
			all = append(all, fmt.Sprintf("all %d servers", total))
		case way == prober.ByServer:
			all = append(all, "server "+some(names))
		default:
			all = append(all, ways[way]+" "+some(names))
		}
	}
	return strings.Join(all, "; ")
}
