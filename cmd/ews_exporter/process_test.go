package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// asProgram in its environment makes the test's binary be the exporter: TestMain then calls main, so that a test can
// send signals to a process of its own, with the race detector where the test has it.
const asProgram = "EWS_EXPORTER_TEST_AS_PROGRAM"

// program is an exporter in a process of its own.
type program struct {
	cmd   *exec.Cmd
	log   string // the file that its standard error goes to
	url   string
	ended chan struct{} // closed once it has
	err   error         // how; read after ended
}

// serveAlone starts the exporter as a process of its own, on a free port. It is killed with the test, if it still runs.
func serveAlone(t *testing.T, args ...string) *program {
	t.Helper()
	return serveBy(t, []string{os.Args[0]}, nil, args...)
}

// serveShipped does it by the exporter as it is shipped.
func serveShipped(t *testing.T, args ...string) *program {
	t.Helper()
	return serveBy(t, []string{build(t)}, nil, args...)
}

// serveBy does it by a command that is the exporter, or becomes it, with more in its environment.
func serveBy(t *testing.T, command, environment []string, args ...string) *program {
	t.Helper()
	p := &program{log: filepath.Join(t.TempDir(), "log"), ended: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command = slices.Concat(command, []string{"--web.listen-address=127.0.0.1:0"}, args)
	p.cmd = exec.Command(command[0], command[1:]...) // its end is the test's to bring about
	p.cmd.Env = append(append(os.Environ(), asProgram+"=yes"), environment...)
	p.cmd.Stderr = log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
	})
	p.url = "http://" + p.await(t, `address"?[=:]"?(127\.0\.0\.1:\d+)`)
	return p
}

// build builds the exporter as it is shipped, without the race detector, for tests that give it work for minutes, or count its memory.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ews_exporter.exe")
	command := exec.CommandContext(t.Context(), "go", "build", "-o", path, ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building the exporter: %v\n%s", err, out)
	}
	return path
}

func (p *program) logged(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// await waits for what pattern matches in the log, and gives its last group.
func (p *program) await(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for range 1000 {
		if m := re.FindStringSubmatch(p.logged(t)); m != nil {
			return m[len(m)-1]
		}
		select {
		case <-p.ended:
			t.Fatalf("the exporter ended before %s came: %v\n%s", pattern, p.err, p.logged(t))
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatalf("%s does not come in\n%s", pattern, p.logged(t))
	return ""
}

func (p *program) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// exit waits for the process to end, and gives its exit code; -1 when a signal ended it.
func (p *program) exit(t *testing.T, patience time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		t.Fatalf("the exporter still runs after %s:\n%s", patience, tail(p.logged(t)))
	}
	var failed *exec.ExitError
	if p.err != nil && !errors.As(p.err, &failed) {
		t.Fatal(p.err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// sound checks that nothing went wrong inside: no race, no panic, neither caught nor fatal.
func (p *program) sound(t *testing.T) {
	t.Helper()
	log := p.logged(t)
	for _, bad := range []string{"WARNING: DATA RACE", "panic", "fatal error: ", "concurrent map"} {
		if at := strings.Index(log, bad); at >= 0 {
			t.Errorf("%q is in the exporter's log:\n%s", bad, log[at:min(len(log), at+8<<10)])
		}
	}
}

// tail is the end of a text.
func tail(text string) string { return text[max(0, len(text)-8<<10):] }
