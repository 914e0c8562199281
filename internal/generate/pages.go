package main

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes"
)

// pages copies what stands in probers' folders to where readers have always found it: the page of each prober, and those of
// findings, to which runbook links lead and which the exporter serves itself.
func pages(root string) ([]file, error) {
	published, err := places(root)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, source := range slices.Sorted(maps.Keys(published)) {
		at := published[source]
		text, err := read(root, source)
		if err != nil {
			return nil, err
		}
		files = append(files, file{at, []byte(comment(source) + "\n\n" + moved(text, source, at, published))})
	}
	gone, err := orphans(root, published)
	if err != nil {
		return nil, err
	}
	return withoutStale(root, files, append(gone, "docs/findings/*.md")...)
}

// comment is how the copy of a page begins, and copied finds the prober's page that it is one of.
func comment(source string) string {
	return "<!-- Written by `make generate` from " + source + ": change that. -->"
}

var copied = regexp.MustCompile("^" + comment(`(probes/\w+/README\.md)`) + "\n")

// orphans are the pages of docs that are copies of what is not there any more.
func orphans(root string, published map[string]string) ([]string, error) {
	present, err := glob(root, "docs/*.md")
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, p := range present {
		text, err := read(root, p)
		if err != nil {
			return nil, err
		}
		if from := copied.FindStringSubmatch(text); from != nil && published[from[1]] != p {
			gone = append(gone, p)
		}
	}
	return gone, nil
}

// places tells where each page of a folder is copied to.
func places(root string) (map[string]string, error) {
	published := map[string]string{}
	folders := []string{common}
	for _, d := range probes.All() {
		folders = append(folders, folder(d))
		published[readme(d)] = page(d)
	}
	taken := map[string]string{}
	for _, f := range folders {
		sources, err := glob(root, path.Join(f, "findings/*.md"))
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			at := path.Join("docs/findings", path.Base(source))
			if taken[at] != "" {
				return nil, fmt.Errorf("%s has two sources: %s and %s", at, taken[at], source)
			}
			published[source], taken[at] = at, source
		}
	}
	return published, nil
}

// readme is the page of a prober, and page the place of its copy.
func readme(d prober.Definition) string { return path.Join(folder(d), "README.md") }

func page(d prober.Definition) string { return "docs/" + strings.ReplaceAll(d.Name, "_", "-") + ".md" }

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// moved rewrites the relative links of a text out of the page from, so that they lead to the same places from the page to.
// What has a copy is meant where its copy is, since that is what the pages of docs are read beside.
func moved(text, from, to string, published map[string]string) string {
	return link.ReplaceAllStringFunc(text, func(found string) string {
		target := link.FindStringSubmatch(found)[1]
		if strings.Contains(target, ":") { // elsewhere
			return found
		}
		aim, fragment, anchored := strings.Cut(target, "#")
		if anchored {
			fragment = "#" + fragment
		}
		place := from
		if aim != "" {
			place = path.Join(path.Dir(from), aim)
		}
		if at := published[place]; at != "" {
			place = at
		}
		if place == to {
			return "](" + fragment + ")"
		}
		relative, _ := filepath.Rel(path.Dir(to), place) // there is one between two paths of the project
		relative = filepath.ToSlash(relative)
		if strings.HasSuffix(aim, "/") {
			relative += "/"
		}
		return "](" + relative + fragment + ")"
	})
}
