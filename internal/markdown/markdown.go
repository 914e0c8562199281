// Package markdown renders the exporter's own pages. HTML within them stays text.
package markdown

import (
	"bytes"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

var engine = newEngine()

func newEngine() goldmark.Markdown {
	m := goldmark.New(goldmark.WithExtensions(extension.Table))
	m.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(literal{}, 0)))
	return m
}

// HTML renders a page. Links to sibling pages (CODE.md) become base+CODE; links elsewhere than to these and to https
// stay text, because the exporter does not serve them. Headings are lower by so many levels than they are written.
func HTML(page, base string, lower int) template.HTML {
	source := []byte(page)
	doc := engine.Parser().Parse(text.NewReader(source))
	var links []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Heading:
			n.Level = min(n.Level+lower, 6)
		case *ast.Link, *ast.Image:
			links = append(links, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range links {
		aim(n, base)
	}
	var b bytes.Buffer
	if err := engine.Renderer().Render(&b, source, doc); err != nil {
		return template.HTML(template.HTMLEscapeString(page)) // #nosec G203 -- escaped
	}
	return template.HTML(b.String()) // #nosec G203 -- the library escapes all text, and literal the HTML in it
}

var sibling = regexp.MustCompile(`^([a-z0-9_]+)\.md$`)

// aim lets a link lead where it may, or leaves its text alone.
func aim(n ast.Node, base string) {
	if link, ok := n.(*ast.Link); ok {
		to := string(link.Destination)
		if page := sibling.FindStringSubmatch(to); page != nil {
			link.Destination = []byte(base + page[1])
			return
		}
		if strings.HasPrefix(to, "https://") {
			link.SetAttributeString("rel", []byte("noreferrer"))
			return
		}
	}
	parent := n.Parent()
	for child := n.FirstChild(); child != nil; child = n.FirstChild() {
		parent.InsertBefore(parent, n, child)
	}
	parent.RemoveChild(parent, n)
}

// literal shows HTML within Markdown as the text that it is.
type literal struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (literal) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindRawHTML, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			show(w, source, n.(*ast.RawHTML).Segments) //nolint:forcetypeassert // of this kind
		}
		return ast.WalkSkipChildren, nil
	})
	r.Register(ast.KindHTMLBlock, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		block := n.(*ast.HTMLBlock) //nolint:forcetypeassert // of this kind
		if entering {
			_, _ = w.WriteString("<p>")
			show(w, source, block.Lines())
			return ast.WalkContinue, nil
		}
		if block.HasClosure() {
			_, _ = w.Write(util.EscapeHTML(block.ClosureLine.Value(source)))
		}
		_, _ = w.WriteString("</p>\n")
		return ast.WalkContinue, nil
	})
}

func show(w util.BufWriter, source []byte, lines *text.Segments) {
	for i := range lines.Len() {
		at := lines.At(i)
		_, _ = w.Write(util.EscapeHTML(at.Value(source)))
	}
}

// Uncommented is a page without the comment at its beginning, which tells whoever opens the file what it was generated from.
func Uncommented(page string) string {
	if rest, ok := strings.CutPrefix(page, "<!--"); ok {
		if _, body, closed := strings.Cut(rest, "-->"); closed {
			return strings.TrimLeft(body, "\r\n")
		}
	}
	return page
}

// Section gives what stands below the first heading of this title, without the heading, up to the next heading of its
// level or a higher one; "" where there is none. A title matches when the heading contains it, in any case.
func Section(page, title string) string {
	level, fenced := 0, false
	var found []string
	for line := range strings.Lines(page) {
		depth, heading := headingOf(line)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if fenced {
			depth = 0 // a comment in code
		}
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

func headingOf(line string) (depth int, title string) {
	title = strings.TrimLeft(line, "#")
	depth = len(line) - len(title)
	if depth == 0 || depth > 6 || !strings.HasPrefix(title, " ") {
		return 0, ""
	}
	return depth, strings.TrimSpace(title)
}
