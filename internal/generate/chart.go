package main

import (
	"bytes"
	"path"
	"strings"
)

// chartFolder is Helm's chart, which can read nothing outside of it.
const chartFolder = "deploy/kubernetes/ews-exporter"

// chart writes what the chart repeats: the version, the rules, and the dashboards; and the mixin, which names them.
func chart(root string) ([]file, error) {
	version, err := read(root, "VERSION")
	if err != nil {
		return nil, err
	}
	rules, err := alertFiles(root)
	if err != nil {
		return nil, err
	}
	shown, err := grafana(root)
	if err != nil {
		return nil, err
	}
	rules, shown = matching(rules, "alerts/*.rules.yml"), matching(shown, "dashboards/*.json")
	about, err := filled("Chart.yaml", strings.TrimSpace(version))
	if err != nil {
		return nil, err
	}
	mixin, err := filled("mixin.libsonnet", map[string][]string{"Rules": paths(rules), "Dashboards": paths(shown)})
	if err != nil {
		return nil, err
	}
	files := []file{{path.Join(chartFolder, "Chart.yaml"), about}, {"mixin/mixin.libsonnet", mixin}}
	for _, f := range rules {
		files = append(files, file{path.Join(chartFolder, "files/rules", path.Base(f.path)), f.content})
	}
	for _, f := range shown {
		files = append(files, file{path.Join(chartFolder, "files/dashboards", path.Base(f.path)), f.content})
	}
	return withoutStale(root, files, chartFolder+"/files/*/*")
}

// matching are the files that are to be there, and whose paths match.
func matching(files []file, pattern string) []file {
	var all []file
	for _, f := range files {
		if ok, _ := path.Match(pattern, f.path); ok && f.content != nil {
			all = append(all, f)
		}
	}
	return all
}

func paths(files []file) []string {
	all := make([]string, len(files))
	for i, f := range files {
		all[i] = f.path
	}
	return all
}

// filled is a frame with what stands in it.
func filled(frame string, data any) ([]byte, error) {
	var text bytes.Buffer
	err := templates.ExecuteTemplate(&text, frame, data)
	return text.Bytes(), err
}
