// Package markdown renders the exporter's own pages: the part of Markdown that docs/ uses, and no more. Whatever it does
// not know stays text. All text is escaped, HTML within Markdown included.
package markdown

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"
)

// HTML renders a page. Links to sibling pages (CODE.md) become base+CODE; links elsewhere than to these and to https
// stay text, because the exporter does not serve them. Headings are lower by so many levels than they are written.
func HTML(text, base string, lower int) template.HTML {
	p := &parser{lines: strings.Split(strings.TrimSpace(text), "\n"), base: base, lower: lower}
	for len(p.lines) > 0 {
		p.block()
	}
	return template.HTML(p.out.String()) // #nosec G203 -- made of constant tags and escaped text
}

// Section gives what stands below the first heading of this title, without the heading, up to the next heading of its
// level or a higher one; "" where there is none. A title matches when the heading contains it, in any case.
func Section(text, title string) string {
	level := 0
	var found []string
	for line := range strings.Lines(text) {
		depth, heading := headingOf(line)
		switch {
		case level == 0 && depth > 0 && strings.Contains(strings.ToLower(heading), strings.ToLower(title)):
			level = depth
		case level > 0 && depth > 0 && depth <= level:
			return strings.TrimSpace(strings.Join(found, ""))
		case level > 0:
			found = append(found, line)
		}
	}
	return strings.TrimSpace(strings.Join(found, ""))
}

func headingOf(line string) (depth int, text string) {
	text = strings.TrimLeft(line, "#")
	depth = len(line) - len(text)
	if depth == 0 || depth > 6 || !strings.HasPrefix(text, " ") {
		return 0, ""
	}
	return depth, strings.TrimSpace(text)
}

type parser struct {
	lines []string // those not yet rendered
	out   strings.Builder
	base  string
	lower int
}

var (
	bullet   = regexp.MustCompile(`^[-*] +`)
	numbered = regexp.MustCompile(`^[0-9]+\. +`)
)

const fence = "```"

// block renders the block that begins at the first line.
func (p *parser) block() {
	line := p.lines[0]
	depth, heading := headingOf(line)
	switch {
	case strings.TrimSpace(line) == "":
		p.lines = p.lines[1:]
	case depth > 0:
		p.lines = p.lines[1:]
		p.element(fmt.Sprintf("h%d", min(depth+p.lower, 6)), heading)
	case strings.HasPrefix(line, fence):
		p.lines = p.lines[1:]
		p.code(p.take(func(s string) bool { return !strings.HasPrefix(s, fence) }))
		p.lines = p.lines[min(1, len(p.lines)):]
	case strings.HasPrefix(line, "    "):
		p.code(p.take(func(s string) bool { return strings.HasPrefix(s, "    ") || strings.TrimSpace(s) == "" }))
	case strings.HasPrefix(line, "|"):
		p.table(p.take(func(s string) bool { return strings.HasPrefix(s, "|") }))
	case bullet.MatchString(line):
		p.list("ul", bullet)
	case numbered.MatchString(line):
		p.list("ol", numbered)
	default:
		p.element("p", strings.Join(p.take(paragraph), "\n"))
	}
}

// take removes the first line, and those after it that belong to it.
func (p *parser) take(belongs func(string) bool) []string {
	n := 0
	for n < len(p.lines) && (n == 0 || belongs(p.lines[n])) {
		n++
	}
	if n > 0 && !belongs(p.lines[0]) { // an empty fenced block begins with its end
		n = 0
	}
	taken := p.lines[:n]
	p.lines = p.lines[n:]
	return taken
}

// paragraph tells whether a line goes on with the paragraph before it.
func paragraph(line string) bool {
	depth, _ := headingOf(line)
	return strings.TrimSpace(line) != "" && depth == 0 && !strings.HasPrefix(line, fence) && !strings.HasPrefix(line, "|") &&
		!bullet.MatchString(line) && !numbered.MatchString(line)
}

func (p *parser) element(tag, text string) {
	fmt.Fprintf(&p.out, "<%s>%s</%s>\n", tag, p.inline(text), tag)
}

func (p *parser) code(lines []string) {
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "    ")
	}
	fmt.Fprintf(&p.out, "<pre><code>%s</code></pre>\n", template.HTMLEscapeString(strings.TrimRight(strings.Join(lines, "\n"), "\n")))
}

func (p *parser) list(tag string, mark *regexp.Regexp) {
	p.out.WriteString("<" + tag + ">\n")
	for len(p.lines) > 0 && mark.MatchString(p.lines[0]) {
		first := mark.ReplaceAllString(p.lines[0], "")
		p.lines = p.lines[1:]
		more := p.lines[:0]
		if len(p.lines) > 0 && strings.HasPrefix(p.lines[0], " ") {
			more = p.take(func(s string) bool { return strings.HasPrefix(s, " ") })
		}
		for _, line := range more {
			first += "\n" + strings.TrimSpace(line)
		}
		p.element("li", first)
	}
	p.out.WriteString("</" + tag + ">\n")
}

func (p *parser) table(lines []string) {
	p.out.WriteString("<table>\n")
	for i, line := range lines {
		if i == 1 { // the rule below the head
			continue
		}
		open, closing := "<td>", "</td>"
		if i == 0 {
			open, closing = `<th scope="col">`, "</th>"
		}
		p.out.WriteString("<tr>")
		for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			p.out.WriteString(open + p.inline(strings.TrimSpace(cell)) + closing)
		}
		p.out.WriteString("</tr>\n")
	}
	p.out.WriteString("</table>\n")
}

// span is what may stand within text: code, a link, strong and emphasised text.
var span = regexp.MustCompile("`([^`]+)`" + `|\[([^\]]+)\]\(([^)\s]+)\)|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*`)

// inline renders text within a block.
func (p *parser) inline(text string) string {
	var b strings.Builder
	for {
		at := span.FindStringSubmatchIndex(text)
		if at == nil {
			b.WriteString(template.HTMLEscapeString(text))
			return b.String()
		}
		group := func(n int) string {
			if at[2*n] < 0 {
				return ""
			}
			return text[at[2*n]:at[2*n+1]]
		}
		b.WriteString(template.HTMLEscapeString(text[:at[0]]))
		switch {
		case group(1) != "":
			b.WriteString("<code>" + template.HTMLEscapeString(group(1)) + "</code>")
		case group(2) != "":
			b.WriteString(p.link(group(2), group(3)))
		case group(4) != "":
			b.WriteString("<strong>" + p.inline(group(4)) + "</strong>")
		default:
			b.WriteString("<em>" + p.inline(group(5)) + "</em>")
		}
		text = text[at[1]:]
	}
}

var sibling = regexp.MustCompile(`^([a-z0-9_]+)\.md$`)

func (p *parser) link(text, to string) string {
	shown := p.inline(text)
	if page := sibling.FindStringSubmatch(to); page != nil {
		return fmt.Sprintf(`<a href="%s">%s</a>`, template.HTMLEscapeString(p.base+page[1]), shown)
	}
	if strings.HasPrefix(to, "https://") {
		return fmt.Sprintf(`<a href="%s" rel="noreferrer">%s</a>`, template.HTMLEscapeString(to), shown)
	}
	return shown
}
