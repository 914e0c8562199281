package wire

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
)

// story tells what came back: "100 103 | 200 OK" and what came after it.
func story(x *Exchange) string {
	var b strings.Builder
	final := false
	for _, r := range x.Interim {
		if r.AfterFinal && !final {
			fmt.Fprintf(&b, "| %d %s ", x.Final.Status, x.Final.Reason)
			final = true
		}
		fmt.Fprintf(&b, "%d ", r.Status)
	}
	if x.Final != nil && !final {
		fmt.Fprintf(&b, "| %d %s", x.Final.Status, x.Final.Reason)
	}
	return strings.TrimSpace(b.String())
}

func TestDo_responses(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	tests := map[string]struct {
		answer string
		story  string
		stray  int
	}{
		"final alone":                  {ok, "| 200 OK", 0},
		"100":                          {"HTTP/1.1 100 Continue\r\n\r\n" + ok, "100 | 200 OK", 0},
		"100 with headers":             {"HTTP/1.1 100 Continue\r\nDate: Mon\r\nServer: kemp\r\n\r\n" + ok, "100 | 200 OK", 0},
		"100 without a reason phrase":  {"HTTP/1.1 100 \r\n\r\n" + ok, "100 | 200 OK", 0},
		"100 without even the space":   {"HTTP/1.1 100\r\n\r\n" + ok, "100 | 200 OK", 0},
		"100 after a 103":              {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok, "103 100 | 200 OK", 0},
		"100 twice":                    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + ok, "100 100 | 200 OK", 0},
		"bare LF":                      {"HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok", "100 | 200 OK", 0},
		"HTTP/1.0":                     {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "| 200 OK", 0},
		"leading empty lines":          {"\r\n\n\r\n" + ok, "| 200 OK", 0},
		"an empty line after the 100":  {"HTTP/1.1 100 Continue\r\n\r\n\r\n" + ok, "100 | 200 OK", 0},
		"100 after the final":          {ok + "HTTP/1.1 100 Continue\r\n\r\n", "| 200 OK 100", 0},
		"a second final response":      {ok + ok, "| 200 OK", len(ok)},
		"a second final after a 100":   {ok + "HTTP/1.1 100 Continue\r\n\r\n" + ok, "| 200 OK 100", len(ok)},
		"garbage after the final":      {ok + "garbage\r\n\x00", "| 200 OK", 10},
		"half a head after the final":  {ok + "HTTP/1.1 1", "| 200 OK", 10},
		"a bad head after the final":   {ok + "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "| 200 OK", 29},
		"an empty line after":          {ok + "\r\n", "| 200 OK", 0},
		"101 is final":                 {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "| 101 Switching Protocols", 0},
		"a reason phrase of two words": {"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n", "| 501 Not Implemented", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := connect(t, serve(t, nil, once(tt.answer)), testLimit)
			x, _, err := c.Do(get, 1<<10)
			wantFailure(t, err, "", "")
			x.Listen(time.Second)
			if got := story(x.Record); got != tt.story {
				t.Errorf("came back %q, want %q", got, tt.story)
			}
			if x.Record.Stray != tt.stray || c.Record.LeftOver != tt.stray {
				t.Errorf("stray %d, left over %d, want %d", x.Record.Stray, c.Record.LeftOver, tt.stray)
			}
			if c.Record.State != Closed {
				t.Errorf("state %q, want closed", c.Record.State)
			}
			if got := x.Record.BytesReceived; got != int64(len(tt.answer)) {
				t.Errorf("%d bytes received, want %d", got, len(tt.answer))
			}
		})
	}
}

func TestDo_headAsItCame(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 401  Unauthorized\r\nserver:Microsoft-IIS/10.0\r\nWWW-Authenticate: Negotiate\r\nwww-authenticate:\tNTLM \r\n" +
		"X-Folded: one\r\n  two\r\n\tthree\r\nEmpty:\r\nConnection: Keep-Alive, X-Other\r\nContent-Length : 0\r\n\r\n"
	c := connect(t, serve(t, nil, once(head)), testLimit)
	x, _, err := c.Do(get, 1<<10)
	wantFailure(t, err, "", "")
	final := x.Record.Final
	if final.Raw != head {
		t.Errorf("raw head %q, want it as it came: %q", final.Raw, head)
	}
	want := []origin.Field{
		{Name: "server", Value: "Microsoft-IIS/10.0"}, {Name: "WWW-Authenticate", Value: "Negotiate"},
		{Name: "www-authenticate", Value: "NTLM"}, {Name: "X-Folded", Value: "one  two three"}, {Name: "Empty", Value: ""},
		{Name: "Connection", Value: "Keep-Alive, X-Other"}, {Name: "Content-Length", Value: "0"},
	}
	if diff := cmp.Diff(want, final.Header); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Negotiate", "NTLM"}, final.Values("WWW-AUTHENTICATE")); diff != "" {
		t.Errorf("Values (-want +got):\n%s", diff)
	}
	if final.Reason != " Unauthorized" || final.Get("SERVER") != "Microsoft-IIS/10.0" || final.Get("none") != "" {
		t.Errorf("reason %q, Server %q, none %q", final.Reason, final.Get("SERVER"), final.Get("none"))
	}
	if !final.Has("connection", "keep-alive") || final.Has("connection", "keep") {
		t.Error("Has does not compare whole tokens regardless of case")
	}
}

