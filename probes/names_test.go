package probes_test

import (
	"bytes"
	"io/fs"
	"maps"
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
	eachWritten(t, func(path string, text []byte) {
		if strings.HasPrefix(path, "probes/") {
			return
		}
		for line := range bytes.Lines(text) {
			if !slices.ContainsFunc(hints, func(hint string) bool { return bytes.Contains(line, []byte(hint)) }) {
				continue
			}
			if found := names.Find(line); found != nil {
				t.Errorf("%s names %q: let it go by the list of probers, or by what they bring (internal/lab.Part); what is about one prober belongs into its folder", path, found)
			}
		}
	})
}

// TestNothingElseNamesAProbersMetric: nor does it name a metric that one prober alone declares, and neither does another prober.
func TestNothingElseNamesAProbersMetric(t *testing.T) {
	t.Parallel()
	owners := metricOwners()
	metric := regexp.MustCompile(`\bprobe_[a-z0-9_]+`)
	seen := false
	eachWritten(t, func(path string, text []byte) {
		if filepath.Ext(path) == ".json" { // dashboards, which are generated and have no place to say so
			return
		}
		for _, name := range metric.FindAll(text, -1) {
			owner := owners[string(name)]
			if owner == "" {
				continue
			}
			if strings.HasPrefix(path, "probes/"+owner+"/") {
				seen = true
				continue
			}
			t.Errorf("%s names %s, a metric of probes/%s alone: let that bring what is about it, as shows of rules.yml does, or a series that its rules record", path, name, owner)
		}
	})
	if !seen {
		t.Error("no metric was seen in its own folder")
	}
}

// metricOwners are the folders of metrics that one prober alone declares.
func metricOwners() map[string]string {
	owners, shared := map[string]string{}, map[string]bool{}
	for _, d := range probes.All() {
		folder := strings.ReplaceAll(d.Name, "_", "")
		for _, m := range d.Metrics {
			shared[m.Name] = owners[m.Name] != ""
			owners[m.Name] = folder
		}
	}
	maps.DeleteFunc(owners, func(name, _ string) bool { return shared[name] })
	return owners
}

// eachWritten visits the project's sources, rules, dashboards and examples that somebody wrote.
func eachWritten(t *testing.T, visit func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path = filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
		if entry.IsDir() {
			if path == "build" || strings.HasPrefix(entry.Name(), ".") && path != ".." {
				return fs.SkipDir
			}
			return nil
		}
		if !slices.Contains([]string{".go", ".yml", ".yaml", ".json"}, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(filepath.Join("..", path))
		if err == nil && !generated(text) {
			visit(path, text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// proberNames finds the name of a prober, or its folder. A name that is a common word, such as that of a protocol, counts
// where it stands for the prober alone. What it finds has one of the hints in it: most lines have none, and searching for
// these costs a hundredth of it.
func proberNames() (names *regexp.Regexp, hints []string) {
	hints = []string{"prober:", "/probes/", "probe", "Name:", "Prober:", "Module:"}
	var all []string
	for _, d := range probes.All() {
		folder := strings.ReplaceAll(d.Name, "_", "")
		all = append(all, `prober: *`+d.Name+`\b`, `/probes/`+folder+`\b`,
			`\bprobe(?: |", *")`+d.Name+`\b`, `\b(?:Name|Prober|Module): *"`+d.Name+`"`) // on a command line; of a result
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
