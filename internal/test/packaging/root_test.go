package packaging

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// scratch is the root of another machine, with as much as scripts of packages need: a shell, and a systemctl that notes what it is
// told. A machine without systemd has no /run/systemd/system.
type scratch struct {
	t   *testing.T
	dir string
}

func newScratch(t *testing.T, systemd bool) scratch {
	t.Helper()
	servers.NeedRoot(t, "installing a package")
	s := scratch{t, t.TempDir()}
	busybox := servers.Need(t, "busybox")
	for _, dir := range []string{"bin", "usr/bin", "var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "tmp"} {
		s.must(os.MkdirAll(s.at(dir), 0o755))
	}
	if systemd {
		s.must(os.MkdirAll(s.at("run/systemd/system"), 0o755))
	}
	for _, name := range []string{"bin/sh", "bin/rm", "bin/echo"} {
		s.must(copied(busybox, s.at(name)))
	}
	s.write("bin/systemctl", "#!/bin/sh\necho \"$@\" >>/said\n", 0o755)
	s.write("var/lib/dpkg/status", "", 0o644)
	return s
}

func (s scratch) at(name string) string { return filepath.Join(s.dir, name) }

func (s scratch) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s scratch) write(name, text string, mode os.FileMode) {
	s.t.Helper()
	s.must(os.WriteFile(s.at(name), []byte(text), mode))
}

// said is what systemctl was told since the last call.
func (s scratch) said() string {
	s.t.Helper()
	text, err := os.ReadFile(s.at("said"))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	_ = os.Remove(s.at("said"))
	return strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", ", ")
}

// told holds what systemctl was told.
func (s scratch) told(when, want string) {
	s.t.Helper()
	if got := s.said(); got != want {
		s.t.Errorf("%s: systemctl was told %q, want %q", when, got, want)
	}
}

// has holds that a file contains a text.
func (s scratch) has(when, name, want string) {
	s.t.Helper()
	if got, err := os.ReadFile(s.at(name)); err != nil || !strings.Contains(string(got), want) {
		s.t.Errorf("%s: %s has no %q: %v", when, name, want, err)
	}
}

// none holds that nothing of the package is left.
func (s scratch) none(when string, except ...string) {
	s.t.Helper()
	for name := range modes(s.t, s.dir) {
		if !strings.Contains(name, "ews") || strings.HasPrefix(name, "/var/lib/dpkg") || strings.HasPrefix(name, "/var/lib/rpm") {
			continue
		}
		keep := false
		for _, e := range except {
			keep = keep || strings.HasPrefix(e, name)
		}
		if !keep {
			s.t.Errorf("%s: %s is left", when, name)
		}
	}
}

// installed holds the files that both kinds of package bring, with their modes: everybody may read them and root alone write.
func (s scratch) installed(documents ...string) {
	s.t.Helper()
	have := modes(s.t, s.dir)
	for name, mode := range map[string]os.FileMode{
		"/usr/bin/ews_exporter": 0o755, "/etc/ews_exporter": 0o755 | os.ModeDir, "/etc/ews_exporter/ews_exporter.yml": 0o644,
		"/etc/default/ews_exporter": 0o644, "/usr/lib/systemd/system/ews_exporter.service": 0o644, "/usr/share/man/man1/ews_exporter.1.gz": 0o644,
		"/usr/share/bash-completion/completions/ews_exporter": 0o644, "/usr/share/fish/vendor_completions.d/ews_exporter.fish": 0o644,
		"/usr/share/doc/ews-exporter/THIRD_PARTY_NOTICES.txt.gz": 0o644, "/usr/share/doc/ews-exporter/examples/credentials.conf": 0o644,
		"/usr/share/ews-exporter/alerts/probes.rules.yml": 0o644, "/usr/share/ews-exporter/dashboards/overview.json": 0o644,
	} {
		if got, ok := have[name]; !ok || got != mode {
			s.t.Errorf("%s: %v (there: %v), want %v", name, got, ok, mode)
		}
	}
	for _, name := range documents {
		if _, ok := have[name]; !ok {
			s.t.Errorf("%s is missing", name)
		}
	}
}
