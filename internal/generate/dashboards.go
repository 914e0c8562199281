package main

import (
	"fmt"
	"path"
	"strings"

	"github.com/ews-exporter/ews_exporter/dashboards"
)

// grafana writes each dashboard as the file that Grafana imports, and the list of them.
func grafana(root string) ([]file, error) {
	var list strings.Builder
	list.WriteString("| dashboard | what it tells |\n|---|---|\n")
	var files []file
	for _, d := range dashboards.All() {
		text, err := d.JSON()
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.Name, err)
		}
		files = append(files, file{path.Join("dashboards", d.Name+".json"), text})
		fmt.Fprintf(&list, "| *%s* | %s |\n", d.Title, d.Description)
	}
	files, err := withoutStale(root, files, "dashboards/*.json")
	if err != nil {
		return nil, err
	}
	page, err := sections(root, "docs/deployment.md", map[string]string{"dashboards": list.String()})
	return append(files, page...), err
}
