package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
)

// fault is what went wrong in the same way at some places, with some modules.
type fault struct {
	State   report.State
	Service string
	Modules string
	Where   string
	Wrong   string
	Acts    string
	Since   time.Time // the earliest
	ID      string    // of a report that is kept; "" for none
	N       int       // cells
	Clients bool      // it is what clients meet, and not only who asks a server directly
}

// suffering is cells of one service that suffer from the same, at the same places whatever the module.
type suffering struct {
	cells   []*cell
	modules []string
}

// foldFaults puts cells that are not well and have the same cause into one row each; the worst first, of those what
// clients meet, then those with most cells.
func foldFaults(cells []*cell) []*fault {
	total := servers(cells)
	var all []*fault
	for _, s := range sufferings(cells, total) {
		first := s.cells[0]
		f := &fault{
			State: first.State, Service: first.Service.Name, Modules: strings.Join(s.modules, ", "), Where: places(s.cells, total[first.Service.Key]),
			Wrong: first.Wrong(), Acts: first.Acts(), Since: first.Since, N: len(s.cells),
			Clients: slices.ContainsFunc(s.cells, func(c *cell) bool { return c.Way != prober.ByServer }),
		}
		if n := len(s.modules); n > 3 && n == len(first.Service.Modules) {
			f.Modules = fmt.Sprintf("all %d modules", n)
		}
		for _, c := range s.cells {
			if c.Since.Before(f.Since) {
				f.Since = c.Since
			}
			if f.ID == "" && c.Kept {
				f.ID = c.ID
			}
		}
		all = append(all, f)
	}
	slices.SortStableFunc(all, func(a, b *fault) int {
		if a.State == b.State && a.Clients != b.Clients {
			return map[bool]int{true: -1, false: 1}[a.Clients]
		}
		return cmp.Or(severity(a.State)-severity(b.State), b.N-a.N)
	})
	return all
}

// sufferings are the groups, in the order of their first cells: first by module, and then modules that fail at the same places
// together. What is undecided is so for the module's sake, wherever that is asked.
func sufferings(cells []*cell, total map[string]int) []*suffering {
	type of struct{ service, cause, acts, by string }
	gather := func(into []*suffering, at map[of]*suffering, key of, more *suffering) []*suffering {
		if s := at[key]; s != nil {
			s.cells, s.modules = append(s.cells, more.cells...), append(s.modules, more.modules...)
			return into
		}
		at[key] = more
		return append(into, more)
	}
	because := func(c *cell) of { return of{c.Service.Key, cause(c) + " " + worstCode(c), c.Acts(), ""} }
	var modules, all []*suffering
	at := map[of]*suffering{}
	for _, c := range cells {
		if c.Glance == nil || c.State == report.Succeeded {
			continue
		}
		key := because(c)
		key.by = c.Module.Name
		s := &suffering{cells: []*cell{c}}
		if at[key] == nil {
			s.modules = []string{c.Module.Name}
		}
		modules = gather(modules, at, key, s)
	}
	at = map[of]*suffering{}
	for _, s := range modules {
		key := because(s.cells[0])
		if s.cells[0].State != report.Undecided {
			key.by = places(s.cells, total[key.service])
		}
		all = gather(all, at, key, s)
	}
	return all
}

// worstCode is the code of the first finding that is more than information.
func worstCode(c *cell) string {
	for _, f := range c.Findings {
		if f.Severity != "info" {
			return f.Code
		}
	}
	return ""
}
