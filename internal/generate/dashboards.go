package main

import (
	"fmt"
	"path"

	"github.com/ews-exporter/ews_exporter/dashboards"
)

// grafana writes each dashboard as the file that Grafana imports.
func grafana(root string) ([]file, error) {
	var files []file
	for _, d := range dashboards.All() {
		text, err := d.JSON()
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", d.Name, err)
		}
		files = append(files, file{path.Join("dashboards", d.Name+".json"), text})
	}
	return withoutStale(root, files, "dashboards/*.json")
}
