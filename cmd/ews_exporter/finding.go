package main

import (
	"errors"
	"io/fs"
	"strings"
	"text/tabwriter"

	"github.com/ews-exporter/ews_exporter/docs"
	"github.com/ews-exporter/ews_exporter/internal/compare"
	"github.com/ews-exporter/ews_exporter/internal/markdown"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/probes"
)

// runFinding prints the page of a finding, or without a code, which there are: where somebody sits at a terminal, no
// exporter need be running, and the internet may be part of the outage.
func (c *command) runFinding() int {
	if c.finding == "" {
		return c.listFindings()
	}
	page, err := docs.Findings.ReadFile("findings/" + c.finding + ".md")
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return c.unknownFinding()
	case err != nil:
		return c.fail("read the page of %s: %v", c.finding, err)
	}
	guides := report.GuidesTo(runner.AllAdvice(probes.All()), c.finding)
	c.print("%s", report.WithGuides(markdown.Uncommented(string(page)), guides))
	return exitOK
}

// findings are those of all probers, each once, in the order of probers, and then those of comparisons.
func findings() []prober.Finding {
	var all []prober.Finding
	listed := map[string]bool{}
	for _, d := range probes.All() {
		for _, f := range d.Findings {
			if !listed[f.Code] {
				listed[f.Code] = true
				all = append(all, f)
			}
		}
	}
	return append(all, compare.Findings...)
}

// findingCodes are what a shell completes.
func findingCodes() []string {
	var codes []string
	for _, f := range findings() {
		codes = append(codes, f.Code)
	}
	return codes
}

func (c *command) listFindings() int {
	table := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	for _, f := range findings() {
		_, _ = table.Write([]byte(f.Code + "\t" + string(f.Severity) + "\t" + f.Summary + "\n"))
	}
	if err := table.Flush(); err != nil {
		return c.fail("print the findings: %v", err)
	}
	return exitOK
}

// unknownFinding says which finding may be meant.
func (c *command) unknownFinding() int {
	var codes []string
	for _, f := range findings() {
		codes = append(codes, f.Code)
	}
	if near := suggest.Nearest(strings.ToLower(c.finding), codes); near != "" {
		return c.usage("there is no finding %q; did you mean %s?", c.finding, near)
	}
	return c.usage("there is no finding %q; \"%s finding\" lists them", c.finding, name)
}