func TestDo_requestAsItGoesOut(t *testing.T) {
	t.Parallel()
	fields := []origin.Field{{Name: "User-Agent", Value: "ews_exporter"}, {Name: "Expect", Value: "100-continue"}}
	tests := map[string]struct {
		req  Request
		want string
	}{
		"host first, length last": {
			Request{Method: "POST", Target: "/a?b", Host: "mail:8443", Header: fields, Body: []byte("hello")},
			"POST /a?b HTTP/1.1\r\nHost: mail:8443\r\nUser-Agent: ews_exporter\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
		},
		"no body":                      {Request{Method: "GET", Target: "/", Host: "mail"}, "GET / HTTP/1.1\r\nHost: mail\r\n\r\n"},
		"no body, length all the same": {Request{Method: "POST", Target: "/", Host: "mail", SendLength: true}, "POST / HTTP/1.1\r\nHost: mail\r\nContent-Length: 0\r\n\r\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heads := make(chan string, 1)
			c := connect(t, serve(t, nil, func(p *peer) {
				heads <- p.head()
				p.body(len(tt.req.Body))
				p.send("HTTP/1.1 204 No Content\r\n\r\n")
			}), testLimit)
			x, _, err := c.Do(&tt.req, 0)
			wantFailure(t, err, "", "")
			if got := <-heads; got != tt.want {
				t.Errorf("the server got %q, want %q", got, tt.want)
			}
			if want := int64(len(tt.want) + len(tt.req.Body)); x.Record.BytesSent != want || x.Record.WireSent != want {
				t.Errorf("sent %d bytes, %d on the wire, want %d", x.Record.BytesSent, x.Record.WireSent, want)
			}
			if x.Record.BodyLength != len(tt.req.Body) || (x.Record.Body != nil) != (len(tt.req.Body) > 0) {
				t.Errorf("announced %d bytes of body, sent %v", x.Record.BodyLength, x.Record.Body)
			}
		})
	}
}

// The dialogue that case 1 needs: head, silence, body, and only then an answer.
func TestDialogue_lateBody(t *testing.T) {
	t.Parallel()
	address := serve(t, nil, func(p *peer) {
		p.head()
		p.body(5)
		p.send("HTTP/1.1 501 Not Implemented\r\n" + length("no"))
		p.hang()
	})
	c := connect(t, address, testLimit)
	x := c.Begin(post)
	wantFailure(t, x.SendHead(), "", "")
	r, err := x.Await(time.Now().Add(50 * time.Millisecond))
	if r != nil || err != nil {
		t.Fatalf("awaiting gave %v, %v, want silence", r, err)
	}
	if x.Record.First != nil || x.Record.Body != nil {
		t.Error("something was recorded though nothing came and no body was sent")
	}
	wantFailure(t, x.SendBody(), "", "")
	body, err := x.Finish(1 << 10)
	wantFailure(t, err, "", "")
	if string(body) != "no" || x.Record.Final.Status != 501 {
		t.Errorf("got %d with %q, want 501 with %q", x.Record.Final.Status, body, "no")
	}
	x.Listen(10 * time.Millisecond)
	if c.Record.State != Open || !c.Reusable() {
		t.Errorf("state %q, reusable %t, want an open connection that can be used again", c.Record.State, c.Reusable())
	}
	in := x.Record
	if in.Head.End > in.Body.Start || in.Body.Start-in.Head.End < 0.05 || in.Body.End > in.Final.First || in.Final.At > *in.End || *in.First != in.Final.First {
		t.Errorf("times out of order: head %v, body %v, first %v, final %v to %v, end %v", in.Head, in.Body, *in.First, in.Final.First, in.Final.At, *in.End)
	}
}

