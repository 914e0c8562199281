package delivery

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/alerts"
	"github.com/ews-exporter/ews_exporter/deploy"
)

// Job is what one job of Prometheus probes, by one module.
type Job struct {
	Module  string
	Targets []Target
}

// Target is what is probed, with the labels that rules and dashboards rely on. The empty Via is "balancer".
type Target struct{ Address, Service, Via string }

// site is the label site of everything in the chain.
const site = "lab"

// The addresses of the shipped files, which become those of the chain.
const (
	shippedExporter     = "ews-exporter:10501"
	shippedAlertmanager = "alertmanager:9093"
	shippedReceiver     = "127.0.0.1:9095"
)

// writeRules writes the shipped rules, made faster, into dir.
func writeRules(dir string, factor int) error {
	names, err := fs.Glob(alerts.Files, "*.rules.yml")
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(alerts.Files, name)
		if err != nil {
			return err
		}
		if text, err = faster(text, factor); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			return fmt.Errorf("writing the rules: %w", err)
		}
	}
	return nil
}

// alertmanagerConfig is the shipped example, made faster, with every receiver at one address.
func alertmanagerConfig(factor int, receiver string) (string, error) {
	text, err := fs.ReadFile(alerts.Files, "alertmanager.example.yml")
	if err != nil {
		return "", err
	}
	text, err = faster(text, factor)
	return string(bytes.ReplaceAll(text, []byte(shippedReceiver), []byte(receiver))), err
}

// prometheusConfig is the shipped example, made faster, with a job for each of the options': all as its first job for
// probes is, but for module and targets. A probe may take the whole interval, because what it waits for is not faster.
func prometheusConfig(o Options, exporter, alertmanager string) (string, error) {
	text, err := faster(deploy.ScrapeExample, o.Factor)
	if err != nil {
		return "", err
	}
	text = bytes.ReplaceAll(text, []byte(shippedExporter), []byte(exporter))
	text = bytes.ReplaceAll(text, []byte(shippedAlertmanager), []byte(alertmanager))
	var config struct {
		Global  map[string]any   `yaml:"global"`
		Rules   []string         `yaml:"rule_files"`
		Alerts  map[string]any   `yaml:"alerting"`
		Scrapes []map[string]any `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		return "", err
	}
	own, example := config.Scrapes[0], config.Scrapes[1]
	own["static_configs"] = []any{group(exporter, map[string]string{"site": site})}
	config.Rules, config.Scrapes = []string{filepath.Join(o.Dir, "*.rules.yml")}, config.Scrapes[:1]
	for _, job := range o.Jobs {
		scrape := maps.Clone(example)
		scrape["job_name"] = "ews_" + job.Module
		scrape["params"] = map[string]any{"module": []string{job.Module}}
		scrape["scrape_timeout"] = scrape["scrape_interval"]
		var groups []any
		for _, t := range job.Targets {
			if t.Via == "" {
				t.Via = "balancer"
			}
			groups = append(groups, group(t.Address, map[string]string{"site": site, "service": t.Service, "via": t.Via}))
		}
		scrape["static_configs"] = groups
		config.Scrapes = append(config.Scrapes, scrape)
	}
	made, err := yaml.Marshal(config)
	return string(made), err
}

func group(target string, labels map[string]string) any {
	return map[string]any{"targets": []string{target}, "labels": labels}
}
