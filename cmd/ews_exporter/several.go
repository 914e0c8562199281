package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// probeDirect compares the service with its servers, asked directly.
func (c *command) probeDirect(ctx context.Context, p watched, req runner.Request) int {
	requests, err := compare.Requests(req, c.probe.direct)
	if err != nil {
		return c.notProbed(err)
	}
	end := p.line.during(fmt.Sprintf("%s of %s and %d servers", req.Module, req.Target, len(requests)-1))
	results, err := compare.Run(ctx, p.Prober, requests)
	end()
	if err != nil {
		return c.notProbed(err)
	}
	if c.probe.json {
		return c.exitCode(c.showJSON(comparison{compare.Sentence(results), results}), results...)
	}
	return c.exitCode(c.showComparison(results), results...)
}

// comparison is what --direct prints as JSON.
type comparison struct {
	Sentence string           `json:"sentence"`
	Results  []*result.Result `json:"results"`
}

func (c *command) showComparison(results []*result.Result) error {
	options := report.Options{Color: colorful(c.stdout)}
	err := report.Heading(c.stdout, compare.Capital(compare.Sentence(results))+".", worst(results), options)
	err = errors.Join(err, report.Table(c.stdout, compare.Table(results)))
	seen := map[string]bool{}
	for _, r := range results {
		for _, f := range r.Findings {
			if f.Severity != result.Info && !seen[f.Code] {
				seen[f.Code] = true
				err = errors.Join(err, report.Finding(c.stdout, f, options))
			}
		}
	}
	return err
}

// worst is the state of the worst of results.
func worst(results []*result.Result) report.State {
	state := report.Succeeded
	for _, r := range results {
		switch s := report.StateOf(r); {
		case s == report.Failed:
			return s
		case s == report.Warned, s == report.Undecided && state == report.Succeeded:
			state = s
		}
	}
	return state
}

// surveyed is what became of one module of --all.
type surveyed struct {
	module  string
	results []*result.Result // with --direct several, that through the balancer first; none where it was refused
	refused error
	absent  bool // the site does not have what the module asks for
}

// survey is what --all prints as JSON, and with --direct.
type survey struct {
	Results     []*result.Result      `json:"results,omitzero"`
	Comparisons map[string]comparison `json:"comparisons,omitempty"` // by module
	Refused     map[string]string     `json:"refused,omitempty"`     // by module, why it was not run
	NotThere    []string              `json:"not_there,omitempty"`   // modules that ask for what the site does not have
}

// probeAll runs the modules one after the other. A module that may not be run against the target is told in the summary;
// when none may, nothing was probed.
func (c *command) probeAll(ctx context.Context, p watched, req runner.Request, modules map[string]*config.Module) int {
	var all []surveyed
	var results []*result.Result
	for _, module := range slices.Sorted(maps.Keys(modules)) {
		req.Module = module
		one, d := surveyed{module: module}, &modules[module].Definition
		if one.refused = misdirected(d, req.Target); one.refused == nil {
			one.results, one.refused = c.askOne(ctx, p, req)
		}
		if one.absent = absent(d, one.results); !one.absent {
			results = append(results, one.results...)
		}
		all = append(all, one)
	}
	var err error
	if c.probe.json {
		err = c.showJSON(c.asSurvey(all))
	} else {
		err = c.showSurvey(req.Target, all)
	}
	if err == nil && !slices.ContainsFunc(all, func(one surveyed) bool { return one.refused == nil }) {
		return c.notProbed(errors.New("no module may be run against this target; the summary says why"))
	}
	return c.exitCode(err, results...)
}

// askOne runs one module: through the balancer, and with --direct at each server too.
func (c *command) askOne(ctx context.Context, p watched, req runner.Request) ([]*result.Result, error) {
	if c.probe.direct == "" {
		answer, err := p.Probe(ctx, req)
		if err != nil {
			return nil, err
		}
		return []*result.Result{answer.Result}, nil
	}
	requests, err := compare.Requests(req, c.probe.direct)
	if err != nil {
		return nil, err
	}
	defer p.line.during(fmt.Sprintf("%s of %s and %d servers", req.Module, req.Target, len(requests)-1))()
	return compare.Run(ctx, p.Prober, requests)
}

func (c *command) asSurvey(all []surveyed) survey {
	s := survey{Comparisons: map[string]comparison{}, Refused: map[string]string{}}
	if c.probe.direct == "" {
		s.Results = []*result.Result{}
	}
	for _, one := range all {
		if one.absent {
			s.NotThere = append(s.NotThere, one.module)
		}
		switch {
		case one.refused != nil:
			s.Refused[one.module] = one.refused.Error()
		case c.probe.direct != "":
			s.Comparisons[one.module] = comparison{compare.Sentence(one.results), one.results}
		default:
			s.Results = append(s.Results, one.results...)
		}
	}
	return s
}

// showSurvey prints the summary, and below it all about what is not well.
func (c *command) showSurvey(target string, all []surveyed) error {
	var table strings.Builder
	_ = report.Table(&table, c.summary(target, all)) // writing to memory does not fail
	_, err := io.WriteString(c.stdout, strings.TrimPrefix(table.String(), "\n"))
	for _, one := range all {
		if one.refused != nil || one.absent || worst(one.results) == report.Succeeded {
			continue
		}
		c.print("\n━━ %s\n\n", plain.Escape(one.module))
		if c.probe.direct != "" {
			err = errors.Join(err, c.showComparison(one.results))
		} else {
			err = errors.Join(err, c.show(one.results[0]))
		}
	}
	return err
}

// summary has a row for each module: what came of it, and with --direct at each server.
func (c *command) summary(target string, all []surveyed) result.Table {
	t := result.Table{Title: "Summary", Columns: []string{"module", "verdict", "took", "who acts", "what is wrong"}}
	for _, one := range all {
		if one.refused == nil { // else the target may be malformed, and have a password in it
			t.Title = "Summary of " + target
			if c.probe.direct != "" {
				t.Columns = slices.Concat([]string{"module"}, compare.Sides(one.results), []string{"what that says"})
			}
		}
	}
	for _, one := range all {
		row := []string{one.module}
		switch {
		case one.refused != nil:
			row = append(row, "– not probed")
			row = append(append(row, make([]string, len(t.Columns)-3)...), one.refused.Error())
		case c.probe.direct != "":
			for _, r := range one.results {
				row = append(row, one.word(r))
			}
			row = append(row, compare.Sentence(one.results))
		default:
			r := one.results[0]
			row = append(row, one.word(r), report.Length(r.Duration)+" s", one.owners(r), report.Wrong(r))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (c *command) showJSON(v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode as JSON: %w", err)
	}
	_, err = fmt.Fprintln(c.stdout, plain.Lines(string(data)))
	return err
}
