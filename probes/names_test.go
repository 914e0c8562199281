package probes_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/probes"
)

// TestNothingElseNamesAProber: outside of this folder no source, rule, dashboard or example names a prober or its folder,
// but for what make generate writes. So a new prober is complete where it stands, and one that goes leaves nothing behind.
func TestNothingElseNamesAProber(t *testing.T) {
	t.Parallel()
	names, hints := proberNames()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path = filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		if entry.IsDir() {
			if path == "probes" || path == "build" || strings.HasPrefix(entry.Name(), ".") && path != ".." {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".go", ".yml", ".yaml", ".json"}, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(filepath.Join("..", path))
		if err != nil || generated(text) {
			return err
		}
		for line := range bytes.Lines(text) {
			if !slices.ContainsFunc(hints, func(hint string) bool { return bytes.Contains(line, []byte(hint)) }) {
				continue
			}
			if found := names.Find(line); found != nil {
				t.Errorf("%s names %q: let it go by the list of probers, or by what they bring (internal/lab.Part); what is about one prober belongs into its folder", path, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// proberNames finds the name of a prober, or its folder. A name that is a common word, such as that of a protocol, counts
// where it stands for the prober alone. What it finds has one of the hints in it: most lines have none, and searching for
// these costs a hundredth of it.
func proberNames() (names *regexp.Regexp, hints []string) {
	hints = []string{"prober:", "/probes/"}
	var all []string
	for _, d := range probes.All() {
		folder := strings.ReplaceAll(d.Name, "_", "")
		all = append(all, `prober: *`+d.Name+`\b`, `/probes/`+folder+`\b`)
		if folder == d.Name {
			continue
		}
		hints = append(hints, d.Name)
		all = append(all, `\b`+d.Name+`\b`)
		if !slices.Contains(protocolNames, folder) {
			hints = append(hints, folder)
			all = append(all, `\b`+folder+`\b`)
		}
	}
	return regexp.MustCompile(strings.Join(all, "|")), hints
}

// protocolNames are folders that are also what Exchange calls a protocol in its answers.
var protocolNames = []string{"mapihttp"}

// generated tells whether a file says in its first lines that it is.
func generated(text []byte) bool {
	head := text[:min(len(text), 600)]
	return bytes.Contains(head, []byte("make generate")) || bytes.Contains(head, []byte("DO NOT EDIT"))
}
