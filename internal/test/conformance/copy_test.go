package conformance_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// root is that of the module, and module its name.
const (
	root   = "../../.."
	module = "github.com/ews-exporter/ews_exporter"
)

// TestOneFolderAndTwoLines: in a copy of the module the toy becomes a prober like the others by its folder, two lines and make
// generate, and all that holds probers, pages and files against each other is content.
func TestOneFolderAndTwoLines(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the module anew")
	}
	t.Parallel()
	dir := t.TempDir()
	copyModule(t, dir)
	if err := os.CopyFS(filepath.Join(dir, "probes", "greeting"), os.DirFS("greeting")); err != nil {
		t.Fatal(err)
	}
	addLine(t, filepath.Join(dir, "probes/probes.go"), `"`+module+`/probes/greeting"`, "greeting.Definition,")
	addLine(t, filepath.Join(dir, "probes/labs/labs.go"), `greeting "`+module+`/probes/greeting/lab"`, "greeting.Part(),")

	goes(t, dir, "run", "./internal/generate")
	goes(t, dir, "test", "-short", "./alerts/...", "./config", "./dashboards", "./deploy", "./docs")
	goes(t, dir, "test", "./probes", "-run", "TestConformance/probers/greeting|TestAdvice|TestNothingElse")
	goes(t, dir, "test", "./cmd/ews_exporter", "-short", "-run", "Golden|FindingPrints")
}

// copyModule copies what git has of the module, but for the toy and its tests.
func copyModule(t *testing.T, to string) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	names, err := list.Output()
	if err != nil {
		servers.Skip(t, "git does not list the module's files: "+err.Error())
	}
	const suite = "internal/test/conformance/"
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if strings.HasPrefix(name, suite+"greeting/") || strings.HasPrefix(name, suite) && strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name)) // #nosec G304 -- the module's own
		if os.IsNotExist(err) {
			continue // deleted, and git does not know yet
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o750)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), text, 0o600) // #nosec G703 -- below a folder of the test
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// addLine adds an import and an entry to a list, at its end.
func addLine(t *testing.T, file, path, entry string) {
	t.Helper()
	text, err := os.ReadFile(file) // #nosec G304 -- in a folder of the test
	if err != nil {
		t.Fatal(err)
	}
	imports, rest, found := bytes.Cut(text, []byte("\n)\n"))
	at := bytes.LastIndex(rest, []byte("\n\t}\n}"))
	if !found || at < 0 {
		t.Fatalf("%s is not a list as it was", file)
	}
	var b bytes.Buffer
	b.Write(imports)
	b.WriteString("\n\t" + path + "\n)\n")
	b.Write(rest[:at])
	b.WriteString("\n\t\t" + entry)
	b.Write(rest[at:])
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// goes runs the go command in a folder.
func goes(t *testing.T, dir string, args ...string) {
	t.Helper()
	run := exec.CommandContext(t.Context(), "go", args...) // #nosec G204 -- the test's own
	run.Dir = dir
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