// A head that trickles in across the wait belongs to one response, whose first byte came before the wait was over.
func TestAwait_goesOnWithAHeadUnderWay(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"TCP": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const first, second = "\r\nHTTP/1.1 10", "0 Continue\r\nServer: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
			waited := make(chan struct{})
			script := func(p *peer) {
				p.head()
				p.send(first)
				select {
				case <-waited:
				case <-p.gone:
				}
				p.send(second)
				p.hang()
			}
			c := connectSecure(t, secure, script)
			x := c.Begin(get)
			wantFailure(t, x.SendHead(), "", "")
			until := time.Now().Add(100 * time.Millisecond)
			for range 3 { // a timeout must not stick, nor lose a byte
				if r, err := x.Await(until); r != nil || err != nil {
					t.Fatalf("awaiting half a head gave %v, %v, want silence", r, err)
				}
				until = time.Now().Add(10 * time.Millisecond)
			}
			begun := c.dialer.now()
			close(waited)
			r, err := x.Await(time.Time{})
			wantFailure(t, err, "", "")
			if r.Status != 100 || r.Raw != "HTTP/1.1 100 Continue\r\nServer: x\r\n\r\n" || r.First > begun {
				t.Errorf("got %d, raw %q, first byte at %v, want it before %v", r.Status, r.Raw, r.First, begun)
			}
			_, err = x.Finish(0)
			wantFailure(t, err, "", "")
			if got := x.Record.BytesReceived; got != int64(len(first+second)) {
				t.Errorf("%d bytes received, want %d", got, len(first+second))
			}
		})
	}
}

// connectSecure serves script with or without TLS, and connects to it.
func connectSecure(t testing.TB, secure bool, script func(p *peer)) *Conn {
	t.Helper()
	if !secure {
		return connect(t, serve(t, nil, script), testLimit)
	}
	ca := newAuthority(t)
	config := serverConfig(ca.leaf(t, "mail.contoso.com"))
	c := connect(t, serve(t, config, script), testLimit)
	wantFailure(t, c.Handshake(&TLS{ServerName: "mail.contoso.com", Roots: ca.pool()}), "", "")
	return c
}

// A first byte has its own time: the rest of the line may be long in coming.
func TestAwait_firstByte(t *testing.T) {
	t.Parallel()
	came := make(chan struct{})
	address := serve(t, nil, func(p *peer) {
		p.head()
		p.send("H")
		<-came
		p.send("TTP/1.1 204 No Content\r\n\r\n")
	})
	c := connect(t, address, testLimit)
	time.AfterFunc(200*time.Millisecond, func() { close(came) })
	x, _, err := c.Do(get, 0)
	wantFailure(t, err, "", "")
	if r := x.Record.Final; r.At-r.First < 0.1 || *x.Record.First != r.First {
		t.Errorf("first byte at %v (record: %v), whole head at %v: want about 0.2 s between", r.First, *x.Record.First, r.At)
	}
}

// An empty line that somebody left before a response is not that response's first byte.
func TestAwait_emptyLineLongBeforeTheResponse(t *testing.T) {
	t.Parallel()
	came := make(chan struct{})
	c := connect(t, serve(t, nil, func(p *peer) {
		p.head()
		p.send("\r\n")
		<-came
		p.send("HTTP/1.1 204 No Content\r\n\r\n")
	}), testLimit)
	time.AfterFunc(100*time.Millisecond, func() { close(came) })
	x, _, err := c.Do(get, 0)
	wantFailure(t, err, "", "")
	if first := x.Record.Final.First; first-*x.Record.First < 0.05 {
		t.Errorf("the first byte of all came at %v, the response's at %v: want about 0.1 s between", *x.Record.First, first)
	}
}

