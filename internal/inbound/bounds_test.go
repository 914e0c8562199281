package inbound

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const plainGet = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

// TestRequestsAreBounded: in size of head and body, with or without a password.
func TestRequestsAreBounded(t *testing.T) {
	t.Parallel()
	open := guard(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%d %v", len(body), err)
	}, false)
	secure := guard(t, say("never"), true)
	tests := map[string]struct {
		request      string
		open, secure int
	}{
		"a usual one":            {plainGet, 200, 401},
		"a large head":           {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 12<<10) + "\r\nConnection: close\r\n\r\n", 200, 401},
		"too large a one":        {"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 24<<10) + "\r\n\r\n", 431, 431},
		"too long a URL":         {"GET /?" + strings.Repeat("x", 24<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 431, 431},
		"a body":                 {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\nConnection: close\r\n\r\n" + strings.Repeat("x", 60000), 200, 401},
		"too large a body":       {"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 70000\r\n\r\n", 413, 413},
		"a body without end":     {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n12000\r\n" + strings.Repeat("x", 0x12000) + "\r\n", 413, 413},
		"a body that ends early": {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400, 400},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := open.send(t, test.request); got != test.open {
				t.Errorf("answered %d, want %d", got, test.open)
			}
			if got := secure.send(t, test.request); got != test.secure {
				t.Errorf("with TLS and a password answered %d, want %d", got, test.secure)
			}
		})
	}
}

// TestSlowClientsAreEnded, whatever they are slow at, before a password is asked for and after.
func TestSlowClientsAreEnded(t *testing.T) {
	t.Parallel()
	page := strings.Repeat("a long page\n", 1<<20)
	var all sync.WaitGroup // and not parallel subtests, of which few run at once: they wait, mostly
	defer all.Wait()
	for name, client := range map[string]func(c net.Conn){
		"nothing is sent":     func(net.Conn) {},
		"a head byte by byte": func(c net.Conn) { drip(c, "GET / HTTP/1.1\r\nHost: localhost\r\n", "X: y\r\n") },
		"a body byte by byte": func(c net.Conn) { drip(c, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\n", "x") },
		"a form byte by byte": func(c net.Conn) { drip(c, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\n", "x") },
		"no second request":   func(c net.Conn) { _, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") },
	} {
		for _, secure := range []bool{false, true} {
			c := guard(t, say(page), secure).dial(t, "http/1.1")
			go client(c)
			all.Go(func() {
				if !ended(c) {
					t.Errorf("%s, TLS and a password %v: the connection is held for ever", name, secure)
				}
			})
		}
	}
}

// drip sends a beginning, and then more of the same now and then until the connection ends.
func drip(c net.Conn, begin, more string) {
	_, err := io.WriteString(c, begin)
	for err == nil {
		time.Sleep(100 * time.Millisecond)
		_, err = io.WriteString(c, more)
	}
}

// TestWhoDoesNotReadIsEnded: one who takes nothing of a long answer, or of thousands of short ones.
func TestWhoDoesNotReadIsEnded(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	defer all.Wait()
	for _, requests := range []int{1, 20000} { // a long page, and many short ones
		page := bytes.Repeat([]byte("x"), 64<<20/requests)
		g := guard(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(page) }, false)
		c := g.dial(t, "")
		_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
		go func() {
			for range requests {
				if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
					return
				}
			}
		}()
		all.Go(func() { g.await(t, 1); g.await(t, 0) })
	}
}

// await waits until there are n connections.
func (g *guarded) await(t *testing.T, n int) {
	t.Helper()
	for range 1500 {
		if g.connections() == n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("there are %d connections, not %d", g.connections(), n)
}

// TestALongProbeAndALongPageAreAnswered: no time runs while the handler works, and a client that reads on gets the whole page.
func TestALongProbeAndALongPageAreAnswered(t *testing.T) {
	t.Parallel()
	page := strings.Repeat("x", 8<<20)
	var all sync.WaitGroup
	defer all.Wait()
	for _, protocol := range []string{"", "http/1.1", "h2"} {
		g := guard(t, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(hasty.read * 3 / 2)
			_, _ = io.WriteString(w, page)
		}, protocol != "")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+g.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		if protocol != "" {
			req.URL.Scheme, client = "https", g.client(t)
			req.SetBasicAuth("prometheus", "right")
			client.Transport.(*http.Transport).ForceAttemptHTTP2 = protocol == "h2"
		}
		all.Go(func() {
			answer, err := client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = answer.Body.Close() }()
			time.Sleep(hasty.slack / 2)
			if n, err := io.Copy(io.Discard, answer.Body); n != int64(len(page)) || err != nil || protocol == "h2" != (answer.ProtoMajor == 2) {
				t.Errorf("%d bytes came by %s: %v", n, answer.Proto, err)
			}
		})
	}
}

// TestOthersGetIn: whoever opens connections and asks for nothing makes room for those who ask.
func TestOthersGetIn(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]string{
		"nothing sent": "", "half a head": "GET / HTTP/1.1\r\n", "half a body": "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\nx",
		"an answer not wanted": "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := guard(t, say("ok"), false)
			g.times.read, g.times.head = time.Hour, time.Hour // nobody is ended for being slow
			for range 50 {
				_, _ = io.WriteString(g.dial(t, ""), begin)
			}
			for range 5 {
				if got := g.send(t, plainGet); got != 200 {
					t.Fatalf("answered %d", got)
				}
			}
			if n := g.connections(); n > g.limit.perClient {
				t.Errorf("one client has %d connections, and may have %d", n, g.limit.perClient)
			}
		})
	}
}

