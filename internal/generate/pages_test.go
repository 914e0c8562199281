package main

import "testing"

// TestLinksMoveWithAPage: the copy of a page leads where its source does.
func TestLinksMoveWithAPage(t *testing.T) {
	t.Parallel()
	published := map[string]string{
		"probes/toy/README.md": "docs/toy.md", "probes/other/README.md": "docs/other.md",
		"probes/toy/findings/a.md": "docs/findings/a.md", "probes/other/findings/b.md": "docs/findings/b.md",
		"internal/prober/findings/c.md": "docs/findings/c.md",
	}
	const page, finding = "probes/toy/README.md", "probes/toy/findings/a.md"
	for name, test := range map[string]struct{ from, to, link, want string }{
		"a page of docs":          {page, "docs/toy.md", "../../docs/metrics.md#toy", "metrics.md#toy"},
		"a finding":               {page, "docs/toy.md", "findings/a.md", "findings/a.md"},
		"another's finding":       {page, "docs/toy.md", "../other/findings/b.md", "findings/b.md"},
		"a finding of several":    {page, "docs/toy.md", "../../internal/prober/findings/c.md", "findings/c.md"},
		"another's page":          {page, "docs/toy.md", "../other/README.md#how", "other.md#how"},
		"its own heading":         {page, "docs/toy.md", "#how", "#how"},
		"the heading elsewhere":   {page, "docs/configuration.md", "#how", "toy.md#how"},
		"a heading where it goes": {page, "docs/configuration.md", "../../docs/configuration.md#modules", "#modules"},
		"a folder":                {page, "docs/toy.md", "../../dashboards/", "../dashboards/"},
		"a file beside it":        {page, "docs/toy.md", "rules.yml", "../probes/toy/rules.yml"},
		"elsewhere":               {page, "docs/toy.md", "https://example.invalid/a#b", "https://example.invalid/a#b"},
		"from a finding":          {finding, "docs/findings/a.md", "../README.md", "../toy.md"},
		"between findings":        {finding, "docs/findings/a.md", "../../other/findings/b.md", "b.md"},
		"from a finding to docs":  {finding, "docs/findings/a.md", "../../../docs/boxes.md", "../boxes.md"},
	} {
		if got := moved("see [it]("+test.link+"), or\n[not](https://x.test)", test.from, test.to, published); got != "see [it]("+test.want+"), or\n[not](https://x.test)" {
			t.Errorf("%s: %q, want a link to %s", name, got, test.want)
		}
	}
}
