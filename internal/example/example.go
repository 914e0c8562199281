// Package example reads a prober's example.yml: how it is used as a rule. What is shipped as an example of a configuration or
// of a scrape is made of it, and what a prober costs in a day follows from it.
package example

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"
)

// Example is a module, and how often it is asked of whom.
type Example struct {
	About    string        // one sentence or two for who scrapes it
	Interval time.Duration // of its probes
	Timeout  time.Duration // of a scrape
	Module   string        // in YAML, as below its name in the configuration
	Targets  string        // in YAML, as Prometheus's static_configs; empty: those that all probers have
	Services []string      // the names in certificates of such Targets
	Logon    bool          // the module has an auth
	Lab      []Target      // of the simulated site
}

// Target is a scenario of the simulated site, with the labels that scraping adds.
type Target struct {
	Scenario, Service, Via string
	About                  string // what is to be seen there; empty for nothing
}

// longest is the longest interval between scrapes: Prometheus forgets a series after five minutes, and one scrape of two may
// fail. What is to be probed less often is answered from the last result meanwhile (min_interval).
const longest = 2 * time.Minute

// Scrape is the interval between scrapes.
func (e Example) Scrape() time.Duration { return min(e.Interval, longest) }

// Parse reads an example.yml.
func Parse(text string) (Example, error) {
	var read struct {
		About    string         `yaml:"about"`
		Interval model.Duration `yaml:"interval"`
		Timeout  model.Duration `yaml:"timeout"`
		Module   map[string]any `yaml:"module"`
		Targets  []struct {
			Hosts  []string          `yaml:"targets"`
			Labels map[string]string `yaml:"labels"`
		} `yaml:"targets"`
		Lab []Target `yaml:"lab"`
	}
	d := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	d.KnownFields(true)
	if err := d.Decode(&read); err != nil {
		return Example{}, fmt.Errorf("example.yml: %w", err)
	}
	e := Example{
		About: read.About, Interval: time.Duration(read.Interval), Timeout: time.Duration(read.Timeout),
		Module: block(text, "module"), Targets: block(text, "targets"), Lab: read.Lab,
	}
	for _, group := range read.Targets {
		if s := group.Labels["service"]; !slices.Contains(e.Services, s) {
			e.Services = append(e.Services, s)
		}
	}
	_, e.Logon = read.Module["auth"]
	switch pause, _ := read.Module["min_interval"].(string); {
	case e.About == "", e.Interval == 0, e.Timeout == 0, e.Module == "":
		return Example{}, fmt.Errorf("example.yml: about, interval, timeout and module are needed")
	case e.Timeout > e.Scrape():
		return Example{}, fmt.Errorf("example.yml: a timeout of %v is longer than the %v between scrapes", e.Timeout, e.Scrape())
	case e.Interval > longest && pause != read.Interval.String():
		return Example{}, fmt.Errorf("example.yml: an interval above %v is kept by the module: min_interval: %v", longest, read.Interval)
	}
	return e, nil
}

// block is what stands below a key at the top, as it is written but for its indentation.
func block(text, key string) string {
	_, rest, found := strings.Cut("\n"+text, "\n"+key+":\n")
	if !found {
		return ""
	}
	var lines []string
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "  ") {
			break
		}
		lines = append(lines, line[2:])
	}
	return strings.Join(lines, "")
}
