// Package servers runs real servers in tests: nginx, HAProxy, Apache httpd, lighttpd, Squid, Tinyproxy, NSD, Knot DNS, BIND,
// Postfix, Exim, Dovecot, Prometheus and Alertmanager. Each runs in the foreground as a child of the test, on a free port of loopback,
// with its own configuration in the test's temporary directory, as root or not. It ends with its test, and shows its log when
// the test has failed. What is no test, such as `make demo`, runs them by Server.Run.
//
// scripts/install-test-servers.sh installs them. A test whose server is not installed is skipped, see Need.
package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// SkippedFile is the environment variable that names a file to which a line is added for each test that is skipped because the
// machine lacks something, so that a run can end by listing them.
const SkippedFile = "EWS_EXPORTER_SKIPPED"

// Need returns the path of a program that the test is about to run. It skips the test in short mode, and where the
// program is not installed; there, with CI=true, the test fails instead, so that nothing goes untested unseen.
func Need(t testing.TB, program string) string {
	t.Helper()
	if testing.Short() {
		t.Skipf("runs %s, and -short asks for tests without real servers", program)
	}
	path, ok := find(program)
	if ok {
		return path
	}
	lack(t, program+" is not installed", "run scripts/install-test-servers.sh")
	return ""
}

// NeedRoot skips a test of what takes root, such as the start of some servers, as Need does.
func NeedRoot(t testing.TB, what string) {
	t.Helper()
	if testing.Short() {
		t.Skipf("takes root for %s, and -short asks for tests without", what)
	}
	if euid() != 0 {
		lack(t, what+" takes root", "run the tests as root")
	}
}

var euid = os.Geteuid

// lack skips a test for want of something that everybody can have.
func lack(t testing.TB, why, remedy string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s, and with CI=true nothing goes untested: %s", why, remedy)
	}
	Skip(t, why+": "+remedy)
}

// Skip skips a test of what this machine cannot do, and has the run say so at its end.
func Skip(t testing.TB, why string) {
	t.Helper()
	if err := Note(t.Name() + ": " + why); err != nil {
		t.Fatal(err)
	}
	t.Skip("NOT TESTED: " + why)
}

// find looks for a program on PATH, and where Debian keeps servers: not on every user's PATH, and what belongs to
// Prometheus by a longer name.
func find(program string) (path string, ok bool) {
	for _, candidate := range []string{program, "prometheus-" + program, filepath.Join("/usr/sbin", program), filepath.Join("/usr/local/sbin", program), filepath.Join(unpacked, program)} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, true
		}
	}
	return "", false
}

// Note adds a line to the file that SkippedFile names, if any.
func Note(line string) error {
	name := os.Getenv(SkippedFile)
	if name == "" {
		return nil
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) // #nosec G703 -- whoever runs the tests names it
	if err != nil {
		return fmt.Errorf("noting a skipped test: %w", err)
	}
	if _, err := fmt.Fprintln(file, line); err != nil {
		_ = file.Close() // the first error is the one worth telling
		return fmt.Errorf("noting a skipped test: %w", err)
	}
	return file.Close()
}
