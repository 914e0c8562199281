package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes"
)

// rulesName and ruleTestsName are what a folder calls its rules for Prometheus and their tests.
const (
	rulesName     = "rules.yml"
	ruleTestsName = "rules.test.yml"
)

// generalRules has the rules that belong to no prober, and to no code that probers share.
const generalRules = "alerts/sources"

// alertFiles writes the rules for Prometheus, their tests, and what docs/alerts.md says of each alert.
func alertFiles(root string) ([]file, error) { return alertFilesOf(root, probes.All()) }

func alertFilesOf(root string, definitions []prober.Definition) ([]file, error) {
	sources, err := ruleSources(root, definitions)
	if err != nil {
		return nil, err
	}
	topics, err := topicsOf(sources, factsOf(sources, definitions))
	if err != nil {
		return nil, err
	}
	files := make([]file, 0, 2*len(topics))
	for _, t := range topics {
		files = append(files, file{"alerts/" + t.name + ".rules.yml", t.rules()})
	}
	tests, err := ruleTests(root, sources)
	if err != nil {
		return nil, err
	}
	page, err := sections(root, "docs/alerts.md", map[string]string{"alerts": alertPage(topics)})
	if err != nil {
		return nil, err
	}
	return withoutStale(root, slices.Concat(files, tests, page), "alerts/*.rules.yml", "alerts/tests/*.test.yml")
}

// ruleSource is a file with rules: its groups as text, because comments stay, and decoded, because code lists come from them.
type ruleSource struct {
	path    string
	prober  string // empty for a file that belongs to none
	groups  []ruleGroup
	decoded decodedRules
}

// ruleGroup is the text of a group: its comment, and its rules with their placeholders.
type ruleGroup struct{ name, comment, rules string }

// decodedRules is a file of rules as Prometheus reads it, and before the groups what alerts that belong to no prober need to
// know of it.
type decodedRules struct {
	// Told are findings that have an alert here, or one of the general ones, that does not select them by their code.
	Told []string `yaml:"told"`
	// Explained are failing checks that have an alert here, beside those with a finding that has one.
	Explained []explained `yaml:"explained"`
	// Objectives are metrics that hold failures against an objective, with alerts for what comes and goes.
	Objectives []string `yaml:"objectives"`
	// Shows are texts that alerts about failing probes have besides, about what a metric of the prober tells of the alert's target.
	Shows  []string `yaml:"shows"`
	Groups []struct {
		Name  string        `yaml:"name"`
		Rules []decodedRule `yaml:"rules"`
	} `yaml:"groups"`
}

// explained are checks by their names (a regular expression; empty for all), of the probes that an expression gives.
type explained struct {
	Checks string `yaml:"checks"`
	Probes string `yaml:"probes"`
}

