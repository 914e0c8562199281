package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// document is what a page leads to, and what of it can be led to.
type document struct {
	links   []string
	anchors map[string]bool
}

// TestLinksLeadSomewhere: every relative link of every page of the project, sources and copies, leads to a file or folder, and
// to a heading where it names one.
func TestLinksLeadSomewhere(t *testing.T) {
	root := os.DirFS("..")
	pages := pagesOf(t, root)
	count := 0
	for name, page := range pages {
		for _, link := range page.links {
			if strings.Contains(link, ":") {
				continue // elsewhere
			}
			count++
			if problem := follow(root, pages, name, link); problem != "" {
				t.Errorf("%s: the link %s %s", name, link, problem)
			}
		}
	}
	if count < 300 {
		t.Errorf("only %d links were found in %d pages", count, len(pages))
	}
}

// pagesOf are all pages of the project.
func pagesOf(t *testing.T, root fs.FS) map[string]document {
	t.Helper()
	pages := map[string]document{}
	eachFile(t, root, []string{".md"}, func(name string, source []byte) { pages[name] = parse(source) })
	return pages
}

// eachFile visits the project's files with one of these extensions.
func eachFile(t *testing.T, root fs.FS, extensions []string, visit func(name string, source []byte)) {
	t.Helper()
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(path.Base(name), ".") || name == "build"):
			return fs.SkipDir
		case !entry.IsDir() && slices.Contains(extensions, path.Ext(name)):
			source, err := fs.ReadFile(root, name)
			visit(name, source)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// named is a page of the project as texts name it that are no pages: the help of metrics and commands, messages, comments.
var named = regexp.MustCompile(`\b(?:docs|examples)/[A-Za-z0-9_/.-]+\.md(?:#[a-z0-9_-]+)?`)

// TestNamedPagesAreThere: what the program says to read, in whatever text, is there; so is what rules, examples and scripts name. Tests may name what is not, and CODE stands for any.
func TestNamedPagesAreThere(t *testing.T) {
	root := os.DirFS("..")
	pages := pagesOf(t, root)
	count := 0
	eachFile(t, root, []string{".go", ".tmpl", ".yml", ".yaml", ".json", ".sh", ".service", ".prom", ".txt"}, func(name string, source []byte) {
		for _, page := range named.FindAllString(string(source), -1) {
			count++
			if problem := follow(root, pages, "README.md", page); problem != "" && !strings.HasSuffix(name, "_test.go") && !strings.Contains(name, "/testdata/") && !strings.HasSuffix(page, "/CODE.md") {
				t.Errorf("%s names %s: it %s", name, page, problem)
			}
		}
	})
	if count < 100 {
		t.Errorf("only %d pages are named", count)
	}
}

// follow says what is wrong with a link.
func follow(root fs.FS, pages map[string]document, from, link string) string {
	aim, anchor, _ := strings.Cut(link, "#")
	place := from
	if aim != "" {
		place = path.Join(path.Dir(from), aim)
	}
	if _, err := fs.Stat(root, place); err != nil {
		return fmt.Sprintf("leads to %s, which is not there", place)
	}
	if anchor != "" && !pages[place].anchors[anchor] {
		return fmt.Sprintf("leads to a heading that %s does not have", place)
	}
	return ""
}

var attribute = regexp.MustCompile(`\b(?:src|srcset|href)="([^"]*)"`)

// parse reads a page as code hosts do.
func parse(source []byte) document {
	d := document{anchors: map[string]bool{}}
	raw := func(lines *text.Segments) {
		for _, m := range attribute.FindAllStringSubmatch(string(lines.Value(source)), -1) {
			d.links = append(d.links, m[1])
		}
	}
	doc := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(source))
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			d.links = append(d.links, string(n.Destination))
		case *ast.Image:
			d.links = append(d.links, string(n.Destination))
		case *ast.HTMLBlock:
			raw(n.Lines())
		case *ast.RawHTML:
			raw(n.Segments)
		case *ast.Heading:
			d.name(string(n.Lines().Value(source)))
		}
		return ast.WalkContinue, nil
	})
	return d
}

// name adds the anchor of a heading: its letters and digits in lower case, with hyphens for blanks, and a number where there
// is one already.
func (d document) name(heading string) {
	base := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	anchor := base
	for i := 1; d.anchors[anchor]; i++ {
		anchor = fmt.Sprintf("%s-%d", base, i)
	}
	d.anchors[anchor] = true
}
