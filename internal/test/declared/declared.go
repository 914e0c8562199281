// Package declared holds the expressions of rules and dashboards against the metrics and labels that the exporter
// declares, so that a rule that cannot fire, or a panel without data, shows in a test.
package declared

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/probes"
)

// ScrapeLabels are the labels that scraping adds, see docs/deployment.md.
var ScrapeLabels = []string{"job", "instance", "module", "service", "via", "site"}

// Metrics gives the labels of every declared metric, by name: those that a rule may rely on. more are added to them,
// such as recording rules.
func Metrics(more map[string][]string) map[string][]string {
	all := map[string][]string{
		"up": nil, "ALERTS": {"alertname", "alertstate", "severity"},
		"process_open_fds": nil, "process_max_fds": nil, // of client_golang, where the system tells
	}
	add := func(list []*result.Metric) {
		for _, m := range list {
			all[m.Name] = m.Labels
		}
	}
	add(collector.Metrics())
	add(collector.SelfMetrics())
	for _, d := range probes.All() {
		add(d.Metrics)
	}
	for _, part := range []string{"_bucket", "_count", "_sum"} { // of the one histogram
		all["ews_exporter_probe_duration_seconds"+part] = append([]string{"le"}, all["ews_exporter_probe_duration_seconds"]...)
	}
	for name, labels := range more {
		all[name] = labels
	}
	return all
}

var (
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)
	selector = regexp.MustCompile(`\b((?:probe_|ews_|ews:|process_|up\b|ALERTS\b)[a-zA-Z0-9_:]*)(?:\s*\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)`)
	grouping = regexp.MustCompile(`\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	word     = regexp.MustCompile(`[a-zA-Z_]\w*`)
	replaced = regexp.MustCompile(`,\s*["'](\w+)["'],\s*["'][^"']*["'],\s*["']\w*["'],`) // the label that label_replace makes
)

// Problems lists what expression names and metrics (of Metrics) does not hold. An expression without any metric is a
// problem too.
func Problems(expression string, metrics map[string][]string) []string {
	var problems []string
	bare := quoted.ReplaceAllString(expression, `""`)
	allowed := slices.Clone(ScrapeLabels)
	for _, m := range replaced.FindAllStringSubmatch(expression, -1) {
		allowed = append(allowed, m[1])
	}
	groups := grouping.FindAllStringSubmatch(bare, -1)
	found := selector.FindAllStringSubmatch(grouping.ReplaceAllString(bare, ""), -1)
	for _, m := range found {
		labels, ok := metrics[m[1]]
		if !ok {
			problems = append(problems, fmt.Sprintf("%s is not declared", m[1]))
			continue
		}
		allowed = append(allowed, labels...)
		for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
			if !slices.Contains(labels, l[1]) && !slices.Contains(ScrapeLabels, l[1]) {
				problems = append(problems, fmt.Sprintf("%s has no label %s", m[1], l[1]))
			}
		}
	}
	for _, g := range groups {
		for _, l := range word.FindAllString(g[1], -1) {
			if !slices.Contains(allowed, l) {
				problems = append(problems, fmt.Sprintf("no metric of the expression has the label %s", l))
			}
		}
	}
	if len(found) == 0 {
		problems = append(problems, "it names no metric: "+strings.TrimSpace(expression))
	}
	return problems
}
