package packaging

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// platforms are those that a release is for.
var platforms = []string{"darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64", "windows-amd64", "windows-arm64"}

// TestARelease: from a clean tag comes all that docs/releases.md promises, listed with checksums that hold.
func TestARelease(t *testing.T) {
	t.Parallel()
	dir := dist(t)
	want := []string{
		"ews-exporter_" + version() + "-1_amd64.deb", "ews-exporter_" + version() + "-1_arm64.deb",
		"ews-exporter-" + version() + "-1.x86_64.rpm", "ews-exporter-" + version() + "-1.aarch64.rpm",
	}
	for _, p := range platforms {
		name, ending := "ews_exporter-"+version()+"."+p, ".tar.gz"
		if strings.HasPrefix(p, "windows") {
			ending = ".zip"
		}
		want = append(want, name+ending, name+".cdx.json")
	}
	var listed []string
	for line := range strings.Lines(text(t, filepath.Join(dir, "sha256sums.txt"))) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		listed = append(listed, name)
		if got := sha256.Sum256([]byte(text(t, filepath.Join(dir, name)))); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s is not what the checksum is of", name)
		}
	}
	slices.Sort(want)
	slices.Sort(listed)
	if !slices.Equal(listed, want) {
		t.Errorf("the release is of\n%q, want\n%q", listed, want)
	}
}

// TestTwoReleasesAreOne: another copy of the same commit in another folder gives the same files, byte for byte; and whoever has
// a key signs the list of them.
func TestTwoReleasesAreOne(t *testing.T) {
	t.Parallel()
	gpg := servers.Need(t, "gpg")
	first := dist(t)
	home, err := os.MkdirTemp("", "gpg-") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	key := "release@contoso.test"
	gnupg := []string{"GNUPGHOME=" + home}
	t.Cleanup(func() {
		_ = run(".", gnupg, "gpgconf", "--kill", "gpg-agent")
		_ = os.RemoveAll(home)
	})
	if err := run(".", gnupg, gpg, "--batch", "--passphrase", "", "--quick-generate-key", key); err != nil {
		t.Fatal(err)
	}
	second, err := release(key, gnupg...)
	if err != nil {
		t.Fatal(err)
	}
	sums := filepath.Join(second, "sha256sums.txt")
	if a, b := text(t, filepath.Join(first, "sha256sums.txt")), text(t, sums); a != b {
		t.Errorf("two releases of one commit:\n%s\n%s", a, b)
	}
	if err := run(".", gnupg, gpg, "--batch", "--verify", sums+".asc", sums); err != nil {
		t.Error(err)
	}
}

// TestArchives: each has the program for its platform, with the commit's version, and what whoever passes it on has to pass
// on with it: the licence, and the notices of every module that is in the program. The bill of materials names them all.
func TestArchives(t *testing.T) {
	t.Parallel()
	dir := dist(t)
	for _, p := range platforms {
		t.Run(p, func(t *testing.T) {
			t.Parallel()
			name := "ews_exporter-" + version() + "." + p
			to := t.TempDir()
			unpack(t, one(t, dir, name+".*[pz]"), to)
			program := one(t, filepath.Join(to, name), "ews_exporter*")
			for _, with := range []string{
				"README.md", "LICENSE", "THIRD_PARTY_NOTICES.txt", "CHANGELOG.md", "examples/ews_exporter.example.yml", "alerts/probes.rules.yml", "dashboards/overview.json",
			} {
				if !exists(filepath.Join(to, name, with)) {
					t.Errorf("%s is missing", with)
				}
			}
			checkRules(t, to, filepath.Join(to, name, "examples"))
			checkModules(t, program, text(t, filepath.Join(to, name, "THIRD_PARTY_NOTICES.txt")), filepath.Join(dir, name+".cdx.json"))
			if p == runtime.GOOS+"-"+runtime.GOARCH {
				if said := must(t, program, "--version"); !strings.Contains(said, "ews_exporter, version "+version()+" ") || !strings.Contains(said, "2026-01-02T03:04:05") {
					t.Errorf("it says of itself: %s", said)
				}
			}
		})
	}
}

// checkModules holds the notices and the bill of materials against what the program says that it is made of.
func checkModules(t *testing.T, program, notices, bill string) {
	t.Helper()
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var materials struct {
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal([]byte(text(t, bill)), &materials); err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) < 20 {
		t.Errorf("only %d modules are in the program", len(info.Deps))
	}
	for _, module := range info.Deps {
		if !strings.Contains(notices, "\n"+module.Path+"\n") {
			t.Errorf("there is no notice of %s: make generate", module.Path)
		}
		if !slices.Contains(materials.Components, struct{ Name, Version string }{module.Path, module.Version}) {
			t.Errorf("the bill of materials has no %s %s", module.Path, module.Version)
		}
	}
}

// unpack unpacks an archive.
func unpack(t *testing.T, archive, to string) {
	t.Helper()
	put := func(name string, mode os.FileMode, from io.Reader) {
		name = filepath.Join(to, filepath.FromSlash(name))
		content, err := io.ReadAll(from)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(name), 0o755)
		}
		if err == nil {
			err = os.WriteFile(name, content, mode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if filepath.Ext(archive) == ".zip" {
		z, err := zip.OpenReader(archive)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for _, f := range z.File {
			from, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			put(f.Name, f.Mode(), from)
		}
		return
	}
	untar(t, archive, put)
}

func untar(t *testing.T, archive string, put func(string, os.FileMode, io.Reader)) {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	clear, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for entries := tar.NewReader(clear); ; {
		entry, err := entries.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		put(entry.Name, entry.FileInfo().Mode(), entries)
	}
}
