// Package scraped holds Prometheus's configuration against the exporter's: whether both mean the same modules and services, and
// whether what comes of it has the labels, intervals and time limits that rules and dashboards rely on.
package scraped

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/config"
)

// file is what is looked at of Prometheus's configuration. Whether the rest of it is right, promtool says.
type file struct {
	Global struct {
		Interval model.Duration `yaml:"scrape_interval"`
		Timeout  model.Duration `yaml:"scrape_timeout"`
	} `yaml:"global"`
	Jobs  []job    `yaml:"scrape_configs"`
	Files []string `yaml:"scrape_config_files"`
}

// job is one of scrape_configs.
type job struct {
	Name          string              `yaml:"job_name"`
	Path          string              `yaml:"metrics_path"`
	Params        map[string][]string `yaml:"params"`
	Interval      model.Duration      `yaml:"scrape_interval"`
	Timeout       model.Duration      `yaml:"scrape_timeout"`
	SampleLimit   int                 `yaml:"sample_limit"`
	Static        []group             `yaml:"static_configs"`
	HTTP          []httpSD            `yaml:"http_sd_configs"`
	Files         []yaml.Node         `yaml:"file_sd_configs"`
	Relabel       []relabel           `yaml:"relabel_configs"`
	MetricRelabel []relabel           `yaml:"metric_relabel_configs"`

	line int
}

type group struct {
	Targets []string          `yaml:"targets"`
	Labels  map[string]string `yaml:"labels"`
}

type httpSD struct {
	URL string `yaml:"url"`
}

type relabel struct {
	Action string   `yaml:"action"`
	Source []string `yaml:"source_labels"`
	Regex  string   `yaml:"regex"`
	Target string   `yaml:"target_label"`
}

// UnmarshalYAML keeps the line.
func (j *job) UnmarshalYAML(n *yaml.Node) error {
	type plain job
	j.line = n.Line
	return n.Decode((*plain)(j)) //nolint:wrapcheck // yaml's own, which is not shown
}

// Report is what does not fit, and what is worth a look.
type Report struct{ Problems, Warnings config.Problems }

// checker looks at one file.
type checker struct {
	Report
	name    string
	ours    *config.Config
	offset  time.Duration // that the exporter takes off Prometheus's time limits
	job     *job
	written bool                // some job has its targets from elsewhere
	asked   map[string][]string // the jobs that ask /sd for a service, by its key
}

// Check holds Prometheus's configuration, the text of the file of that name, against ours. It quotes nothing of it but names of
// jobs, modules, services and labels: the rest may be secret.
func Check(name string, text []byte, ours *config.Config, offset time.Duration) Report {
	c := &checker{name: name, ours: ours, offset: offset, asked: map[string][]string{}}
	var read file
	if err := yaml.Unmarshal(text, &read); err != nil {
		c.problem("this cannot be read as Prometheus's configuration; promtool check config %s says where", name)
		return c.Report
	}
	if len(read.Files) > 0 {
		c.warning("scrape_config_files are not looked into: check each by itself")
	}
	own := false
	for i := range read.Jobs {
		c.job = &read.Jobs[i]
		c.job.inherit(&read)
		switch {
		case c.job.Name == ownJob:
			own = true
			c.ownJob()
		case c.job.discovers():
			c.discovering()
		case strings.HasSuffix(c.job.Path, "/probe"):
			c.probing()
		}
	}
	c.job = nil
	if !own {
		c.problem("no job is called %s: by that name the rules know the exporter itself, and what to do first is looked up in its metrics", ownJob)
	}
	c.coverage()
	return c.Report
}

// inherit spells out what a job has by default.
func (j *job) inherit(f *file) {
	first := func(ds ...model.Duration) model.Duration {
		for _, d := range ds {
			if d > 0 {
				return d
			}
		}
		return 0
	}
	j.Interval = first(j.Interval, f.Global.Interval, model.Duration(time.Minute))
	j.Timeout = min(first(j.Timeout, f.Global.Timeout, model.Duration(10*time.Second)), j.Interval)
}

// discovers tells whether the job asks an exporter for its targets.
func (j *job) discovers() bool {
	for _, sd := range j.HTTP {
		if sd.ours() {
			return true
		}
	}
	return false
}

// ours tells whether the URL is that of an exporter's list: its path ends in /sd.
func (sd httpSD) ours() bool {
	path, _, _ := strings.Cut(sd.URL, "?")
	return strings.HasSuffix(strings.TrimRight(path, "/"), "/sd")
}

func (c *checker) problem(format string, args ...any) {
	c.Problems = append(c.Problems, c.found(format, args))
}

func (c *checker) warning(format string, args ...any) {
	c.Warnings = append(c.Warnings, c.found(format, args))
}

func (c *checker) found(format string, args []any) config.Problem {
	p := config.Problem{File: c.name, Text: fmt.Sprintf(format, args...)}
	if c.job != nil {
		p.Line, p.Field = c.job.line, "job "+c.job.Name
	}
	return p
}
