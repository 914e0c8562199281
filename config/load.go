package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// maxConfig is the most bytes that one file may hold.
const maxConfig = 1 << 20

// loader gathers one configuration from its files.
type loader struct {
	config   *Config
	probers  []prober.Definition
	problems Problems
	places   map[string]place // of every field that a file sets
	broken   []string         // fields of which nothing could be read
	sums     sums             // of the files that were read

	documents []*decoder        // of the files, in their order
	template  *Module           // what modules have that do not say otherwise
	inherited map[string]place  // of the fields that defaults set, below them
	caFiles   map[string]caFile // of every ca_file, by path
	planning  bool              // files with secrets may be missing
	checking  bool              // so may those that systemd hands to a service when that starts
}

// place is where a field is.
type place struct {
	file string
	line int
}

// Load reads the files that paths name, which may be globs, into one configuration, and checks it. Without a path it is
// Default. The error is of type Problems and holds every mistake.
func Load(paths []string, probers []prober.Definition) (*Config, error) {
	if len(paths) == 0 {
		return Default(probers), nil
	}
	return newLoader(probers).load(paths)
}

// Plan is Load for a site that is still being made: the files with secrets need not be there yet, so nobody can log on by what it
// gives. Without a path it is Default.
func Plan(paths []string, probers []prober.Definition) (*Config, error) {
	if len(paths) == 0 {
		return Default(probers), nil
	}
	l := newLoader(probers)
	l.planning = true
	return l.load(paths)
}

// Check is Load by somebody other than the service, which may not have started yet: secrets that systemd will hand it then are
// only warned of.
func Check(paths []string, probers []prober.Definition) (*Config, error) {
	l := newLoader(probers)
	l.checking = true
	return l.load(paths)
}

func (l *loader) load(paths []string) (*Config, error) {
	l.config.Files = paths
	for _, file := range l.expand(paths) {
		data, err := l.read(file, maxConfig)
		if err != nil {
			l.fail(place{file: file}, "", fmt.Sprintf("the file cannot be read: %v", err))
			continue
		}
		l.add(file, data)
	}
	return l.finish()
}

func newLoader(probers []prober.Definition) *loader {
	return &loader{config: Default(nil), probers: probers, places: map[string]place{}, sums: sums{}, template: newModule(""), inherited: map[string]place{}, caFiles: map[string]caFile{}}
}

// finish checks what was gathered. Where no file defines a module, there are those that there are without a file.
func (l *loader) finish() (*Config, error) {
	l.decode()
	if len(l.config.Modules) == 0 {
		l.config.Implied = true
		implied(l.config, l.probers, l.module)
	}
	// What refers to a part that could not be read would only add mistakes that are none.
	if !slices.ContainsFunc(l.problems, func(p Problem) bool { return !strings.Contains(p.Field, ".") }) {
		l.check()
	}
	if len(l.problems) > 0 {
		return nil, l.problems.sorted()
	}
	for _, m := range l.config.Modules {
		m.headerSecrets = headerSecretsOf(m.Settings)
	}
	l.config.Warnings = l.config.Warnings.sorted()
	l.config.sums = l.sums
	return l.config, nil
}

// expand turns paths and globs into files, each once.
func (l *loader) expand(paths []string) []string {
	return expand(paths, func(path, problem string) { l.fail(place{file: path}, "", problem) })
}

func expand(paths []string, fail func(path, problem string)) []string {
	var files []string
	for _, path := range paths {
		matches := []string{path}
		// A file may have a glob's characters in its name.
		if _, err := os.Stat(path); err != nil && strings.ContainsAny(path, "*?[") {
			matches, err = filepath.Glob(path)
			switch {
			case err != nil:
				fail(path, "this is not a pattern that can be matched")
			case len(matches) == 0:
				fail(path, "no file matches")
			}
		}
		for _, file := range matches {
			if file = filepath.Clean(file); !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files
}

// add puts what one file holds into the configuration.
func (l *loader) add(file string, data []byte) {
	root, problem := parse(data)
	if problem != nil {
		l.fail(place{file, problem.Line}, "", problem.Text)
		return
	}
	if root != nil {
		l.documents = append(l.documents, &decoder{loader: l, file: file, budget: maxValues, root: root})
	}
}

// decode reads what the files hold: what modules have by default first, whichever file says it.
func (l *loader) decode() {
	for _, d := range l.documents {
		d.open()
	}
	for field, at := range l.places {
		if rest, ok := strings.CutPrefix(field, "defaults."); ok {
			l.inherited[rest] = at
		}
	}
	for _, d := range l.documents {
		d.document()
	}
}

func (l *loader) fail(at place, field, text string) {
	l.problems = append(l.problems, Problem{at.file, at.line, field, text})
}

// report records what is wrong with a field that was decoded, unless it only follows from a problem that is known.
func (l *loader) report(field, text string) {
	if l.sound(field) && !l.told(field) && !slices.ContainsFunc(l.broken, func(b string) bool { return within(field, b) }) {
		l.fail(l.place(field), field, text)
	}
}

// unusable reports a file that an auth names and that cannot be used.
func (l *loader) unusable(field, file string, err error) {
	unit := awaits(credentials, file)
	switch {
	case l.planning:
	case l.checking && unit != "":
		l.warn(field, fmt.Sprintf("not looked at: the file is there once %s has started with a line LoadCredential= for it", unit))
	default:
		l.report(field, fmt.Sprintf("the file cannot be used: %v", err))
	}
}

// credentials is where systemd puts copies of secrets, in a folder for each service that runs and gets any.
const credentials = "/run/credentials"

// awaits is the service, yet to be started, that a file of that folder is for; "" where the folder of the service is there, or the
// file is for none.
func awaits(folder, file string) string {
	of := filepath.Dir(file)
	if _, err := os.Stat(of); filepath.Dir(of) != filepath.Clean(folder) || !errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return filepath.Base(of)
}

// sound tells whether there is no problem yet in the field or below it.
func (l *loader) sound(field string) bool {
	return !slices.ContainsFunc(l.problems, func(p Problem) bool { return within(p.Field, field) })
}

func (l *loader) warn(field, text string) {
	at := l.place(field)
	l.config.Warnings = append(l.config.Warnings, Problem{at.file, at.line, field, text})
}

// place is where the field is, or, when no file sets it, what it belongs to.
func (l *loader) place(field string) place {
	for field != "" {
		if at, ok := l.places[field]; ok {
			return at
		}
		field = parent(field)
	}
	return place{}
}

// beside resolves a path that a field holds: relative to the file that names it.
func (l *loader) beside(field, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(l.place(field).file), path)
}
