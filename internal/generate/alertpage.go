package main

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
)

// topicAlert is an alert, and what the comment above it says.
type topicAlert struct {
	decodedRule
	comment string
}

var alertHead = regexp.MustCompile(`(?m)((?:^      #.*\n)*)^      - alert: (\S+)\n`)

// documented gives the alerts of a group with their comments.
func documented(text string, rules []decodedRule) ([]topicAlert, error) {
	comments := map[string]string{}
	for _, m := range alertHead.FindAllStringSubmatch(text, -1) {
		comments[m[2]] = uncommented(m[1])
	}
	var all []topicAlert
	for _, r := range rules {
		if r.Alert == "" {
			continue
		}
		if comments[r.Alert] == "" {
			return nil, fmt.Errorf("no comment above %s says when it fires, for docs/alerts.md", r.Alert)
		}
		all = append(all, topicAlert{r, comments[r.Alert]})
	}
	return all, nil
}

var (
	alertName  = regexp.MustCompile(`\bEws[A-Z]\w+`)
	findingFix = regexp.MustCompile(`^\[\[docs\]\]/findings/(\w+)\.md$`)
)

// alertPage is what docs/alerts.md says of each alert.
func alertPage(topics []*topic) string {
	known := map[string]bool{}
	for _, t := range topics {
		for _, a := range t.alerts {
			known[a.Alert] = true
		}
	}
	var b strings.Builder
	for _, t := range topics {
		title, about, _ := strings.Cut(t.comment, ": ")
		fmt.Fprintf(&b, "\n## %s\n\n%s", title, linked(strings.ToUpper(about[:1])+about[1:], "", known))
		for _, a := range t.alerts {
			fmt.Fprintf(&b, "\n### %s\n\n%s\n\n%s", a.Alert, a.times(), linked(a.comment, a.Alert, known))
			if m := findingFix.FindStringSubmatch(a.Annotations["runbook_url"]); m != nil {
				fmt.Fprintf(&b, "The fix: [%s](findings/%[1]s.md).\n", m[1])
			}
		}
	}
	return b.String()[1:]
}

// linked makes links of the names of other alerts.
func linked(text, self string, known map[string]bool) string {
	return alertName.ReplaceAllStringFunc(text, func(name string) string {
		if name == self || !known[name] {
			return name
		}
		return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	})
}

// times says when the alert fires, and how long it is kept.
func (r decodedRule) times() string {
	text := "**" + r.Labels["severity"] + "**"
	if by := advisedBy.FindString(r.Annotations["description"]); by != "" && r.Labels["severity"] == "critical" && !strings.Contains(by, "paced") {
		text += " or **warning**"
	}
	text += ", after " + cmp.Or(r.For, "no wait")
	if r.Keep != "" {
		text += "; kept for " + r.Keep
	}
	return text + "."
}
