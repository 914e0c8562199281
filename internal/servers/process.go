package servers

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"text/template"
	"time"
)

// Server says how a real server is run.
type Server struct {
	Program string               // its name on PATH
	Config  string               // its configuration, a text/template of a Place
	Args    func(Place) []string // makes it read its configuration and stay in the foreground
	Env     func(Place) []string // "KEY=value" beside the test's own environment; nil for none
	// Ready tells whether the server at address serves, by nil; without Ready, listening there is enough.
	Ready func(ctx context.Context, address string) error
}

// Place is what a server's configuration may name.
type Place struct {
	Address string // to listen on: 127.0.0.1 and a free port
	Dir     string // for its files; ends with the test
	Config  string // the file that holds its configuration
	Root    bool   // the test runs as root, which some servers want to leave or to be told of

	// For fronts.
	Origin      string // host:port to forward to, over https
	Certificate string // a PEM file of the chain and its key
	Lines       string // what this front adds to the configuration of its program
}

const (
	attempts    = 5                // at a free port that nobody else takes meanwhile
	startLimit  = 30 * time.Second // for a server to be ready, on a busy machine
	stopLimit   = 5 * time.Second  // for a server to end when asked, before it is made to
	logTail     = 16 << 10         // bytes of a server's log to show
	readyPeriod = 20 * time.Millisecond
)

// Start runs the server and returns its address once it is ready. place gives what the configuration names beside
// address, directory and configuration file, which Start adds. The server ends with the test.
func (s Server) Start(t testing.TB, place Place) (address string) {
	t.Helper()
	program := Need(t, s.Program)
	for range attempts {
		place.Address, place.Dir, place.Root = freeAddress(t), t.TempDir(), os.Geteuid() == 0
		place.Config = filepath.Join(place.Dir, s.Program+".conf")
		s.configure(t, place)
		var env []string
		if s.Env != nil {
			env = s.Env(place)
		}
		p := launch(t, program, place.Dir, s.Args(place), env)
		err := p.await(t.Context(), place.Address, s.Ready)
		if err == nil {
			return place.Address
		}
		if !bytes.Contains(bytes.ToLower(p.tail()), []byte("address already in use")) {
			t.Fatalf("%s did not start: %v", s.Program, err)
		}
	}
	t.Fatalf("%s found no free port in %d attempts", s.Program, attempts)
	return ""
}

func (s Server) configure(t testing.TB, place Place) {
	t.Helper()
	parsed, err := template.New(s.Program).Option("missingkey=error").Parse(s.Config)
	if err != nil {
		t.Fatalf("reading the configuration of %s: %v", s.Program, err)
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, place); err != nil {
		t.Fatalf("writing the configuration of %s: %v", s.Program, err)
	}
	if err := os.WriteFile(place.Config, text.Bytes(), 0o600); err != nil {
		t.Fatalf("writing the configuration of %s: %v", s.Program, err)
	}
}

// freeAddress finds a port that nobody listens on. It looks below the range from which systems take ports for
// outgoing connections, because those could take it before the server does.
func freeAddress(t testing.TB) string {
	t.Helper()
	const lowest, count = 20000, 10000
	for range 100 {
		port := lowest + rand.IntN(count) // #nosec G404 -- nothing depends on its being unpredictable
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		var config net.ListenConfig
		listener, err := config.Listen(t.Context(), "tcp", address)
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatalf("looking for a free port: %v", err)
		}
		return address
	}
	t.Fatalf("no free port found from %d to %d", lowest, lowest+count-1)
	return ""
}

// process is a running server.
type process struct {
	log   string        // the file that holds what it writes
	ended chan struct{} // closed when it has ended
	err   error         // how it ended, once it has
}

// launch starts program in dir. It ends with the test: asked first, then made to.
func launch(t testing.TB, program, dir string, args, env []string) *process {
	t.Helper()
	p := &process{log: filepath.Join(dir, "log"), ended: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatalf("making the log of %s: %v", program, err)
	}
	defer func() { _ = log.Close() }() // the server has its own copy

	ctx, stop := context.WithCancel(context.Background()) // not the test's: that one ends before its clean-up begins
	cmd := exec.CommandContext(ctx, program, args...)     // #nosec G204 -- the tests' own
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = stopLimit
	group(cmd)
	if err := cmd.Start(); err != nil {
		stop()
		t.Fatalf("starting %s: %v", program, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		stop()
		<-p.ended
		killGroup(cmd)
		if t.Failed() {
			t.Logf("%s said:\n%s", program, p.tail())
		}
	})
	return p
}

// await waits until the server is ready. It returns an error when the server ends instead, or takes too long.
func (p *process) await(ctx context.Context, address string, ready func(context.Context, string) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if ready == nil {
		ready = listens
	}
	for {
		err := ready(ctx, address)
		select {
		case <-p.ended: // asked first, because another's server may listen at address, and be ready
			return fmt.Errorf("it ended: %w", p.err)
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it was not ready after %v: %w", startLimit, err)
		case <-p.ended:
		case <-time.After(readyPeriod):
		}
	}
}

// tail is the end of what the server wrote.
func (p *process) tail() []byte {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-logTail):]
}
