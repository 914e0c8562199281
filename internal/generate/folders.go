package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// folder is where a prober lives: its name without underscores, as Go names packages.
func folder(d prober.Definition) string {
	return path.Join("probes", strings.ReplaceAll(d.Name, "_", ""))
}

// common is where what several probers share stands beside the code.
const common = "internal/prober"

// copies gives every file of folders that matches pattern, to stand in the folder to; files there that match it and have no
// source any more are to go.
func copies(root, pattern, to string, folders ...string) ([]file, error) {
	var files []file
	known := map[string]bool{}
	for _, from := range folders {
		sources, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(from), filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		for _, source := range sources {
			content, err := os.ReadFile(source)
			if err != nil {
				return nil, err
			}
			name := filepath.Base(source)
			if known[name] {
				return nil, fmt.Errorf("%s has a second source: %s", path.Join(to, name), source)
			}
			known[name] = true
			files = append(files, file{path.Join(to, name), content})
		}
	}
	present, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(to), path.Base(pattern)))
	if err != nil {
		return nil, err
	}
	for _, p := range present {
		if !known[filepath.Base(p)] {
			files = append(files, file{path: path.Join(to, filepath.Base(p))})
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
