package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"text/template"
	"time"
)

// Server says how a real server is run.
type Server struct {
	Program string               // its name on PATH, or its path
	Config  string               // its configuration, a text/template of a Place
	Args    func(Place) []string // makes it read its configuration and stay in the foreground
	Env     func(Place) []string // "KEY=value" beside the test's own environment; nil for none
	// Ready tells whether the server at address serves, by nil; without Ready, listening there is enough.
	Ready func(ctx context.Context, address string) error
}

// Place is what a server's configuration may name.
type Place struct {
	Address string // to listen on: 127.0.0.1 and a free port
	Dir     string // for its files
	Config  string // the file that holds its configuration
	Root    bool   // the test runs as root, which some servers want to leave or to be told of
	Files   string // the folder that a web server serves; empty for other servers

	// For fronts.
	Origin      string // host:port to forward to, over https
	Certificate string // a PEM file of the chain and its key
	Pool        int    // how many connections to the origin nginx keeps; 0 for none
	OriginPort  string // that of Origin, which is on loopback; that of a Front
	Path        string // where nginx forwards from, and from nowhere else; empty for everywhere
	User        string // whom a proxy on the way out wants to log on; empty for nobody
	Password    string // of that one
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
	Need(t, s.Program)
	place.Dir = t.TempDir()
	ctx, stop := context.WithCancel(context.Background()) // not the test's: that one ends before its clean-up begins
	r, err := s.Run(ctx, place)
	if err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = r.Wait() // it was asked to end
		if t.Failed() {
			t.Logf("%s said:\n%s", s.Program, r.tail())
		}
	})
	return r.Address
}

// ErrMissing is what Run gives when the program is not on this machine.
var ErrMissing = errors.New("is not installed")

// Run runs the server, whose files it puts into place.Dir, until ctx ends: then it is asked to end, and made to if it
// does not. It returns once the server is ready. For what is no test.
func (s Server) Run(ctx context.Context, place Place) (*Running, error) {
	program, ok := find(s.Program)
	if !ok {
		return nil, fmt.Errorf("%s %w", s.Program, ErrMissing)
	}
	for range attempts {
		if err := s.settle(ctx, &place); err != nil {
			return nil, fmt.Errorf("preparing %s: %w", s.Program, err)
		}
		var env []string
		if s.Env != nil {
			env = s.Env(place)
		}
		r, err := launch(ctx, program, place, s.Args(place), env)
		if err != nil {
			return nil, fmt.Errorf("starting %s: %w", s.Program, err)
		}
		err = r.await(ctx, s.Ready)
		if err == nil {
			return r, nil
		}
		said := r.tail()
		r.End()
		if !bytes.Contains(bytes.ToLower(said), []byte("address already in use")) {
			return nil, fmt.Errorf("%s did not start: %w; it said:\n%s", s.Program, err, said)
		}
	}
	return nil, fmt.Errorf("%s found no free port in %d attempts", s.Program, attempts)
}

// settle gives place a free address, and writes the configuration into its directory.
func (s Server) settle(ctx context.Context, place *Place) (err error) {
	if place.Address, err = freeAddress(ctx); err != nil {
		return err
	}
	name := filepath.Base(s.Program)
	place.Root, place.Config = os.Geteuid() == 0, filepath.Join(place.Dir, name+".conf")
	parsed, err := template.New(name).Option("missingkey=error").Parse(s.Config)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := parsed.Execute(&text, place); err != nil {
		return err
	}
	return os.WriteFile(place.Config, text.Bytes(), 0o600)
}

// Ports are given to servers from below the range from which systems take those for outgoing connections, because these
// could take one before the server does.
const lowestPort, portCount = 20000, 10000

// They are counted from anywhere, so that none is given twice while its server has yet to begin, nor commonly by two processes
// at once. A server that finds another's in its place may try for seconds, and the other would pass for it.
var (
	firstPort  = rand.Uint32N(portCount) // #nosec G404 -- nothing depends on its being unpredictable
	portsGiven atomic.Uint32
)

// freeAddress finds a port that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	for range 100 {
		port := lowestPort + int((firstPort+portsGiven.Add(1))%portCount)
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		var config net.ListenConfig
		listener, err := config.Listen(ctx, "tcp", address)
		if err != nil {
			continue
		}
		return address, listener.Close()
	}
	return "", fmt.Errorf("no free port found from %d to %d", lowestPort, lowestPort+portCount-1)
}

// Running is a server that runs.
type Running struct {
	Address string // 127.0.0.1:port
	PID     int

	log   string // the file that holds what it writes
	stop  context.CancelFunc
	ended chan struct{} // closed when it has ended
	err   error         // how it ended, once it has
}

// launch starts program in the place's directory. It ends with ctx: asked first, then made to.
func launch(ctx context.Context, program string, place Place, args, env []string) (*Running, error) {
	r := &Running{Address: place.Address, log: filepath.Join(place.Dir, "log"), ended: make(chan struct{})}
	log, err := os.OpenFile(r.log, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the server has its own copy

	ctx, stop := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, program, args...) // #nosec G204 -- the tests' own
	cmd.Dir, cmd.Stdout, cmd.Stderr = place.Dir, log, log
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = stopLimit
	group(cmd)
	if err := cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	r.PID = cmd.Process.Pid
	go func() { //nolint:contextcheck // what follows begins when the server's has ended
		r.err = cmd.Wait()
		stop()
		killGroup(cmd)
		r.release()
		close(r.ended)
	}()
	r.stop = stop
	return r, nil
}

// release waits until nobody listens at the address any more: workers that are killed end only after the call that kills them.
func (r *Running) release() {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	for listens(ctx, r.Address) == nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(readyPeriod):
		}
	}
}

// End ends the server: asked first, then made to.
func (r *Running) End() {
	r.stop()
	<-r.ended
}

// Wait returns when the server has ended, and says how.
func (r *Running) Wait() error {
	<-r.ended
	return r.err
}

// await waits until the server is ready. It returns an error when the server ends instead, or takes too long.
func (r *Running) await(ctx context.Context, ready func(context.Context, string) error) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if ready == nil {
		ready = listens
	}
	for {
		err := ready(ctx, r.Address)
		select {
		case <-r.ended: // asked first, because another's server may listen at address, and be ready
			return fmt.Errorf("it ended: %w", r.err)
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it was not ready after %v: %w", startLimit, err)
		case <-r.ended:
		case <-time.After(readyPeriod):
		}
	}
}

// tail is the end of what the server wrote.
func (r *Running) tail() []byte {
	text, err := os.ReadFile(r.log)
	if err != nil {
		return []byte(err.Error())
	}
	return text[max(0, len(text)-logTail):]
}

// Port is that of Address.
func (p Place) Port() string {
	_, port, _ := net.SplitHostPort(p.Address)
	return port
}
