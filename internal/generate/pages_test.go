package main

import (
	"path"
	"slices"
	"testing"

	"github.com/ews-exporter/ews_exporter/probes"
)

// TestCopiesGoWithTheirSources: the page of a prober or a finding that is not there any more goes; what is no copy stays.
func TestCopiesGoWithTheirSources(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	there := []file{
		{"docs/gone.md", []byte(comment("probes/gone/README.md") + "\n\n# gone\n")}, {"docs/kept.md", []byte("# kept\n")},
		{"docs/findings/gone.md", []byte("# gone\n")}, {common + "/findings/shared.md", []byte("# shared\n")},
	}
	for _, d := range probes.All() {
		there = append(there, file{readme(d), []byte("# " + d.Name + "\n")}, file{path.Join(folder(d), "findings", d.Name+".md"), nil})
	}
	for _, f := range there {
		if err := write(root, file{f.path, append(f.content, '\n')}); err != nil {
			t.Fatal(err)
		}
	}
	files, err := pages(root)
	if err != nil {
		t.Fatal(err)
	}
	var written, gone []string
	for _, f := range files {
		if f.content == nil {
			gone = append(gone, f.path)
		} else {
			written = append(written, f.path)
		}
	}
	if want := []string{"docs/gone.md", "docs/findings/gone.md"}; !slices.Equal(gone, want) {
		t.Errorf("%q go, want %q", gone, want)
	}
	if want := 2*len(probes.All()) + 1; len(written) != want || !slices.Contains(written, "docs/findings/shared.md") {
		t.Errorf("%q are written, want %d", written, want)
	}
}

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
