package packaging

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

const root = "../../.."

// version is what the tests' release is of: that of the file VERSION.
var version = sync.OnceValue(func() string {
	text, err := os.ReadFile(filepath.Join(root, "VERSION"))
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(text))
})

// released is the folder with a release, made once for all tests that look at one. Each copy of the project stands in a folder
// of its own, so that a path that got into what is made would show.
var released = sync.OnceValues(func() (string, error) { return release("") })

// temporary is where releases are made; TestMain removes it.
var temporary string

func TestMain(m *testing.M) {
	var err error
	if temporary, err = os.MkdirTemp("", "ews_exporter-releases-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(temporary)
	os.Exit(code)
}

// dist is the folder with the release, for a test that needs the programs named.
func dist(t *testing.T, programs ...string) string {
	t.Helper()
	for _, program := range append(programs, "git", "make") {
		servers.Need(t, program)
	}
	dir, err := released()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// release makes a release of what is checked out, changes that are not committed included, as from a clean tag and without
// Go's module proxy. Key is who signs; nobody when empty.
func release(key string, environment ...string) (string, error) {
	here, err := filepath.Abs(root)
	if err != nil {
		return "", err
	}
	// The programs may have to be fetched, the release must not.
	if err := run(here, nil, "make", "--no-print-directory", "release-tools"); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(temporary, "")
	if err != nil {
		return "", err
	}
	if err := tagged(here, dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, "build", "dist"), run(dir, append(environment, "GOPROXY=off", "GPG_KEY="+key), "make", "--no-print-directory", "release",
		"TOOLS="+filepath.Join(here, "build", "tools"))
}

// tagged makes dir a repository with the project's files and the tag of the release.
func tagged(here, dir string) error {
	list := exec.CommandContext(context.Background(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = here
	names, err := list.Output()
	if err != nil {
		return fmt.Errorf("list the project's files: %w", err)
	}
	for name := range strings.SplitSeq(strings.Trim(string(names), "\x00"), "\x00") {
		if err := copied(filepath.Join(here, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if err := dated(filepath.Join(dir, "CHANGELOG.md")); err != nil {
		return err
	}
	environment := []string{"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z"}
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"}, {"remote", "add", "origin", "https://github.com/ews-exporter/ews_exporter"}, {"add", "--all"},
		{"-c", "user.name=A Tester", "-c", "user.email=tester@contoso.test", "commit", "--quiet", "--no-gpg-sign", "--message=A release"}, {"tag", "v" + version()},
	} {
		if err := run(dir, environment, "git", args...); err != nil {
			return err
		}
	}
	return nil
}

// copied copies a file with its mode, and leaves out what git lists and is gone.
func copied(from, to string) error {
	info, err := os.Lstat(from)
	if os.IsNotExist(err) || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, info.Mode().Perm())
}

// dated gives the changelog the heading of the release, where it has none yet.
func dated(name string) error {
	text, err := os.ReadFile(name)
	if err != nil || bytes.Contains(text, []byte("\n## "+version()+" / ")) {
		return err
	}
	heading := fmt.Sprintf("\n## Unreleased\n\n## %s / 2026-01-02\n", version())
	return os.WriteFile(name, bytes.Replace(text, []byte("\n## Unreleased\n"), []byte(heading), 1), 0o600)
}

// run runs a program in a folder; what it said comes with its failure.
func run(dir string, environment []string, program string, args ...string) error {
	command := exec.CommandContext(context.Background(), program, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), environment...)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return nil
}

// must runs a program in the current folder and gives what it printed.
func must(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// one is the only file of a folder that matches a pattern.
func one(t *testing.T, dir, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %q, %v", pattern, found, err)
	}
	return found[0]
}

func text(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// modes lists what is below a folder, with modes.
func modes(t *testing.T, dir string) map[string]fs.FileMode {
	t.Helper()
	all := map[string]fs.FileMode{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			all["/"+strings.TrimPrefix(filepath.ToSlash(strings.TrimPrefix(name, dir)), "/")] = info.Mode()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
