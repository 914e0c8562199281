package wire

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

func TestConn_whatBecameOfIt(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	tests := map[string]struct {
		script   func(p *peer)
		state    State
		reason   string // of the failure, stage receive; empty for a success
		final    bool
		leftOver int
		reusable bool
	}{
		"kept open":                  {held(ok), Open, "", true, 0, true},
		"closed after the body":      {once(ok), Closed, "", true, 0, false},
		"kept open, but not for us":  {held("HTTP/1.1 200 OK\r\nConnection: close\r\n" + length("ok")), Open, "", true, 0, false},
		"HTTP/1.0":                   {held("HTTP/1.0 200 OK\r\n" + length("ok")), Open, "", true, 0, false},
		"HTTP/1.0 with keep-alive":   {held("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" + length("ok")), Open, "", true, 0, true},
		"bytes left over, kept open": {held(ok + "xy"), Open, "", true, 2, false},
		"more left over than read":   {held(ok + string(bytes.Repeat([]byte("x"), 3*maxStray))), Open, "", true, -1, false},
		"reset after the body":       {thenReset(ok), Reset, "", true, 0, false},
		"closed before the head":     {once(""), Closed, "closed", false, 0, false},
		"closed in the head":         {once("HTTP/1.1 200 O"), Closed, "closed", false, 0, false},
		"closed after a 100":         {once("HTTP/1.1 100 Continue\r\n\r\n"), Closed, "closed", false, 0, false},
		"closed in the body":         {once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), Closed, "closed", true, 0, false},
		"reset before the head":      {thenReset(""), Reset, "reset", false, 0, false},
		"reset in the head":          {thenReset("HTTP/1.1 200 O"), Reset, "reset", false, 0, false},
		"reset in the body":          {thenReset("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), Reset, "reset", true, 0, false},
		"malformed framing":          {held("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "", "malformed", true, 0, false},
		"truncated":                  {held("HTTP/1.1 200 OK\r\n" + length("0123456789abcdef")), "", "", true, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, serve(t, nil, tt.script), testLimit)
			x, _, err := c.Do(get, 10)
			stage := failure.Receive
			if tt.reason == "" {
				stage = ""
			}
			wantFailure(t, err, stage, tt.reason)
			wait := time.Second // for an end that comes
			if tt.state == Open {
				wait = 20 * time.Millisecond
			}
			x.Listen(wait)
			if c.Record.State != tt.state {
				t.Errorf("state %q, want %q", c.Record.State, tt.state)
			}
			if got := x.Record.Final != nil; got != tt.final {
				t.Errorf("final response: %t, want %t", got, tt.final)
			}
			if tt.leftOver >= 0 && c.Record.LeftOver != tt.leftOver || c.Record.LeftOver > 2*maxStray {
				t.Errorf("%d bytes left over, want %d", c.Record.LeftOver, tt.leftOver)
			}
			if got := c.Reusable(); got != tt.reusable {
				t.Errorf("reusable: %t, want %t", got, tt.reusable)
			}
		})
	}
}

// thenReset is once that ends with an RST, after the client had time to read.
func thenReset(answer string) func(p *peer) {
	return func(p *peer) {
		p.head()
		p.send(answer)
		time.Sleep(30 * time.Millisecond)
		p.reset()
	}
}

func TestConn_notReusableWhileABodyIsOwed(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t, nil, held("HTTP/1.1 401 Unauthorized\r\n"+length("no"))), testLimit)
	if !c.Reusable() {
		t.Error("a fresh connection is not reusable")
	}
	x := c.Begin(post)
	wantFailure(t, x.SendHead(), "", "")
	_, err := x.Finish(10)
	wantFailure(t, err, "", "")
	if c.Reusable() {
		t.Error("the server still waits for the body; the next request would be read as that")
	}
}

// A server that refuses before it has read the request closes with an RST. What it said is what counts.
func TestDo_earlyAnswerThenReset(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"TCP": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answered := make(chan struct{})
			c := connectSecure(t, secure, func(p *peer) {
				p.head()
				p.send("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\n" + length("no"))
				p.reset()
				close(answered)
			})
			x := c.Begin(post)
			wantFailure(t, x.SendHead(), "", "")
			<-answered
			time.Sleep(20 * time.Millisecond)
			wantFailure(t, x.SendBody(), failure.Send, "reset")
			body, err := x.Finish(10)
			wantFailure(t, err, "", "")
			if x.Record.Final.Status != 401 || string(body) != "no" {
				t.Errorf("got %d with %q, want 401 with %q", x.Record.Final.Status, body, "no")
			}
			if c.Record.State != Reset {
				t.Errorf("state %q, want reset", c.Record.State)
			}
		})
	}
}

// The same in one piece: what was received already is given, though not all could be sent.
func TestDo_earlyAnswerToALargeBody(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t, nil, func(p *peer) {
		p.head()
		p.send("HTTP/1.1 413 Payload Too Large\r\n" + length("no"))
		time.Sleep(50 * time.Millisecond)
		p.reset()
	}), testLimit)
	req := *post
	req.Body = make([]byte, 64<<20)
	x, body, err := c.Do(&req, 10)
	wantFailure(t, err, "", "")
	if x.Record.Final.Status != 413 || string(body) != "no" || x.Record.BytesSent >= int64(len(req.Body)) {
		t.Errorf("got %d with %q after %d bytes sent", x.Record.Final.Status, body, x.Record.BytesSent)
	}
}

