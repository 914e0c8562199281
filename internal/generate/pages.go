package main

import (
	"fmt"
	"maps"
	"os"
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
	published, err := copies(root)
	if err != nil {
		return nil, err
	}
	var files []file
	known := map[string]bool{}
	for _, source := range slices.Sorted(maps.Keys(published)) {
		at := published[source]
		text, err := read(root, source)
		if err != nil {
			return nil, err
		}
		comment := fmt.Sprintf("<!-- Written by `make generate` from %s: change that. -->\n\n", source)
		files = append(files, file{at, []byte(comment + moved(text, source, at, published))})
		known[at] = true
	}
	present, err := glob(root, "docs/findings/*.md")
	if err != nil {
		return nil, err
	}
	for _, p := range present {
		if !known[p] {
			files = append(files, file{path: p})
		}
	}
	return files, nil
}

// copies tells where each page of a folder is copied to.
func copies(root string) (map[string]string, error) {
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

// read gives a file of the project as text.
func read(root, name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	return string(content), err
}

// glob is filepath.Glob over the project's paths.
func glob(root, pattern string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
	for i, f := range found {
		if found[i], err = filepath.Rel(root, f); err != nil {
			return nil, err
		}
		found[i] = filepath.ToSlash(found[i])
	}
	return found, err
}
