package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/logging"
)

// watching is an exporter over a file of which it looks for changes.
type watching struct {
	*exporter
	log  output
	file string
	told string
}

func newWatching(t *testing.T) *watching {
	t.Helper()
	w := &watching{file: write(t, "modules: {first: "+flow()+"}\n")}
	log := logging.New(&w.log, &logging.Flags{Level: "info", Format: "logfmt"})
	store, err := load([]string{w.file}, log)
	if err != nil {
		t.Fatal(err)
	}
	w.exporter = newExporter(store, &serveFlags{files: []string{w.file}}, nil, log)
	return w
}

// look writes text, looks for changes, and holds the module in force and what was logged since against what is wanted.
func (w *watching) look(t *testing.T, doing, text, module, says string) {
	t.Helper()
	if err := os.WriteFile(w.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	before := len(w.log.String())
	w.told = w.reloadChanged(t.Context(), w.told)
	said := w.log.String()[before:]
	if w.store.Current().Modules[module] == nil {
		t.Errorf("%s: the module %s is not in force", doing, module)
	}
	if says == "" && said != "" || says != "" && strings.Count(said, says) != 1 {
		t.Errorf("%s: it logs %q, want %q once", doing, said, says)
	}
}

// TestReloadOfWhatChanged: what changed comes in force; with a mistake the old one stays, and the log is told once.
func TestReloadOfWhatChanged(t *testing.T) {
	t.Parallel()
	w := newWatching(t)
	ca := filepath.Join(filepath.Dir(w.file), "ca.pem")
	one, two := "modules: {first: "+flow()+"}\n", "modules: {second: "+flow()+"}\n"
	later := "modules: {later: " + flow("tls_config: {ca_file: ca.pem}") + "}\n"
	w.look(t, "nothing", one, "first", "")
	w.look(t, "a change", two, "second", "was reloaded")
	w.look(t, "a mistake", two+"oops: 1\n", "second", "not reloaded")
	w.look(t, "the same mistake", two+"oops: 1\n", "second", "")
	w.look(t, "another mistake", two+"alas: 1\n", "second", "problem=")
	if got := lastReload(t, w); got != 0 {
		t.Errorf("with a mistake ews_exporter_config_last_reload_successful is %v", got)
	}
	w.look(t, "as it was", two, "second", "was reloaded")
	if got := lastReload(t, w); got != 1 {
		t.Errorf("without a mistake ews_exporter_config_last_reload_successful is %v", got)
	}
	w.look(t, "a file that is not there", later, "second", "ca.pem")
	site := startLab(t, "healthy")
	if err := os.WriteFile(ca, site.Authority().PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	w.look(t, "it is there now", later, "later", "was reloaded")
	if err := os.WriteFile(ca, append(site.Authority().PEM(), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	w.look(t, "it has changed", later, "later", "was reloaded")
}

// TestAutomaticReload: by its flag alone, without a signal or a request.
func TestAutomaticReload(t *testing.T) {
	t.Parallel()
	file := write(t, "modules: {before: "+flow()+"}\n")
	on := begin(t, "--web.listen-address=127.0.0.1:0", "--config.file="+file, "--config.auto-reload-interval=1s")
	off := begin(t, "--web.listen-address=127.0.0.1:0", "--config.file="+file)
	off.url(t)
	on.url(t)
	if err := os.WriteFile(file, []byte("modules: {after: "+flow()+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	on.errors.await(t, `(Configuration has changed, and was reloaded)`)
	if _, body := get(t, on.url(t)+"/config"); !strings.Contains(body, "after:") {
		t.Errorf("it has in force\n%s", body)
	}
	if _, body := get(t, off.url(t)+"/config"); !strings.Contains(body, "before:") {
		t.Errorf("without being told to, it has in force\n%s", body)
	}
}

// lastReload is ews_exporter_config_last_reload_successful.
func lastReload(t *testing.T, w *watching) float64 {
	t.Helper()
	families, err := w.self.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "ews_exporter_config_last_reload_successful" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("the metric is missing")
	return 0
}
