package config

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// sums are the SHA-256 of the files that make a configuration, by path: its own, and those that it names and that are read
// together with it, such as a ca_file. Secrets in files of their own are read for each probe, and are none of them.
type sums map[string]State

// State is what files hold, in a form to be compared. It is never written anywhere: a file may hold a password.
type State [sha256.Size]byte

// read reads a file that is part of the configuration.
func (l *loader) read(path string, limit int64) ([]byte, error) {
	data, err := secret.ReadFile(path, limit)
	if err == nil {
		l.sums[path] = sha256.Sum256(data)
	}
	return data, err
}

// State is what the files held when the configuration was read from them.
func (c *Config) State() State { return c.sums.state() }

// StateNow is what they hold now: those that paths name, which may be others by now, and those beside them. A file that cannot
// be read counts as one that holds nothing else does.
func (c *Config) StateNow(paths []string) State {
	now := sums{}
	for _, path := range slices.Concat(expand(paths, func(string, string) {}), slices.Collect(maps.Keys(c.sums))) {
		data, err := secret.ReadFile(path, maxCA)
		if err != nil {
			now[path] = State{}
			continue
		}
		now[path] = sha256.Sum256(data)
	}
	return now.state()
}

// state is one for all of them.
func (s sums) state() State {
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(s)) {
		sum, name := s[path], sha256.Sum256([]byte(path))
		h.Write(name[:])
		h.Write(sum[:])
	}
	return State(h.Sum(nil))
}
