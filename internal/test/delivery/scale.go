package delivery

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"
)

// scaled are the fields of Prometheus's and Alertmanager's files that hold a duration.
var scaled = []string{
	"for", "keep_firing_for", "interval", // rules
	"scrape_interval", "evaluation_interval", // Prometheus
	"group_wait", "group_interval", "repeat_interval", // Alertmanager
}

// window is a range or subquery of an expression, or an offset, each with its durations. Nothing else in PromQL looks
// like it.
var (
	window   = regexp.MustCompile(`\[[0-9]+[a-z][0-9a-z]*(?::[0-9a-z]*)?\]|\boffset\s+[0-9][0-9a-z]*`)
	duration = regexp.MustCompile(`[0-9][0-9a-z]*`)
)

// faster divides every duration in a YAML text by factor: the fields of scaled, and the windows of expressions, which
// stand in annotations too. What is counted in scrapes stays right, because scrapes come faster by the same factor.
func faster(text []byte, factor int) ([]byte, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	var problems []error
	walk(&document, func(key string, value *yaml.Node) {
		switch {
		case slices.Contains(scaled, key):
			d, err := divide(value.Value, factor)
			problems = append(problems, err)
			value.SetString(d)
		case strings.Contains(value.Value, "[") || strings.Contains(value.Value, "offset"):
			value.Value = window.ReplaceAllStringFunc(value.Value, func(found string) string {
				return duration.ReplaceAllStringFunc(found, func(text string) string {
					d, err := divide(text, factor)
					problems = append(problems, err)
					return d
				})
			})
		}
	})
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return yaml.Marshal(&document)
}

// walk visits every scalar with the key that it stands under.
func walk(n *yaml.Node, visit func(key string, value *yaml.Node)) {
	for i, child := range n.Content {
		key := ""
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			key = n.Content[i-1].Value
		}
		if child.Kind == yaml.ScalarNode {
			visit(key, child)
			continue
		}
		walk(child, visit)
	}
}

// divide divides a duration in Prometheus's spelling, down to milliseconds.
func divide(text string, factor int) (string, error) {
	d, err := model.ParseDuration(text)
	if err != nil {
		return "", fmt.Errorf("dividing a duration: %w", err)
	}
	return model.Duration((time.Duration(d) / time.Duration(factor)).Round(time.Millisecond)).String(), nil
}