func TestDo_bodies(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\n"
	const coded = head + "Transfer-Encoding: chunked\r\n\r\n"
	long := strings.Repeat("x", 5000)
	tests := map[string]struct {
		method, answer string
		body           string
		truncated      bool
		stage          failure.Stage
		reason         string
	}{
		"length":                              {answer: head + "Content-Length: 5\r\n\r\nhello", body: "hello"},
		"length given twice":                  {answer: head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", body: "hello"},
		"two lengths":                         {answer: head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", stage: failure.Receive, reason: "malformed"},
		"two lengths in one line":             {answer: head + "Content-Length: 5, 6\r\n\r\nhello", stage: failure.Receive, reason: "malformed"},
		"a length that is no number":          {answer: head + "Content-Length: -5\r\n\r\nhello", stage: failure.Receive, reason: "malformed"},
		"a length beyond 63 bits":             {answer: head + "Content-Length: 18446744073709551615\r\n\r\nhello", stage: failure.Receive, reason: "malformed"},
		"exactly the limit":                   {answer: head + "Content-Length: 10\r\n\r\n0123456789", body: "0123456789"},
		"beyond the limit":                    {answer: head + "Content-Length: 11\r\n\r\n0123456789a", body: "0123456789", truncated: true},
		"cut short":                           {answer: head + "Content-Length: 10\r\n\r\n0123", body: "0123", stage: failure.Receive, reason: "closed"},
		"until close":                         {answer: head + "\r\nhello", body: "hello"},
		"until close, beyond the limit":       {answer: head + "\r\n0123456789a", body: "0123456789", truncated: true},
		"until close, another coding":         {answer: head + "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nhello", body: "hello"},
		"chunked":                             {answer: coded + "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", body: "hello"},
		"chunked wins over length":            {answer: head + "Content-Length: 1\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", body: "hello"},
		"chunked with extension and trailer":  {answer: coded + "5 ; name=\"va;lue\"\r\nhello\r\n0;x\r\nTrailer: y\r\n\r\n", body: "hello"},
		"chunked with bare LF":                {answer: coded + "5\nhello\n0\n\n", body: "hello"},
		"chunked, hex in both cases":          {answer: coded + "A\r\n0123456789\r\n0\r\n\r\n", body: "0123456789"},
		"chunked, empty":                      {answer: coded + "0\r\n\r\n", body: ""},
		"chunked, beyond the limit":           {answer: coded + "8\r\n01234567\r\n8\r\n01234567\r\n0\r\n\r\n", body: "0123456701", truncated: true},
		"chunked, no size":                    {answer: coded + "\r\nhello", stage: failure.Receive, reason: "malformed"},
		"chunked, size not hex":               {answer: coded + "5g\r\nhello\r\n0\r\n\r\n", stage: failure.Receive, reason: "malformed"},
		"chunked, negative size":              {answer: coded + "-5\r\nhello\r\n0\r\n\r\n", stage: failure.Receive, reason: "malformed"},
		"chunked, size beyond 63 bits":        {answer: coded + "8000000000000000\r\nhello\r\n0\r\n\r\n", stage: failure.Receive, reason: "malformed"},
		"chunked, chunk longer than its size": {answer: coded + "3\r\nhello\r\n0\r\n\r\n", body: "hel", stage: failure.Receive, reason: "malformed"},
		"chunked, endless extension":          {answer: coded + "5;" + long + "\r\nhello\r\n0\r\n\r\n", stage: failure.Receive, reason: "malformed"},
		"chunked, endless trailer":            {answer: coded + "0\r\nX: " + long + "\r\n\r\n", stage: failure.Receive, reason: "malformed"},
		"chunked, endless trailers":           {answer: coded + "0\r\n" + strings.Repeat("X: y\r\n", maxFields+1) + "\r\n", stage: failure.Receive, reason: "malformed"},
		"chunked, cut short in the size":      {answer: coded + "5", stage: failure.Receive, reason: "closed"},
		"chunked, cut short in a chunk":       {answer: coded + "5\r\nhel", body: "hel", stage: failure.Receive, reason: "closed"},
		"chunked, cut short before the end":   {answer: coded + "5\r\nhello\r\n", body: "hello", stage: failure.Receive, reason: "closed"},
		"HEAD":                                {method: "HEAD", answer: head + "Content-Length: 5\r\n\r\n"},
		"204":                                 {answer: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"},
		"304":                                 {answer: "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"},
	}
	for name, tt := range tests {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/TLS=%t", name, secure), func(t *testing.T) {
				t.Parallel()
				req := *get
				if tt.method != "" {
					req.Method = tt.method
				}
				c := connectSecure(t, secure, once(tt.answer))
				x, body, err := c.Do(&req, 10)
				wantFailure(t, err, tt.stage, tt.reason)
				final := x.Record.Final
				if string(body) != tt.body || final.BodyLength != int64(len(tt.body)) || final.Truncated != tt.truncated {
					t.Errorf("body %q of %d bytes, truncated %t, want %q, %t", body, final.BodyLength, final.Truncated, tt.body, tt.truncated)
				}
				if (x.Record.End != nil) != (err == nil) {
					t.Errorf("end %v with error %v: only a body that was read has an end", x.Record.End, err)
				}
				x.Listen(time.Second)
				if x.Record.Stray != 0 {
					t.Errorf("%d bytes of an unread body counted as stray", x.Record.Stray)
				}
			})
		}
	}
}

// Many boxes end TLS connections without close_notify. Their error pages are read all the same: crypto/tls takes an end
// between two records for the end.
func TestDo_untilCloseWithoutCloseNotify(t *testing.T) {
	t.Parallel()
	c := connectSecure(t, true, func(p *peer) {
		p.head()
		p.send("HTTP/1.0 501 Not Implemented\r\n\r\nno such thing")
		_ = p.tcp.CloseWrite()
		p.hang()
	})
	x, body, err := c.Do(get, 100)
	wantFailure(t, err, "", "")
	if string(body) != "no such thing" || c.Record.State != Closed || x.Record.Final.Truncated {
		t.Errorf("got %q, state %q, truncated %t", body, c.Record.State, x.Record.Final.Truncated)
	}
}
