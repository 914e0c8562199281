package main

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/scraped"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/probes"
)

// runCheck checks files as one configuration: what they say together must fit, too.
func (c *command) runCheck() int {
	loaded, err := config.Check(c.check, probes.All())
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		return c.fail("%v", err)
	}
	for _, p := range problems {
		c.print("%s\n", p)
	}
	if loaded != nil {
		if loaded.Implied {
			c.print("No file defines modules, so there is one for each prober, with its defaults: %s\n", strings.Join(slices.Sorted(maps.Keys(loaded.Modules)), ", "))
		}
		for _, w := range loaded.Warnings {
			c.print("%s (warning)\n", w)
		}
	}
	for _, file := range expand(c.check) {
		if !slices.ContainsFunc(problems, func(p config.Problem) bool { return p.File == file }) {
			c.print("%s: ok\n", file)
		}
	}
	if len(problems) > 0 || loaded != nil && !c.fits(loaded) {
		return exitFailed
	}
	return exitOK
}

// maxPrometheus is the most bytes of Prometheus's configuration that are read.
const maxPrometheus = 4 << 20

// fits says whether Prometheus's configurations fit ours.
func (c *command) fits(ours *config.Config) bool {
	all := true
	for _, name := range c.prometheus {
		text, err := secret.ReadFile(name, maxPrometheus)
		if err != nil {
			c.print("%s: the file cannot be read: %v\n", name, err)
			all = false
			continue
		}
		report := scraped.Check(name, text, ours, defaultOffset)
		for _, p := range report.Problems {
			c.print("%s\n", p)
		}
		for _, w := range report.Warnings {
			c.print("%s (warning)\n", w)
		}
		if len(report.Problems) == 0 {
			c.print("%s: fits\n", name)
		}
		all = all && len(report.Problems) == 0
	}
	return all
}

// expand gives the files that patterns name; what matches nothing stays, and config.Load has said so.
func expand(patterns []string) []string {
	var all []string
	for _, pattern := range patterns {
		matches, err := filepath.Glob(pattern)
		if err != nil || len(matches) == 0 {
			matches = []string{pattern}
		}
		for _, file := range matches {
			all = append(all, filepath.Clean(file))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
