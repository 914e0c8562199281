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

// compares tells whether each module is asked several times, to hold the answers side by side.
func (f *probeFlags) compares() bool { return f.direct != "" || f.addresses }

// probeSides compares the service with its servers, asked directly, or the addresses of its name.
func (c *command) probeSides(ctx context.Context, p watched, req runner.Request) int {
	results, err := c.askSides(ctx, p, req)
	if err != nil {
		return c.notProbed(err)
	}
	if c.probe.json {
		return c.exitCode(c.showJSON(comparison{compare.Sentence(results), results}), results...)
	}
	return c.exitCode(c.showComparison(results), results...)
}

// askSides asks all that are to be compared.
func (c *command) askSides(ctx context.Context, p watched, req runner.Request) ([]*result.Result, error) {
	requests, err := c.sides(ctx, p, req)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("%s of %s and %d servers", req.Module, req.Target, len(requests)-1)
	if c.probe.addresses {
		what = fmt.Sprintf("%s of %s at %d addresses", req.Module, req.Target, len(requests))
	}
	defer p.line.during(what)()
	return compare.Run(ctx, p.Prober, requests)
}

// sides are the requests whose answers are to be compared.
func (c *command) sides(ctx context.Context, p watched, req runner.Request) ([]runner.Request, error) {
	if c.probe.addresses {
		return compare.Addresses(ctx, p.Finder, req)
	}
	return compare.Requests(req, c.probe.direct)
}

// comparison is what --direct and --addresses print as JSON.
type comparison struct {
	Sentence string           `json:"sentence"`
	Results  []*result.Result `json:"results"`
}

func (c *command) showComparison(results []*result.Result) error {
	options := report.Options{Color: colorful(c.stdout)}
	err := report.Heading(c.stdout, compare.Capital(compare.Sentence(results))+".", worst(results), options)
	if len(results) == 1 { // nothing stands beside it
		c.print("\n")
		return errors.Join(err, c.show(results[0]))
	}
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
	results []*result.Result // with --direct several, that through the balancer first; with --addresses one of each; none where it was refused
	refused error
	absent  bool // the site does not have what the module asks for
}

// survey is what --all prints as JSON, also with --direct or --addresses.
type survey struct {
	Results     []*result.Result      `json:"results,omitzero"`
	Comparisons map[string]comparison `json:"comparisons,omitempty"` // by module
	Refused     map[string]string     `json:"refused,omitempty"`     // by module, why it was not run
	NotThere    []string              `json:"not_there,omitempty"`   // modules that ask for what the site does not have
}

// probeAll runs the modules one after the other. A module that may not be run against the target is told in the summary;
// when none may, nothing was probed.
func (c *command) probeAll(ctx context.Context, p watched, req runner.Request, cfg *config.Config) int {
	modules := cfg.Modules
	var all []surveyed
	var results []*result.Result
	for _, module := range slices.Sorted(maps.Keys(modules)) {
		req.Module = module
		one, d := surveyed{module: module}, &modules[module].Definition
		if one.refused = misdirected(d, req.Target); one.refused == nil {
			one.results, one.refused = c.askOne(ctx, p, req)
		}
		if one.absent = absent(d, one.results) && !listedFor(cfg, module, req.Target); !one.absent {
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

// askOne runs one module: through the balancer, and with --direct at each server too, or with --addresses at each address.
func (c *command) askOne(ctx context.Context, p watched, req runner.Request) ([]*result.Result, error) {
	if !c.probe.compares() {
		answer, err := p.Probe(ctx, req)
		if err != nil {
			return nil, err
		}
		return []*result.Result{answer.Result}, nil
	}
	return c.askSides(ctx, p, req)
}

func (c *command) asSurvey(all []surveyed) survey {
	s := survey{Comparisons: map[string]comparison{}, Refused: map[string]string{}}
	if !c.probe.compares() {
		s.Results = []*result.Result{}
	}
	for _, one := range all {
		if one.absent {
			s.NotThere = append(s.NotThere, one.module)
		}
		switch {
		case one.refused != nil:
			s.Refused[one.module] = one.refused.Error()
		case c.probe.compares():
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
		if one.refused != nil || !c.probe.verbose && (one.absent || worst(one.results) == report.Succeeded) {
			continue
		}
		c.print("\n━━ %s\n\n", plain.Escape(one.module))
		if c.probe.compares() {
			err = errors.Join(err, c.showComparison(one.results))
		} else {
			err = errors.Join(err, c.show(one.results[0]))
		}
	}
	return err
}

// summary has a row for each module: what came of it, and with --direct at each server, with --addresses at each address.
func (c *command) summary(target string, all []surveyed) result.Table {
	t := result.Table{Title: "Summary", Columns: []string{"module", "verdict", "took", "who acts", "what is wrong"}}
	widest := widest(all)
	if len(widest) > 0 { // else the target may be malformed, and have a password in it
		t.Title = "Summary of " + target
		if c.probe.compares() {
			t.Columns = slices.Concat([]string{"module"}, compare.Sides(widest), []string{"what that says"})
		}
	}
	for _, one := range all {
		var cells []string
		last := ""
		switch {
		case one.refused != nil:
			cells, last = []string{"– not probed"}, one.refused.Error()
		case c.probe.compares():
			for _, r := range one.results {
				cells = append(cells, one.word(r))
			}
			last = compare.Sentence(one.results)
		default:
			r := one.results[0]
			cells, last = []string{one.word(r), report.Length(r.Duration) + " s", one.owners(r)}, report.Wrong(r)
		}
		cells = append(cells, make([]string, len(t.Columns)-2-len(cells))...)
		t.Rows = append(t.Rows, slices.Concat([]string{one.module}, cells, []string{last}))
	}
	return t
}

// widest are the results of the module that has most: the addresses of a name may not be found each time.
func widest(all []surveyed) []*result.Result {
	var most []*result.Result
	for _, one := range all {
		if len(one.results) > len(most) {
			most = one.results
		}
	}
	return most
}

func (c *command) showJSON(v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode as JSON: %w", err)
	}
	_, err = fmt.Fprintln(c.stdout, plain.Lines(string(data)))
	return err
}
