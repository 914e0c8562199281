package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/discovery"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/logging"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// atOnce is how many probes of a service run at a time: a person waits, and the servers have clients to serve.
const atOnce = 8

// filled is a cell and what came of it.
type filled struct {
	config.Cell
	result  *result.Result // nil where it was refused
	refused error
}

// probeService runs all that a service is asked for, and prints the summary first.
func (c *command) probeService(ctx context.Context, p watched, cfg *config.Config) int {
	cells, err := c.cellsOf(ctx, cfg)
	if err != nil {
		return c.notProbed(err)
	}
	all := c.probeCells(ctx, p, cells)
	var results []*result.Result
	for _, one := range all {
		if one.refused == nil {
			results = append(results, one.result)
		}
	}
	switch {
	case c.probe.json:
		err = c.showJSON(cellsAsJSON(all))
	case c.probe.lines:
		err = c.showLines(all)
	default:
		err = c.showService(all)
	}
	if err == nil && len(results) < len(all) {
		return c.notProbed(fmt.Errorf("%d of %d probes were refused; the first: %w", len(all)-len(results), len(all), firstRefusal(all)))
	}
	return c.exitCode(err, results...)
}

// cellsOf are those of the service, or of one module of it.
func (c *command) cellsOf(ctx context.Context, cfg *config.Config) ([]config.Cell, error) {
	f := &c.probe
	if cfg.Services[f.service] == nil {
		return nil, fmt.Errorf("there is no service %q in the configuration; %s", f.service, suggest.Hint(f.service, slices.Collect(maps.Keys(cfg.Services))))
	}
	one := *cfg
	one.Services = map[string]*config.Service{f.service: cfg.Services[f.service]}
	finder := &discovery.Finder{Config: func() *config.Config { return &one }, Resolver: c.resolver, Log: logging.New(c.stderr, c.log)}
	_, cells, err := finder.Cells(ctx)
	if err != nil || f.module == "" {
		return cells, err
	}
	cells = slices.DeleteFunc(slices.Clone(cells), func(cell config.Cell) bool { return cell.Module.Name != f.module })
	if len(cells) == 0 {
		return nil, fmt.Errorf("the service %s does not list the module %q; %s", f.service, f.module, suggest.Hint(f.module, cfg.Services[f.service].Modules))
	}
	return cells, nil
}

func (c *command) probeCells(ctx context.Context, p watched, cells []config.Cell) []filled {
	all := make([]filled, len(cells))
	defer p.line.during(fmt.Sprintf("%d probes of %s", len(cells), c.probe.service))()
	var group errgroup.Group
	group.SetLimit(atOnce)
	for i, cell := range cells {
		group.Go(func() error {
			answer, err := p.Prober.Probe(ctx, runner.Request{Module: cell.Module.Name, Target: cell.Target, Hostname: cell.Hostname, Mailbox: cell.Mailbox, Limit: c.probe.timeout})
			all[i] = filled{cell, answer.Result, err}
			return nil
		})
	}
	_ = group.Wait() // what was refused is told of each
	return all
}

func firstRefusal(all []filled) error {
	for _, one := range all {
		if one.refused != nil {
			return one.refused
		}
	}
	return nil
}

// word is the state of a cell, as a person reads it.
func (one filled) word() string {
	if one.refused != nil {
		return "– not probed"
	}
	word, _, _ := strings.Cut(report.Word(one.result), " (")
	return word
}

// place is where a cell was asked.
func (one filled) place() string {
	if one.Way == prober.ByServer {
		return one.Target
	}
	return string(one.Way) + " " + one.Target
}

// showService prints a table of modules and places, what each module's outcome says of balancer and servers, and what is wrong,
// alike failures once. All about it, and about what is well, comes with --verbose.
func (c *command) showService(all []filled) error {
	options := report.Options{Color: colorful(c.stdout)}
	var table strings.Builder
	_ = report.Table(&table, grid(c.probe.service, all)) // writing to memory does not fail
	_, err := io.WriteString(c.stdout, strings.TrimPrefix(table.String(), "\n"))
	for _, sentence := range sentences(all) {
		c.print("\n%s\n", plain.Escape(sentence))
	}
	wrong := folded(all)
	for _, alike := range wrong {
		c.print("\n%s\n", plain.Escape(alike.text))
		if c.probe.verbose {
			c.print("\n")
			err = errors.Join(err, report.Text(c.stdout, alike.first, options))
		} else {
			err = errors.Join(err, report.Steps(c.stdout, alike.first.Verdict))
		}
	}
	if !c.probe.verbose {
		if len(wrong) > 0 {
			c.print("\n--verbose has the whole report of each of these.\n")
		}
		return err
	}
	for _, one := range all {
		if one.refused == nil && report.StateOf(one.result) == report.Succeeded {
			c.print("\n━━ %s at %s\n\n", plain.Escape(one.Module.Name), plain.Escape(one.place()))
			err = errors.Join(err, report.Text(c.stdout, one.result, options))
		}
	}
	return err
}

