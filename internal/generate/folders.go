package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// folder is where a prober lives: its name without underscores, as Go names packages.
func folder(d prober.Definition) string {
	return path.Join("probes", strings.ReplaceAll(d.Name, "_", ""))
}

// common is where what several probers share stands beside the code.
const common = "internal/prober"

// read gives a file of the project as text.
func read(root, name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	return string(content), err
}

// glob gives the files of the project that match a pattern.
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

// withoutStale adds to files those that are there, match one of patterns, and are none of them: they have no source any more.
func withoutStale(root string, files []file, patterns ...string) ([]file, error) {
	for _, pattern := range patterns {
		present, err := glob(root, pattern)
		if err != nil {
			return nil, err
		}
		for _, p := range present {
			if !slices.ContainsFunc(files, func(f file) bool { return f.path == p }) {
				files = append(files, file{path: p})
			}
		}
	}
	return files, nil
}

// sections puts each text between the markers of the page that bear its name: `<!-- begin NAME -->`, `<!-- end NAME -->`.
func sections(root, page string, texts map[string]string) ([]file, error) {
	content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(page)))
	if err != nil {
		return nil, err
	}
	for name, text := range texts {
		before, rest, ok := bytes.Cut(content, []byte("<!-- begin "+name+" -->\n"))
		_, after, ok2 := bytes.Cut(rest, []byte("<!-- end "+name+" -->"))
		if !ok || !ok2 {
			return nil, fmt.Errorf("%s has no section %q", page, name)
		}
		content = []byte(fmt.Sprintf("%s<!-- begin %s -->\n%s<!-- end %[2]s -->%[4]s", before, name, text, after))
	}
	return []file{{page, content}}, nil
}
