package delivery

import (
	"fmt"
	"strings"
)

// width is how many columns a terminal is taken to have.
const width = 100

// Text is the alert for a person: which service, what happened, and what to do first, each in a paragraph.
func (a Alert) Text() string {
	head := fmt.Sprintf("%s  %s  %s", strings.ToUpper(a.Status), a.Labels["severity"], a.Labels["alertname"])
	if a.Status != "firing" {
		return head + "\n\n" + wrap(a.Annotations["summary"])
	}
	what, todo, found := strings.Cut(a.Annotations["description"], "First: ")
	paragraphs := []string{head, wrap(a.Annotations["summary"]), lines(what)}
	if found {
		paragraphs = append(paragraphs, lines("What to do first: "+todo))
	}
	return strings.Join(append(paragraphs, wrap("More: "+a.Annotations["runbook_url"])), "\n\n")
}

// lines wraps each line of text, but for those that are there to be pasted.
func lines(text string) string {
	var all []string
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if strings.HasPrefix(line, "    ") {
			all = append(all, "  "+line)
			continue
		}
		all = append(all, wrap(line))
	}
	return strings.Join(all, "\n")
}

// wrap breaks text between words, into lines that are indented.
func wrap(text string) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			b.WriteString("  ")
			column = 2
		case column+1+len(word) > width:
			b.WriteString("\n  ")
			column = 2
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
