package windows

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// What Debian's Wine is made of: the loader and the server are on nobody's PATH.
const (
	loader   = "/usr/lib/wine/wine64"
	server   = "/usr/lib/wine/wineserver64"
	compiler = "x86_64-w64-mingw32-gcc-win32"
)

// limit is how long one program may take, on a busy machine.
const limit = 3 * time.Minute

// machine is a Windows of a test's own, as Wine makes it, with the exporter on it.
type machine struct {
	t       *testing.T
	dir     string // of the programs
	home    string
	program string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	gcc := servers.Need(t, compiler)
	servers.NeedFile(t, loader)
	servers.NeedFile(t, server)
	m := &machine{t: t, dir: t.TempDir(), home: t.TempDir()}
	m.program = filepath.Join(m.dir, "ews_exporter.exe")
	m.build("build", "-o", m.program, "./cmd/ews_exporter")
	t.Cleanup(func() { // all of this machine's programs, and of no other's
		m.must(m.command(context.Background(), server, "--kill").Run())
		_ = m.command(context.Background(), server, "--wait").Run() // it fails where the server has ended already
	})
	m.wine("wineboot.exe", "--init")
	dll := filepath.Join(m.home, "prefix/drive_c/windows/system32/bcryptprimitives.dll")
	if said, err := exec.CommandContext(t.Context(), gcc, "-shared", "-o", dll, "testdata/prng.c", "-ladvapi32").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return m
}

// build compiles for Windows.
func (m *machine) build(args ...string) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), "go", args...)
	cmd.Dir = "../../.."
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		m.t.Fatalf("go %v: %v\n%s", args, err, said)
	}
}

// command is a program of Wine's, on this machine.
func (m *machine) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = m.dir
	cmd.Env = append(os.Environ(), "HOME="+m.home, "WINEPREFIX="+filepath.Join(m.home, "prefix"), "WINEDEBUG=-all",
		"WINEDLLOVERRIDES=mscoree,mshtml=;winemenubuilder.exe=")
	return cmd
}

// said is what a program of Windows printed, and how it exited.
type said struct {
	code        int
	out, errors string
}

// wine runs a program of Windows.
func (m *machine) wine(args ...string) said {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), limit)
	defer cancel()
	cmd := m.command(ctx, loader, args...)
	// Files, and no pipes: what a program leaves running, such as Wine's own services, would hold a pipe open.
	out, errs := m.file(), m.file()
	cmd.Stdout, cmd.Stderr = out, errs
	err := cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		m.t.Fatalf("%q: %v %v", args, err, ctx.Err())
	}
	return said{cmd.ProcessState.ExitCode(), m.text(out), m.text(errs)}
}

func (m *machine) file() *os.File {
	m.t.Helper()
	f, err := os.CreateTemp(m.home, "said-")
	m.must(err)
	return f
}

func (m *machine) text(f *os.File) string {
	m.t.Helper()
	defer f.Close() //nolint:errcheck // it was read
	text, err := os.ReadFile(f.Name())
	m.must(err)
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
}

// stayOn serves from a terminal until the test ends, and gives where: Wine's services end with the last program that is none.
func (m *machine) stayOn() (address string) {
	m.t.Helper()
	address = freePort(m.t)
	cmd := m.command(context.Background(), loader, m.program, "--config.file=ews_exporter.yml", "--web.listen-address="+address) // it ends with the test
	log := m.file()
	cmd.Stderr = log
	m.must(cmd.Start())
	m.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		if text := m.text(log); m.t.Failed() {
			m.t.Logf("the exporter said:\n%s", text)
		}
	})
	m.answers("http://"+address+"/-/healthy", "")
	return address
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// freePort is an address of loopback that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it was for its number
	return l.Addr().String()
}

// ask is what an exporter answers.
func ask(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}