// TestAtWorkIsNotClosed: a connection whose request is being answered makes no room; who comes then is refused.
func TestAtWorkIsNotClosed(t *testing.T) {
	t.Parallel()
	working, finish := make(chan struct{}), make(chan struct{})
	g := guard(t, func(w http.ResponseWriter, _ *http.Request) {
		working <- struct{}{}
		<-finish
		_, _ = io.WriteString(w, "done")
	}, false)
	var all []net.Conn
	for range g.limit.perClient {
		c := g.dial(t, "")
		_, _ = io.WriteString(c, plainGet)
		<-working
		all = append(all, c)
	}
	if got := g.send(t, plainGet); got != 0 {
		t.Errorf("one more is answered %d", got)
	}
	close(finish)
	for _, c := range all {
		if got := status(t, c); got != 200 {
			t.Errorf("one that was at work is answered %d", got)
		}
	}
}

// TestTheLargestMakesRoom: where all together are too many, the client with the most connections loses one, not the one
// that has waited for longest.
func TestTheLargestMakesRoom(t *testing.T) {
	t.Parallel()
	g := &Guard{limit: limits{connections: 4, perClient: 3}, times: usual, conns: map[*conn]struct{}{}, clients: map[client]int{}}
	var modest, first net.Conn
	for _, from := range []string{"192.0.2.1:1", "[2001:db8::1]:1", "[2001:db8::2]:1", "[2001:db8::ffff:1]:1"} {
		ours, theirs := net.Pipe()
		t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
		address, err := net.ResolveTCPAddr("tcp", from)
		if err != nil {
			t.Fatal(err)
		}
		c := g.admit(from4{ours, address})
		switch {
		case modest == nil:
			modest = c
		case first == nil:
			first = c
		}
	}
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	g.log = quiet
	if g.admit(from4{ours, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 9)}}) == nil {
		t.Fatal("refused")
	}
	if _, there := g.conns[modest.(*conn)]; !there {
		t.Error("the client with one connection lost it")
	}
	if _, there := g.conns[first.(*conn)]; there {
		t.Error("the network with three connections, which is one client, lost none")
	}
}

// from4 is a connection that comes from an address.
type from4 struct {
	net.Conn
	address net.Addr
}

func (f from4) RemoteAddr() net.Addr { return f.address }

// failing is a listener that fails some times before it gives a connection.
type failing struct {
	net.Listener
	errors []error
	calls  int
}

func (f *failing) Accept() (net.Conn, error) {
	f.calls++
	if f.calls <= len(f.errors) {
		return nil, f.errors[f.calls-1]
	}
	return f.Listener.Accept()
}

// TestAcceptGoesOn where files or memory are short, without spinning, and ends when the listener is closed.
func TestAcceptGoesOn(t *testing.T) {
	t.Parallel()
	g := New(Options{Probes: 1, Log: quiet})
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &failing{Listener: inner, errors: []error{syscall.EMFILE, syscall.ENFILE, &net.OpError{Op: "accept", Err: syscall.ENOBUFS}, syscall.ENOMEM, syscall.EMFILE}}
	l := g.Listener(f)
	c, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	begun := time.Now()
	got, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = got.Close()
	if took := time.Since(begun); took < (1+2+4+8+16)*firstPause {
		t.Errorf("it spins: %d tries in %s", f.calls, took)
	}
	_ = l.Close()
	if _, err := l.Accept(); err == nil {
		t.Error("a closed listener accepts")
	}
}

// TestFilesAreKept: no probe begins that would take the last files.
func TestFilesAreKept(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		limit, connections, running int
		short                       bool
	}{
		"no limit":                       {0, 100000, 100000, false},
		"plenty":                         {1 << 20, 600, 200, false},
		"few, and nothing runs":          {64, 0, 1, false},
		"few, and many connections":      {64, 44, 1, true},
		"few, and many probes beginning": {64, 10, 14, true},
		"enough for these":               {64, 5, 5, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &files{limit: test.limit, base: 10}
			if inUse := openFiles(); f.limit > 0 && inUse > 30 {
				f.limit += inUse // the test's own
				f.base += inUse
			}
			if inUse, short := f.short(test.connections, test.running); short != test.short {
				t.Errorf("%v with %d in use", short, inUse)
			}
		})
	}
}

// TestLimits: every probe has room for its caller, and where files are few the probes have half of them.
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		probes int
		files  files
		want   limits
	}{
		"usual":      {200, files{limit: 1 << 20, base: 10}, limits{600, 450}},
		"no limit":   {200, files{}, limits{600, 450}},
		"large":      {2000, files{limit: 1 << 20, base: 10}, limits{4200, 3150}},
		"few files":  {200, files{limit: 64, base: 10}, limits{23, 18}},
		"hardly any": {200, files{limit: 20, base: 10}, limits{4, 3}},
	} {
		if got := limitsFor(test.probes, &test.files); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}