func TestDo_resetWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	c := connect(t, serve(t, nil, func(p *peer) {
		p.head()
		p.reset()
	}), testLimit)
	req := *post
	req.Body = make([]byte, 64<<20)
	x, _, err := c.Do(&req, 10)
	wantFailure(t, err, failure.Send, "reset")
	if x.Record.BytesSent >= int64(len(req.Body)) || c.Record.State != Reset {
		t.Errorf("%d bytes sent, state %q, want not all of them, and reset", x.Record.BytesSent, c.Record.State)
	}
}

// Bytes are exact, per exchange and in all, above and below TLS, whatever comes in one segment.
func TestDo_bytesAreWhatTheServerCounted(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"TCP": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answers := []string{
				"HTTP/1.1 401 Unauthorized\r\n" + length("no"),
				"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\n\r\n",
				"HTTP/1.1 200 OK\r\n" + length(string(make([]byte, 100_000))),
			}
			type counts struct{ plainIn, plainOut, wireIn, wireOut int64 }
			counted := make(chan counts, 1)
			c := connectSecure(t, secure, func(p *peer) {
				for _, a := range answers {
					p.head()
					p.body(len(post.Body))
					p.send(a)
				}
				out := p.wireOut.Load() // before the close_notify, for which the client does not wait
				p.body(1)               // until the client closes
				counted <- counts{p.plainIn.n.Load(), p.plainOut.Load(), p.wireIn.Load(), out}
			})
			var sum counts
			for i, a := range answers {
				x, _, err := c.Do(post, 1<<20)
				wantFailure(t, err, "", "")
				if x.Record.BytesReceived != int64(len(a)) {
					t.Errorf("exchange %d: %d bytes received, want %d", i, x.Record.BytesReceived, len(a))
				}
				if over := x.Record.WireReceived - x.Record.BytesReceived; over < 0 || !secure && over > 0 {
					t.Errorf("exchange %d: %d bytes of HTTP in %d on the wire", i, x.Record.BytesReceived, x.Record.WireReceived)
				}
				sum.plainIn += x.Record.BytesSent
				sum.plainOut += x.Record.BytesReceived
			}
			c.Close()
			got := <-counted
			sum.wireIn, sum.wireOut = c.Record.WireSent, c.Record.WireReceived
			if got != sum {
				t.Errorf("counted %+v, the server %+v", sum, got)
			}
		})
	}
}

func TestConn_closeDoesNotWaitForAPeerThatReadsNothing(t *testing.T) {
	t.Parallel()
	c := connectSecure(t, true, func(p *peer) { _ = p.Conn.(interface{ Handshake() error }).Handshake(); p.hang() })
	_ = c.raw.Conn.(*net.TCPConn).SetWriteBuffer(4 << 10) // fixed: it must not grow meanwhile
	for _, size := range []int{1 << 20, 1} {              // fill every buffer on the way, to the last byte
		_ = c.raw.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
		for {
			if _, err := c.raw.Write(make([]byte, size)); err != nil {
				break
			}
		}
	}
	begun := time.Now()
	c.Close()
	if took := time.Since(begun); took > 3*time.Second { // crypto/tls itself would wait 5 s
		t.Errorf("closing took %v", took)
	}
	if c.Record.WireSent == 0 {
		t.Error("the record was not completed")
	}
	c.Close() // again does no harm
}

func TestConn_endOfTheProbeBreaksReads(t *testing.T) {
	t.Parallel()
	tests := map[string]func() (context.Context, context.CancelFunc){
		"deadline": func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), 200*time.Millisecond)
		},
		"cancel": func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(200*time.Millisecond, cancel)
			return ctx, cancel
		},
		"cancelled before": func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(100*time.Millisecond, cancel)
			return ctx, cancel
		},
	}
	for name, limit := range tests {
		for _, wait := range []time.Duration{0, time.Hour} {
			t.Run(name+"/"+wait.String(), func(t *testing.T) {
				t.Parallel()
				address := serve(t, nil, func(p *peer) { p.hang() })
				ctx, cancel := limit()
				defer cancel()
				d := &Dialer{Epoch: time.Now()}
				c, err := d.Connect(ctx, 1, "mail", &Resolution{Name: "mail"}, address)
				defer c.Close()
				wantFailure(t, err, "", "")
				x := c.Begin(get)
				wantFailure(t, x.SendHead(), "", "")
				if name == "cancelled before" {
					<-ctx.Done()
				}
				until := time.Time{}
				if wait > 0 {
					until = time.Now().Add(wait)
				}
				_, err = x.Await(until)
				wantFailure(t, err, failure.Receive, "timeout")
				if c.Record.State != "" {
					t.Errorf("state %q, want none: nothing became of it", c.Record.State)
				}
			})
		}
	}
}