type decodedRule struct {
	Record      string            `yaml:"record"`
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Keep        string            `yaml:"keep_firing_for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// ruleSources reads all of them: the general ones, those of what probers share, and those of the probers.
func ruleSources(root string, definitions []prober.Definition) ([]ruleSource, error) {
	general, err := glob(root, path.Join(generalRules, "*."+rulesName))
	if err != nil {
		return nil, err
	}
	var all []ruleSource
	for _, p := range general {
		all = append(all, ruleSource{path: p})
	}
	all = append(all, ruleSource{path: path.Join(common, rulesName)})
	for _, d := range definitions {
		all = append(all, ruleSource{path: path.Join(folder(d), rulesName), prober: d.Name})
	}
	for i := range all {
		if err := all[i].read(root); err != nil {
			return nil, err
		}
	}
	return all, nil
}

var groupHead = regexp.MustCompile(`(?m)^  - name: ([a-z-]+)\n((?:    #.*\n)*)    rules:\n`)

// read reads the source; one that is not there has no groups.
func (s *ruleSource) read(root string) error {
	content, err := read(root, s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	content = strings.TrimRight(content, "\n") + "\n"
	decoder := yaml.NewDecoder(strings.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&s.decoded); err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	heads := groupHead.FindAllStringSubmatchIndex(content, -1)
	if len(heads) != len(s.decoded.Groups) {
		return fmt.Errorf("%s: each group begins with its name, its comment and \"rules:\", indented by 2 and 4", s.path)
	}
	for i, h := range heads {
		end := len(content)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		s.groups = append(s.groups, ruleGroup{
			name: content[h[2]:h[3]], comment: uncommented(content[h[4]:h[5]]), rules: content[h[1]:end],
		})
	}
	return nil
}

var commentMark = regexp.MustCompile(`(?m)^ *# ?`)

// uncommented is the text of comment lines.
func uncommented(lines string) string { return commentMark.ReplaceAllString(lines, "") }

// topic is what one generated file is about: the groups of one name, from whatever source.
type topic struct {
	name, group string
	comment     string // a title, a colon, a sentence
	sources     []string
	text        string
	alerts      []topicAlert
}

// topicName is the name of the file of a group.
func topicName(group string) string {
	return strings.ReplaceAll(strings.TrimPrefix(group, "ews-"), "-", "_")
}

// topicsOf puts the groups of one name together, with their placeholders filled in, sorted by their files' names.
func topicsOf(sources []ruleSource, facts alertFacts) ([]*topic, error) {
	var topics []*topic
	for _, s := range sources {
		for i, g := range s.groups {
			text, err := facts.fill(s.path, facts.withLabels(g.rules))
			if err != nil {
				return nil, err
			}
			at := slices.IndexFunc(topics, func(t *topic) bool { return t.group == g.name })
			if at < 0 {
				at = len(topics)
				topics = append(topics, &topic{name: topicName(g.name), group: g.name})
			}
			t := topics[at]
			t.sources = append(t.sources, s.path)
			t.text += text
			t.comment += g.comment
			alerts, err := documented(text, s.decoded.Groups[i].Rules)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.path, err)
			}
			t.alerts = append(t.alerts, alerts...)
		}
	}
	for _, t := range topics {
		if !strings.Contains(t.comment, ": ") {
			return nil, fmt.Errorf("%s: the comment of group %s is a title, a colon, and what it is about", t.sources[0], t.group)
		}
	}
	slices.SortFunc(topics, func(a, b *topic) int { return strings.Compare(a.name, b.name) })
	return topics, nil
}

// generatedFrom is the first line of a generated file of YAML.
func generatedFrom(sources []string) string {
	return "# Generated by `make generate` from " + strings.Join(sources, ", ") + ".\n"
}

// rules is the file of the topic.
func (t *topic) rules() []byte {
	var b strings.Builder
	b.WriteString(generatedFrom(t.sources))
	for line := range strings.Lines(t.comment) {
		b.WriteString("# " + line)
	}
	fmt.Fprintf(&b, "groups:\n  - name: %s\n    rules:\n%s", t.group, t.text)
	return []byte(b.String())
}

// ruleTests puts the tests of the sources into one file for each topic: that of the source's first group, or for a prober
// without rules, whose findings have the general alerts, one of its name. The groups are evaluated in the order of the sources,
// because what the general ones record, those of the probers build on.
func ruleTests(root string, sources []ruleSource) ([]file, error) {
	texts, from := map[string]string{}, map[string][]string{}
	var names, order []string
	for _, s := range sources {
		for _, g := range s.groups {
			if !slices.Contains(order, g.name) {
				order = append(order, g.name)
			}
		}
		name := strings.TrimSuffix(s.path, rulesName) + ruleTestsName
		content, err := read(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		_, tests, ok := strings.Cut("\n"+content, "\ntests:\n")
		if !ok {
			return nil, fmt.Errorf("%s has no tests", name)
		}
		to := s.prober
		if len(s.groups) > 0 {
			to = topicName(s.groups[0].name)
		}
		if from[to] == nil {
			names = append(names, to)
		}
		texts[to] += tests
		from[to] = append(from[to], name)
	}
	files := make([]file, len(names))
	for i, name := range names {
		text := fmt.Sprintf("%srule_files:\n  - ../*.rules.yml\ngroup_eval_order: [%s]\nevaluation_interval: 1m\ntests:\n%s",
			generatedFrom(from[name]), strings.Join(order, ", "), texts[name])
		files[i] = file{"alerts/tests/" + name + ".test.yml", []byte(text)}
	}
	return files, nil
}