// grid has modules and places, whichever are more as rows: fifty servers are more than a terminal has columns.
func grid(service string, all []filled) result.Table {
	var modules, places []string
	words := map[[2]string]string{}
	for _, one := range all {
		module, place := one.Module.Name, one.place()
		if one.Mailbox != "" {
			module += " " + one.Mailbox
		}
		if !slices.Contains(modules, module) {
			modules = append(modules, module)
		}
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
		words[[2]string{module, place}] = one.word()
	}
	slices.SortStableFunc(places, func(a, b string) int { return strings.Count(b, " ") - strings.Count(a, " ") }) // balancer and domains first
	t := result.Table{Title: "Service " + service}
	rows, columns, head := modules, places, "module"
	if len(places) > len(modules) {
		rows, columns, head = places, modules, "at"
	}
	t.Columns = append([]string{head}, columns...)
	for _, row := range rows {
		cells := []string{row}
		for _, column := range columns {
			key := [2]string{row, column}
			if head == "at" {
				key = [2]string{column, row}
			}
			cells = append(cells, words[key])
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// sentences say, of each module that fails somewhere, what the way through the balancer and the servers prove together.
func sentences(all []filled) []string {
	type of struct{ module, mailbox string }
	var order []of
	through, directly := map[of][]*result.Result{}, map[of][]*result.Result{}
	for _, one := range all {
		if one.refused != nil {
			continue
		}
		key := of{one.Module.Name, one.Mailbox}
		if !slices.Contains(order, key) {
			order = append(order, key)
		}
		if one.Via() == "direct" {
			directly[key] = append(directly[key], one.result)
		} else {
			through[key] = append(through[key], one.result)
		}
	}
	var said []string
	for _, key := range order {
		for _, first := range through[key] {
			results := append([]*result.Result{first}, directly[key]...)
			if len(results) > 1 && worst(results) == report.Failed {
				said = append(said, strings.TrimSpace(key.module+" "+key.mailbox)+": "+compare.Sentence(results)+".")
			}
		}
	}
	return said
}

// alike are cells of which the same is wrong.
type alike struct {
	first *result.Result
	text  string
}

// folded are what is wrong, with all the places at which it is so.
func folded(all []filled) []alike {
	type key struct{ module, wrong string }
	var order []key
	groups := map[key][]filled{}
	for _, one := range all {
		if one.refused != nil || report.StateOf(one.result) == report.Succeeded {
			continue
		}
		k := key{one.Module.Name, cause(one.result)}
		if forbidden(one.result) {
			k.module = "" // no module was asked, so none makes a difference
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], one)
	}
	var list []alike
	for _, k := range order {
		group := groups[k]
		var modules, places []string
		for _, one := range group {
			if !slices.Contains(modules, one.Module.Name) {
				modules = append(modules, one.Module.Name)
			}
			if place := one.place(); !slices.Contains(places, place) {
				places = append(places, place)
			}
		}
		first := telling(group)
		text := fmt.Sprintf("%s  %s at %s: %s", first.word(), few(modules), few(places), report.Wrong(first.result))
		list = append(list, alike{first.result, text})
	}
	return list
}

// telling is the one of alike cells whose advice stands for all: of a server that was asked directly, where there is one, because it
// speaks of no balancer that makes no difference.
func telling(group []filled) filled {
	return group[max(0, slices.IndexFunc(group, func(one filled) bool { return one.Via() == "direct" }))]
}

// forbidden tells whether the policy kept the probe from asking anybody.
func forbidden(r *result.Result) bool { return r.Failure != nil && r.Failure.Stage == failure.Policy }

// cause is what makes two results alike: the failure, and the findings.
func cause(r *result.Result) string {
	text := string(r.UndecidedReason)
	if r.Failure != nil {
		text = r.Failure.Name()
	}
	for _, f := range r.Findings {
		if f.Severity != result.Info {
			text += " " + f.Code
		}
	}
	return text
}

// few names the first of many.
func few(places []string) string {
	const most = 4
	if len(places) <= most {
		return strings.Join(places, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(places[:most], ", "), len(places)-most)
}

// showLines prints a line for each cell, for scripts: module, via, target, mailbox, state, seconds, failure and findings, parted
// by tabs; "-" stands for none.
func (c *command) showLines(all []filled) error {
	var text strings.Builder
	for _, one := range all {
		state, seconds, why, codes := "not_probed", "-", "-", "-"
		if r := one.result; one.refused == nil {
			state, seconds = string(report.StateOf(r)), report.Length(r.Duration)
			if r.Failure != nil {
				why = r.Failure.Name()
			}
			var found []string
			for _, f := range r.Findings {
				found = append(found, f.Code)
			}
			codes = orDash(strings.Join(found, ","))
		}
		fields := []string{one.Module.Name, one.Via(), one.Target, orDash(one.Mailbox), state, seconds, why, codes}
		for i := range fields {
			fields[i] = plain.Escape(fields[i])
		}
		text.WriteString(strings.Join(fields, "\t") + "\n")
	}
	_, err := io.WriteString(c.stdout, text.String())
	return err //nolint:wrapcheck // the caller says what was done
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// cellJSON is a cell as --json prints it.
type cellJSON struct {
	Module   string         `json:"module"`
	Via      string         `json:"via"`
	Target   string         `json:"target"`
	Hostname string         `json:"hostname,omitempty"`
	Mailbox  string         `json:"mailbox,omitempty"`
	Refused  string         `json:"refused,omitempty"`
	Result   *result.Result `json:"result,omitempty"`
}

func cellsAsJSON(all []filled) []cellJSON {
	list := make([]cellJSON, len(all))
	for i, one := range all {
		list[i] = cellJSON{Module: one.Module.Name, Via: one.Via(), Target: one.Target, Hostname: one.Hostname, Mailbox: one.Mailbox, Result: one.result}
		if one.refused != nil {
			list[i].Refused = one.refused.Error()
		}
	}
	return list
}
