package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/hostile"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// reliabilityPage puts what probes report of broken and hostile peers into docs/reliability.md.
func reliabilityPage(root string) ([]file, error) {
	tables, err := behaviours(labs.All())
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	rows := 0
	for _, t := range tables {
		rows += len(t.rows)
	}
	fmt.Fprintf(&b, "%d behaviours, in %d groups.\n", rows, len(tables))
	for _, t := range tables {
		b.WriteString(t.String())
	}
	return sections(root, "docs/reliability.md", map[string]string{"faults": b.String()})
}

// table is a group of behaviours.
type table struct {
	title, who string
	probers    []string // that meet one of them
	rows       []*row
}

// row is what a peer does, and what probers report of it.
type row struct {
	does    string
	floods  bool
	reports map[string]string // by the prober
}

// behaviours gathers what the parts' probers meet, by group.
func behaviours(parts []lab.Part) ([]*table, error) {
	var all []*table
	for _, g := range hostile.Groups() { // so that the groups that several meet come first, in their order
		t := &table{title: g.Title, who: g.Who}
		for _, b := range g.Behaviours {
			t.rows = append(t.rows, &row{b.Does, b.Floods, map[string]string{}})
		}
		all = append(all, t)
	}
	for _, p := range parts {
		groups, err := hostile.Cases(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Prober, err)
		}
		for _, g := range groups {
			i := slices.IndexFunc(all, func(t *table) bool { return t.title == g.Title })
			if i < 0 {
				i = len(all)
				all = append(all, &table{title: g.Title, who: g.Who})
			}
			all[i].add(p.Prober, g.Cases)
		}
	}
	for _, t := range all {
		t.rows = slices.DeleteFunc(t.rows, func(r *row) bool { return len(r.reports) == 0 })
	}
	return slices.DeleteFunc(all, func(t *table) bool { return len(t.rows) == 0 }), nil
}

func (t *table) add(prober string, cases []lab.Case) {
	if !slices.Contains(t.probers, prober) {
		t.probers = append(t.probers, prober)
	}
	for _, c := range cases {
		i := slices.IndexFunc(t.rows, func(r *row) bool { return r.does == c.Name })
		if i < 0 {
			i = len(t.rows)
			t.rows = append(t.rows, &row{c.Name, c.Floods, map[string]string{}})
		}
		t.rows[i].reports[prober] = shown(c.Want)
	}
}

func (t *table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n### %s\n\nMet by `%s`.\n\n| %s … | a probe reports |\n|---|---|\n", t.title, strings.Join(t.probers, "`, `"), t.who)
	for _, r := range t.rows {
		b.WriteString("| " + r.does)
		if r.floods {
			b.WriteString(" ∞")
		}
		b.WriteString(" | " + r.cell(t.probers) + " |\n")
	}
	return b.String()
}

// cell is what probers report: what most of them do stands first and without a name.
func (r *row) cell(probers []string) string {
	count, usual := map[string]int{}, ""
	for _, p := range probers {
		v := r.reports[p]
		if count[v]++; v != "" && count[v] > count[usual] && (len(probers) == 1 || count[v] > 1 && 2*count[v] >= len(probers)) {
			usual = v
		}
	}
	var parts []string
	if usual != "" {
		parts = append(parts, usual)
	}
	for _, p := range probers {
		if v := r.reports[p]; v != "" && v != usual {
			parts = append(parts, "`"+p+"`: "+v)
		}
	}
	return strings.Join(parts, " · ")
}

// shown is a verdict in Markdown, its findings leading to their pages.
func shown(v lab.Verdict) string {
	said := "`" + v.Failure + "`"
	if v.Failure == lab.None {
		said = "success"
	}
	for code := range strings.SplitSeq(v.Finding, ", ") {
		if code != "" {
			said += fmt.Sprintf(", [`%s`](findings/%[1]s.md)", code)
		}
	}
	return said
}
