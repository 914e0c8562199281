package packaging

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestLintian: Debian's own checker finds neither an error nor a warning, but for what deploy/packages/lintian-overrides explains.
func TestLintian(t *testing.T) {
	t.Parallel()
	lintian := servers.Need(t, "lintian")
	must(t, lintian, "--allow-root", "--fail-on=error,warning", one(t, dist(t), "*_amd64.deb"))
}

// TestDebian: installing starts nothing, updating restarts what runs and keeps what an administrator wrote, removing stops it and
// leaves the configuration, and purging leaves the secrets alone.
func TestDebian(t *testing.T) {
	t.Parallel()
	servers.Need(t, "dpkg-deb")
	deb := one(t, dist(t, "dpkg"), "*_amd64.deb")
	s := newScratch(t, true)
	dpkg := func(args ...string) {
		t.Helper()
		must(t, "dpkg", append([]string{"--root=" + s.dir, "--log=/dev/null", "--force-depends", "--force-architecture", "--force-confold"}, args...)...)
	}
	dpkg("--install", before(t, deb))
	s.told("installed", "daemon-reload")
	s.has("the version before", "usr/share/doc/ews-exporter/before", "before")

	mine, secret, memory := "etc/ews_exporter/ews_exporter.yml", "etc/ews_exporter/monitor.password", "var/lib/private/ews_exporter"
	s.write(mine, "# mine\n", 0o644)
	s.write(secret, "secret", 0o400)
	s.must(os.MkdirAll(s.at(memory), 0o700))
	dpkg("--install", deb)
	s.told("updated", "daemon-reload, daemon-reload, try-restart ews_exporter.service") // the first by the version before, as it goes
	s.installed("/usr/share/doc/ews-exporter/copyright", "/usr/share/doc/ews-exporter/changelog.Debian.gz", "/usr/share/zsh/vendor-completions/_ews_exporter")
	s.has("updated", mine, "# mine")
	if exists(s.at("usr/share/doc/ews-exporter/before")) {
		t.Error("what only the version before had is still there")
	}

	dpkg("--remove", "ews-exporter")
	s.told("removed", "disable --now ews_exporter.service, daemon-reload")
	s.has("removed", mine, "# mine")
	if exists(s.at("usr/bin/ews_exporter")) || !exists(s.at(memory)) {
		t.Error("removing takes the program, and not what the service remembers")
	}
	dpkg("--purge", "ews-exporter")
	s.has("purged", secret, "secret")
	s.none("purged", "/"+secret)
}

// TestDebianWithoutSystemd: in a container nothing asks for systemctl.
func TestDebianWithoutSystemd(t *testing.T) {
	t.Parallel()
	deb := one(t, dist(t, "dpkg"), "*_amd64.deb")
	s := newScratch(t, false)
	options := []string{"--root=" + s.dir, "--log=/dev/null", "--force-depends", "--force-architecture"}
	must(t, "dpkg", append(options, "--install", deb)...)
	must(t, "dpkg", append(options, "--purge", "ews-exporter")...)
	s.told("installed and purged", "")
	s.none("purged")
}

// before is the package as if of an earlier version, with a file that later ones have not.
func before(t *testing.T, deb string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "before")
	must(t, "dpkg-deb", "--raw-extract", deb, dir)
	control := filepath.Join(dir, "DEBIAN", "control")
	earlier := strings.Replace(text(t, control), "Version: "+version(), "Version: 0.0.1", 1)
	for name, content := range map[string]string{control: earlier, filepath.Join(dir, "usr/share/doc/ews-exporter/before"): "before"} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	made := filepath.Join(t.TempDir(), "before.deb")
	must(t, "dpkg-deb", "-Zgzip", "--build", dir, made)
	return made
}
