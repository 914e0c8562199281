package packaging

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestRPM is TestDebian for rpm, which has no purging.
func TestRPM(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"rpm", "rpmbuild"} {
		servers.Need(t, program)
	}
	file := one(t, dist(t), "*.x86_64.rpm")
	s := newScratch(t, true)
	rpm := func(args ...string) string {
		t.Helper()
		return must(t, "rpm", append([]string{"--root", s.dir, "--dbpath", "/var/lib/rpm", "--nosignature"}, args...)...)
	}
	rpm("--install", "--nodeps", earlierRPM(t))
	s.told("installed", "daemon-reload")

	mine, secret := "etc/ews_exporter/ews_exporter.yml", "etc/ews_exporter/monitor.password"
	s.write(mine, "# mine\n", 0o644)
	s.write(secret, "secret", 0o400)
	rpm("--upgrade", "--nodeps", "--ignorearch", file)
	s.told("updated", "daemon-reload, try-restart ews_exporter.service, daemon-reload")
	s.installed("/usr/share/licenses/ews-exporter/LICENSE", "/usr/share/zsh/site-functions/_ews_exporter")
	s.has("updated", mine, "# mine")
	if exists(s.at("usr/share/doc/ews-exporter/before")) {
		t.Error("what only the version before had is still there")
	}
	if said := rpm("--query", "--queryformat", "%{VERSION}-%{RELEASE} %{LICENSE}", "ews-exporter"); said != version()+"-1 Apache-2.0" {
		t.Errorf("it says of itself: %s", said)
	}

	rpm("--erase", "--nodeps", "ews-exporter")
	s.told("removed", "disable --now ews_exporter.service, daemon-reload")
	s.has("removed", secret, "secret")
	s.has("removed", mine+".rpmsave", "# mine")
	s.none("removed", "/"+secret, "/"+mine+".rpmsave", "/"+mine+".rpmnew")
}

// earlierRPM is a package of an earlier version with the same scripts, a configuration, and a file that later ones have not.
func earlierRPM(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	script := func(name string) string {
		_, body, _ := strings.Cut(text(t, filepath.Join(root, "deploy", "packages", name)), "\n")
		return body
	}
	spec := `Name: ews-exporter
Version: 0.0.1
Release: 1
Summary: an earlier version
License: Apache-2.0
BuildArch: noarch
%description
An earlier version.
%install
mkdir -p %{buildroot}/etc/ews_exporter %{buildroot}/usr/share/doc/ews-exporter
echo '# shipped' >%{buildroot}/etc/ews_exporter/ews_exporter.yml
echo before >%{buildroot}/usr/share/doc/ews-exporter/before
%post
` + script("postinstall.sh") + "%preun\n" + script("preremove.sh") + "%postun\n" + script("postremove.sh") + `%files
%config(noreplace) /etc/ews_exporter/ews_exporter.yml
/usr/share/doc/ews-exporter/before
`
	name := filepath.Join(dir, "earlier.spec")
	if err := os.WriteFile(name, []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "rpmbuild", "-bb", "--define", "_topdir "+dir, "--define", "_build_id_links none", name)
	return one(t, dir, "RPMS/noarch/*.rpm")
}
