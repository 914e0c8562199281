package wire

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// TestStream_pieces: a piece is there before the next is sent, whatever the framing.
func TestStream_pieces(t *testing.T) {
	t.Parallel()
	pieces := []string{"<a/>", "<b>more</b>", "<c/>"}
	tests := map[string]struct {
		head  string
		piece func(s string) string
		end   string
		state State
	}{
		"chunked":           {"Transfer-Encoding: chunked\r\n", func(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }, "0\r\n\r\n", ""},
		"by length":         {"Content-Length: 19\r\n", func(s string) string { return s }, "", ""},
		"until it is ended": {"", func(s string) string { return s }, "", Closed},
	}
	for name, tt := range tests {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %t", name, secure), func(t *testing.T) {
				t.Parallel()
				next := make(chan bool)
				c := connectSecure(t, secure, func(p *peer) {
					p.head()
					p.send("HTTP/1.1 200 OK\r\n" + tt.head + "\r\n")
					for _, s := range pieces {
						<-next
						p.send(tt.piece(s))
					}
					<-next
					p.send(tt.end)
					if tt.state == "" {
						p.hang()
					}
				})
				x, err := c.Start(get)
				if err != nil || x.Record.Final == nil || x.Record.End != nil {
					t.Fatalf("after the head: %v, %+v", err, x.Record)
				}
				body, err := x.Stream(100)
				if err != nil {
					t.Fatal(err)
				}
				p := make([]byte, 100)
				for _, want := range pieces {
					next <- true
					if n, err := body.Read(p); err != nil || string(p[:n]) != want {
						t.Fatalf("read %q (%v), want %q", p[:n], err, want)
					}
				}
				next <- true
				for range 2 {
					if n, err := body.Read(p); n != 0 || err != io.EOF { //nolint:errorlint // io.Reader promises it as it is
						t.Errorf("at the end: %d bytes, %v", n, err)
					}
				}
				if x.Record.Final.BodyLength != 19 || x.Record.End == nil || c.Record.State != tt.state || c.Reusable() != (tt.state == "") {
					t.Errorf("%d bytes, end %v, state %q, reusable %t", x.Record.Final.BodyLength, x.Record.End, c.Record.State, c.Reusable())
				}
			})
		}
	}
}

// TestStream_ends: how a body that stays open can end, and what the reader is told.
func TestStream_ends(t *testing.T) {
	t.Parallel()
	const begun = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
	tests := map[string]struct {
		script    func(p *peer)
		body      string
		reason    string // empty for io.EOF
		state     State
		truncated bool
	}{
		"cut":             {once(begun), "hello", "closed", Closed, false},
		"reset":           {thenReset(begun), "hello", "reset", Reset, false},
		"no chunk":        {held(begun + "nonsense\r\n"), "hello", "malformed", "", false},
		"beyond its size": {held(begun + "5\r\nworldwide\r\n"), "helloworld", "malformed", "", false},
		"a flood":         {held(begun + "10\r\n0123456789abcdef\r\n"), "hello0123456789a", "", "", true},
		"held open":       {held(begun), "hello", "timeout", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limit := testLimit
			if tt.reason == "timeout" {
				limit = 200 * time.Millisecond
			}
			c := connect(t, serve(t, nil, tt.script), limit)
			x, err := c.Start(get)
			if err != nil {
				t.Fatal(err)
			}
			stream, err := x.Stream(16)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(stream)
			if tt.reason != "" {
				wantFailure(t, err, failure.Receive, tt.reason)
			} else if err != nil {
				t.Error(err)
			}
			if string(body) != tt.body && tt.reason != "reset" { // a reset may overtake what was sent
				t.Errorf("%q, want %q", body, tt.body)
			}
			if c.Record.State != tt.state || x.Record.Final.Truncated != tt.truncated || c.Reusable() {
				t.Errorf("state %q, truncated %t, reusable %t", c.Record.State, x.Record.Final.Truncated, c.Reusable())
			}
		})
	}
}

// TestStream_isGivenUp: who has read enough ends the connection's context, from another goroutine too.
func TestStream_isGivenUp(t *testing.T) {
	t.Parallel()
	address := serve(t, nil, held("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c, err := (&Dialer{Epoch: time.Now()}).Connect(ctx, 1, "test", &Resolution{}, address)
	defer c.Close()
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.Start(get)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := x.Stream(1 << 10)
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 10)
	if n, err := stream.Read(p); err != nil || string(p[:n]) != "hello" {
		t.Fatalf("%q, %v", p[:n], err)
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	begun := time.Now()
	_, err = stream.Read(p)
	wantFailure(t, err, failure.Receive, "timeout")
	if took := time.Since(begun); took > testLimit/2 {
		t.Errorf("it went on for %v", took)
	}
	if x.Record.BytesReceived == 0 || x.Record.End != nil {
		t.Errorf("%d bytes received, end %v", x.Record.BytesReceived, x.Record.End)
	}
}

// TestStart_earlyAnswer: like Do, it reads what a peer said that refused before it had all.
func TestStart_earlyAnswer(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t, nil, func(p *peer) {
		p.head()
		p.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Too Large\r\n" + length("no"))
		p.hang()
	}), testLimit)
	x, err := c.Start(&Request{Method: "POST", Target: "/", Host: "h", Body: []byte(strings.Repeat("x", 10))})
	if err != nil || x.Record.Final.Status != 413 {
		t.Fatalf("%v", err)
	}
	if body, err := x.Finish(10); err != nil || string(body) != "no" {
		t.Errorf("%q, %v", body, err)
	}
	_, err = c.Start(&Request{Method: "GET", Target: "/a b", Host: "h"})
	wantFailure(t, err, failure.Send, "invalid")
}
