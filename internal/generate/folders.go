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
