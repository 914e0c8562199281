// Package script is what scripted peers are made of, beside the steps of package lab: requests that are taken and answered,
// good and bad, name servers, certificates, logons. The parts of probers and the tests of hostile peers write their peers
// with it.
package script

import (
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Skip leaves out what cannot be played on this machine.
func Skip(t lab.TB, why string) {
	if s, ok := t.(interface{ Skipf(string, ...any) }); ok {
		s.Skipf("%s", why)
	}
	t.Fatalf("%s", why)
}

// Peer is a server under the service's name.
func Peer(server *lab.Script) lab.Peer {
	return lab.Peer{
		Target: net.JoinHostPort(lab.Service, Port(server)), Authority: Authority(), Resolver: Leads{}, Cost: server.Cost,
	}
}

// Port is where a server listens.
func Port(server *lab.Script) string {
	_, port, _ := net.SplitHostPort(server.Addr())
	return port
}

// Plain is a peer that plays a script on TCP.
func Plain(t lab.TB, steps ...lab.Step) lab.Peer { return Peer(lab.Serve(t, steps...)) }

// HTTPS is a peer that plays a script within TLS.
func HTTPS(t lab.TB, steps ...lab.Step) lab.Peer { return Peer(lab.ServeTLS(t, TLS(t), steps...)) }

// Closed is a port where nobody listens.
func Closed(t lab.TB) lab.Peer {
	_, port, _ := net.SplitHostPort(Refusing(t))
	return lab.Peer{Target: net.JoinHostPort(lab.Service, port), Authority: Authority(), Resolver: Leads{}}
}

// Refusing is an address that refuses connections. It is the near end of a connection that stays open, so that nobody is given it.
func Refusing(t lab.TB) string {
	var listen net.ListenConfig
	l, err := listen.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("finding a port: %v", err)
	}
	c, err := new(net.Dialer).DialContext(context.Background(), "tcp4", l.Addr().String())
	if err != nil {
		t.Fatalf("keeping a port: %v", err)
	}
	t.Cleanup(func() { _, _ = c.Close(), l.Close() })
	return c.LocalAddr().String()
}

// Request reads a request and does what follows. A client that expects a 100 gets one, so that it sends its body and what
// follows is met where it lies.
func Request(then ...lab.Step) lab.Step {
	return lab.Branch(func(head string) []lab.Step { return append(Received(head), then...) })
}

// Received are the steps that take a request's body.
func Received(head string) []lab.Step {
	var steps []lab.Step
	if Expects(head) {
		steps = append(steps, lab.Write(Continue))
	}
	return append(steps, Body(head)...)
}

// Continue is the interim response that a client may wait for.
const Continue = "HTTP/1.1 100 Continue\r\n\r\n"

// Expects tells whether a request waits for Continue.
func Expects(head string) bool { return strings.Contains(head, "\r\nExpect:") }

// Body are the steps that take a request's body, and say nothing. Who announces more than 63 bits can hold sends none.
func Body(head string) (steps []lab.Step) {
	_, rest, _ := strings.Cut(head, "\r\nContent-Length: ")
	digits, _, _ := strings.Cut(rest, "\r\n")
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil && n > 0 {
		steps = append(steps, lab.ReadBody(n))
	}
	return steps
}

// Answers answers the first request of each connection with these texts, and holds the connection.
func Answers(texts ...string) lab.Step {
	return Request(lab.Write(strings.Join(texts, "")), lab.Hang)
}

// Ends answers and ends the connection.
func Ends(texts ...string) lab.Step { return Request(lab.Write(strings.Join(texts, ""))) }

// Floods answers with a beginning, and then with a piece again and again as long as somebody reads.
func Floods(begin, piece string) lab.Step { return Request(lab.Write(begin), Endless(piece)) }

// Drips answers with a beginning, and then with a piece again and again, too slowly to come to an end.
func Drips(begin, piece string) lab.Step { return Request(lab.Write(begin), Dripping(piece)) }

// Endless writes a piece again and again.
func Endless(piece string) lab.Step {
	return func(c *lab.Conn) error {
		chunk := chunkOf(piece)
		for {
			if _, err := c.Write(chunk); err != nil {
				return err
			}
		}
	}
}

// Many writes a piece so often that it makes n bytes.
func Many(piece string, n int) lab.Step {
	return func(c *lab.Conn) error {
		chunk := chunkOf(piece)
		for left := n; left > 0; left -= len(chunk) {
			if _, err := c.Write(chunk[:min(left, len(chunk))]); err != nil {
				return err
			}
		}
		return nil
	}
}

func chunkOf(piece string) []byte { return bytes.Repeat([]byte(piece), 1+(64<<10)/len(piece)) }

// Dripping writes a piece again and again, ten times a second.
func Dripping(piece string) lab.Step {
	return func(c *lab.Conn) error {
		for {
			if _, err := io.WriteString(c, piece); err != nil {
				return err
			}
			if err := lab.Wait(100 * time.Millisecond)(c); err != nil {
				return err
			}
		}
	}
}

// OK is the head of a good response, less the empty line.
const OK = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"

// Sized is a good response with this body.
func Sized(body string) string {
	return Responds("200 OK", "Content-Type: text/xml; charset=utf-8\r\n", body)
}

// Responds is a response with these fields, each with its line end, and this body.
func Responds(status, fields, body string) string {
	return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// Each plays a step, which takes a request and answers it, as long as requests come.
func Each(step lab.Step) lab.Step {
	return func(c *lab.Conn) error {
		for {
			if err := step(c); err != nil {
				return err
			}
		}
	}
}

// Unauthorized is a 401 with these challenges.
func Unauthorized(challenges ...string) lab.Step {
	var fields strings.Builder
	for _, c := range challenges {
		fields.WriteString("WWW-Authenticate: " + c + "\r\n")
	}
	return lab.Write(Responds("401 Unauthorized", fields.String(), ""))
}

// Asking answers every request by what its Authorization field holds, which is empty before a logon.
func Asking(answer func(authorization string) []lab.Step) lab.Step {
	return Each(lab.Branch(func(head string) []lab.Step {
		_, rest, _ := strings.Cut(head, "\r\nAuthorization: ")
		authorization, _, _ := strings.Cut(rest, "\r\n")
		return append(Received(head), answer(authorization)...)
	}))
}
