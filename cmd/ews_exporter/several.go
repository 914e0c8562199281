package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

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

// survey is what --all prints as JSON.
type survey struct {
	Results []*result.Result  `json:"results"`
	Refused map[string]string `json:"refused,omitempty"` // by module, why it was not run
}

// probeAll runs the modules one after the other and ends with a summary. A module that may not be run against the
// target is told in it; when none may, nothing was probed.
func (c *command) probeAll(ctx context.Context, p runner.Prober, req runner.Request, modules []string) int {
	done := survey{Refused: map[string]string{}}
	summary := result.Table{Title: "Summary", Columns: []string{"module", "verdict", "took", "what is wrong"}}
	for _, module := range modules {
		req.Module = module
		answer, err := p.Probe(ctx, req)
		if err != nil {
			done.Refused[module] = err.Error()
			summary.Rows = append(summary.Rows, []string{module, "– not probed", "", err.Error()})
			continue
		}
		r := answer.Result
		done.Results = append(done.Results, r)
		summary.Rows = append(summary.Rows, []string{module, report.Word(r), report.Length(r.Duration) + " s", report.Wrong(r)})
		if c.probe.json {
			continue
		}
		c.print("━━ %s\n\n", plain.Escape(module))
		if err := c.show(r); err != nil {
			return c.exitCode(err)
		}
		c.print("\n")
	}
	if len(done.Results) > 0 { // else it may be malformed, and have a password in it
		summary.Title += " of " + req.Target
	}
	var err error
	if c.probe.json {
		err = c.showJSON(done)
	} else {
		err = report.Table(c.stdout, summary)
	}
	if err == nil && len(done.Results) == 0 {
		return c.notProbed(errors.New("no module may be run against this target; the summary says why"))
	}
	return c.exitCode(err, done.Results...)
}

func (c *command) showJSON(v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode as JSON: %w", err)
	}
	_, err = fmt.Fprintln(c.stdout, plain.Lines(string(data)))
	return err
}
