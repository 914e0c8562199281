package main

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/ews-exporter/ews_exporter/docs"
	"github.com/ews-exporter/ews_exporter/internal/markdown"
)

// runFinding prints the page of a finding, or without a code, which there are: where somebody sits at a terminal, no
// exporter need be running, and the internet may be part of the outage.
func (c *command) runFinding() int {
	files, err := fs.Glob(docs.Findings, "findings/*.md")
	if err != nil {
		return c.fail("list the findings: %v", err)
	}
	if c.finding == "" {
		for _, file := range files {
			c.print("%s\n", strings.TrimSuffix(path.Base(file), ".md"))
		}
		return exitOK
	}
	page, err := docs.Findings.ReadFile("findings/" + c.finding + ".md")
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return c.usage("there is no finding %q; \"%s finding\" lists them", c.finding, name)
	case err != nil:
		return c.fail("read the page of %s: %v", c.finding, err)
	}
	c.print("%s", markdown.Uncommented(string(page)))
	return exitOK
}
