// Command generate writes every file that repeats what stands elsewhere: tables of what probers declare, copies of what
// stands in their folders, rules, dashboards, examples. `make generate` runs it; a test holds that nothing is out of date.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// file is one that is generated, whole or in part. Path is slash-separated, from the project's folder.
type file struct {
	path    string
	content []byte
}

// writer makes some of the files from what is below root, the project's folder.
type writer func(root string) ([]file, error)

// writers are all of them. Adding a kind of generated file is adding one here.
var writers = []writer{
	metricsPage, configurationPage, frontPage, pages, packages, alertFiles, grafana, scrapes, securityPage, accountsPage, diagnosisPage, reliabilityPage,
	notices, packageUnit, chart,
}

func main() {
	stale, err := outdated(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
	for _, f := range stale {
		if err := write(".", f); err != nil {
			fmt.Fprintln(os.Stderr, "generate:", err)
			os.Exit(1)
		}
		fmt.Println("wrote", f.path)
	}
}

// outdated gives the files below root that are not what they should be; those that should not be there have no content.
func outdated(root string) ([]file, error) {
	var stale []file
	for _, w := range writers {
		files, err := w(root)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.path)))
			if err != nil && !os.IsNotExist(err) {
				return nil, err
			}
			if missing := err != nil; missing != (f.content == nil) || !bytes.Equal(content, f.content) {
				stale = append(stale, f)
			}
		}
	}
	return stale, nil
}

func write(root string, f file) error {
	path := filepath.Join(root, filepath.FromSlash(f.path))
	if f.content == nil {
		return os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, f.content, 0o600)
}
