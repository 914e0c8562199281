package markdown_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/docs"
	"github.com/ews-exporter/ews_exporter/internal/markdown"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"heading":                     {"## The fix", "<h3>The fix</h3>\n"},
		"no heading":                  {"#hash", "<p>#hash</p>\n"},
		"paragraphs":                  {"one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>\n"},
		"code within":                 {"set `a<b` now", "<p>set <code>a&lt;b</code> now</p>\n"},
		"strong and em":               {"**Scope:** *all* of it", "<p><strong>Scope:</strong> <em>all</em> of it</p>\n"},
		"em around code":              {"**Prober: `x`.**", "<p><strong>Prober: <code>x</code>.</strong></p>\n"},
		"a lone star":                 {"2 * 3 * 4", "<p>2 * 3 * 4</p>\n"},
		"sibling":                     {"[late](late_body_rejected.md)", `<p><a href="up/late_body_rejected">late</a></p>` + "\n"},
		"a page not served":           {"[who](../who-answered.md)", "<p>who</p>\n"},
		"a script for a URL":          {"[x](javascript:alert)", "<p>x</p>\n"},
		"elsewhere":                   {"[x](https://x.test/?a&b)", `<p><a href="https://x.test/?a&amp;b" rel="noreferrer">x</a></p>` + "\n"},
		"HTML":                        {"<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"},
		"a number that begins a line": {"a status other than\n200. Clients", "<p>a status other than\n200. Clients</p>\n"},
		"an image":                    {"![x](https://x.test/p)", "<p>x</p>\n"},
		"a block of HTML":             {"<div>\na", "<p>&lt;div&gt;\na</p>\n"},
		"list":                        {"- one\n  goes on\n- two\n\nend", "<ul>\n<li>one\ngoes on</li>\n<li>two</li>\n</ul>\n<p>end</p>\n"},
		"numbers":                     {"1. one\n2. two", "<ol>\n<li>one</li>\n<li>two</li>\n</ol>\n"},
		"indented code":               {"text\n\n    curl 'a&b'\n\nmore", "<p>text</p>\n<pre><code>curl 'a&amp;b'\n</code></pre>\n<p>more</p>\n"},
		"fenced code":                 {"```\n# a\n```\nend", "<pre><code># a\n</code></pre>\n<p>end</p>\n"},
		"a fence left open":           {"```\na", "<pre><code>a\n</code></pre>\n"},
		"an empty fence":              {"```\n```\nend", "<pre><code></code></pre>\n<p>end</p>\n"},
		"table": {
			"| a | b |\n|---|---|\n| `1` | 2 |",
			"<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td><code>1</code></td>\n<td>2</td>\n</tr>\n</tbody>\n</table>\n",
		},
	} {
		if got := string(markdown.HTML(test.text, "up/", 1)); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestUncommented(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"<!-- from there -->\n\n# a\n": "# a\n", "# a\n<!-- b -->\n": "# a\n<!-- b -->\n", "<!-- open": "<!-- open", "": "",
	} {
		if got := markdown.Uncommented(page); got != want {
			t.Errorf("%q: got %q, want %q", page, got, want)
		}
	}
}

func TestSection(t *testing.T) {
	t.Parallel()
	const page = "# a\n\n## The fix\n\n### Kemp LoadMaster\n\nset it\n\n### Any other box\n\nlook\n\n## Verify\n\ndone\n" +
		"## Settings\n```yaml\n# a comment\nkey: 1\n```\nend\n"
	for title, want := range map[string]string{
		"the fix": "### Kemp LoadMaster\n\nset it\n\n### Any other box\n\nlook", "kemp": "set it", "verify": "done", "nothing": "",
		"settings": "```yaml\n# a comment\nkey: 1\n```\nend", "comment": "",
	} {
		if got := markdown.Section(page, title); got != want {
			t.Errorf("%s: got %q, want %q", title, got, want)
		}
	}
}

// TestPagesUseWhatIsKnown: nothing in the findings' pages is left as raw Markdown, and all of their text is shown.
func TestPagesUseWhatIsKnown(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(docs.Findings, "findings/*.md")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	tags := regexp.MustCompile(`(?s)<pre>.*?</pre>|<code>.*?</code>|<[^>]+>`)
	for _, file := range files {
		text, err := fs.ReadFile(docs.Findings, file)
		if err != nil {
			t.Fatal(err)
		}
		rendered := tags.ReplaceAllString(string(markdown.HTML(markdown.Uncommented(string(text)), "", 0)), "")
		if left := regexp.MustCompile("\\*\\*|`|^#|\\]\\(|\\|").FindString(rendered); left != "" {
			t.Errorf("%s: %q is left in\n%s", file, left, rendered)
		}
		if markdown.Section(string(text), "The fix") == "" {
			t.Errorf("%s: no fix is found", file)
		}
	}
}

func FuzzHTML(f *testing.F) {
	for _, seed := range []string{"# a\n- b\n  c\n| d |\n|---|\n```\ne", "`a` [b](c.md) **d** *e*", "1. a\n    b", "```", "|"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := string(markdown.HTML(text, "", 0)); strings.Contains(got, "<script") {
			t.Errorf("HTML gets through: %q", got)
		}
		markdown.Section(text, "fix")
	})
}
