package lab

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"
)

// TB is the part of testing.TB that scripts use; the package itself stays free of testing, for it serves `make run` too.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Step is one thing that a scripted server does with a connection. An error ends the connection: the client went away.
type Step func(c *Conn) error

// Conn is the server's side of a scripted connection.
type Conn struct {
	net.Conn
	in    *bufio.Reader
	ended <-chan struct{} // closed when the test ends
}

// Script is a server on 127.0.0.1 that does what its steps say, to the byte, and ends with its test.
type Script struct {
	listener net.Listener
	ended    chan struct{}
	running  sync.WaitGroup

	mu       sync.Mutex
	conns    []net.Conn
	received []*bytes.Buffer
	open     int // connections whose script goes on
}

// Serve plays the steps on every connection, over plain TCP:
//
//	addr := lab.Serve(t, lab.ReadHead, lab.Write("HTTP/1.1 100 Continue\r\n\r\n"), lab.ReadBody(5), lab.Reset).Addr()
//
// After the last step the server ends the connection; Hang keeps it open.
func Serve(t TB, steps ...Step) *Script {
	t.Helper()
	return ServeEach(t, nil, steps)
}

// ServeTLS is Serve over TLS. The handshake takes place with the first step that reads or writes.
func ServeTLS(t TB, config *tls.Config, steps ...Step) *Script {
	t.Helper()
	return ServeEach(t, config, steps)
}

// ServeEach plays the nth script on the nth connection, and the last one on all that follow. A nil config is plain TCP.
func ServeEach(t TB, config *tls.Config, scripts ...[]Step) *Script {
	t.Helper()
	return ServeAt(t, "127.0.0.1:0", config, scripts...)
}

// ServeAt is ServeEach at an address of loopback, for where the port matters.
func ServeAt(t TB, address string, config *tls.Config, scripts ...[]Step) *Script {
	t.Helper()
	var listen net.ListenConfig
	listener, err := listen.Listen(context.Background(), "tcp", address)
	if err != nil {
		t.Fatalf("starting a scripted server: %v", err)
	}
	s := &Script{listener: listener, ended: make(chan struct{})}
	s.running.Go(func() { s.accept(config, scripts) })
	t.Cleanup(s.close)
	return s
}

// Addr is where the server listens: "127.0.0.1:port".
func (s *Script) Addr() string { return s.listener.Addr().String() }

// Received is what has come so far on the nth connection, counting from 0; empty while there is no such connection.
func (s *Script) Received(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= len(s.received) {
		return ""
	}
	return s.received[n].String()
}

// Connections counts the connections so far.
func (s *Script) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.received)
}

// Cost is what the server was cost so far, as far as that is known without its protocol.
func (s *Script) Cost() Cost {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Cost{Connections: len(s.received), Open: s.open}
}

func (s *Script) accept(config *tls.Config, scripts [][]Step) {
	for n := 0; ; n++ {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if config != nil {
			conn = tls.Server(conn, config)
		}
		c := s.adopt(conn)
		steps := scripts[min(n, len(scripts)-1)]
		s.running.Go(func() {
			c.play(steps)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.open--
		})
	}
}

// adopt keeps conn, to close it with the test, and what comes on it, for Received.
func (s *Script) adopt(conn net.Conn) *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	received := new(bytes.Buffer)
	s.conns = append(s.conns, conn)
	s.received = append(s.received, received)
	s.open++
	tee := io.TeeReader(conn, &lockedWriter{mu: &s.mu, to: received})
	select {
	case <-s.ended: // accepted while the test was ending
		_ = tcpOf(conn).Close()
	default:
	}
	return &Conn{Conn: conn, in: bufio.NewReader(tee), ended: s.ended}
}

func (s *Script) close() {
	close(s.ended)
	_ = s.listener.Close()
	s.mu.Lock()
	for _, conn := range s.conns {
		_ = tcpOf(conn).Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

func (c *Conn) play(steps []Step) {
	for _, step := range steps {
		if step(c) != nil {
			break
		}
	}
	End(c.Conn, c.in)
}

// ReadHead reads a request's head, up to and including the empty line.
func ReadHead(c *Conn) error {
	_, err := readRawHead(c.in)
	return err
}

// Branch reads a request's head and goes on with the steps that choose gives for it: variants of a probe come on
// connections of their own, in any order.
func Branch(choose func(head string) []Step) Step {
	return func(c *Conn) error {
		head, err := readRawHead(c.in)
		if err != nil {
			return err
		}
		for _, step := range choose(string(head)) {
			if err := step(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// ReadBody reads n bytes.
func ReadBody(n int64) Step {
	return func(c *Conn) error {
		_, err := io.CopyN(io.Discard, c.in, n)
		return err
	}
}

// ReadLine reads a line and its end.
func ReadLine(c *Conn) error {
	_, err := c.in.ReadString('\n')
	return err
}

// Secure goes on over TLS, as after STARTTLS.
func Secure(config *tls.Config) Step {
	return func(c *Conn) error {
		secure := tls.Server(c.Conn, config)
		c.Conn, c.in = secure, bufio.NewReader(secure)
		return secure.HandshakeContext(context.Background())
	}
}

// Await waits until the client sends something more, and leaves it to be read.
func Await(c *Conn) error {
	_, err := c.in.Peek(1)
	return err
}

// Write sends text as it is, in one piece.
func Write(text string) Step {
	return func(c *Conn) error {
		_, err := io.WriteString(c, text)
		return err
	}
}

// Drip sends text byte by byte with a pause after each.
func Drip(text string, pause time.Duration) Step {
	return func(c *Conn) error {
		for i := range len(text) {
			if _, err := c.Write([]byte{text[i]}); err != nil {
				return err
			}
			if err := Wait(pause)(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// Wait lets time pass, or returns at once when the test ends.
func Wait(d time.Duration) Step {
	return func(c *Conn) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-c.ended:
			return net.ErrClosed
		}
	}
}

// Hang keeps the connection open without a word, reading and discarding, until the client or the test ends it.
func Hang(c *Conn) error {
	_, err := io.Copy(io.Discard, c.in)
	return err
}

// Reset ends the connection with an RST.
func Reset(c *Conn) error { return reset(c.Conn) }

// Cut ends the connection with a FIN and without TLS's close_notify.
func Cut(c *Conn) error { return tcpOf(c.Conn).Close() }

type lockedWriter struct {
	mu *sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}
