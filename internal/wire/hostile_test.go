package wire

import (
	"bytes"
	"context"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// flood sends piece again and again, until the client ends the connection or n bytes were sent.
func (p *peer) flood(piece string, n int) {
	chunk := bytes.Repeat([]byte(piece), 1+(64<<10)/len(piece))
	for p.plainOut.Load() < int64(n) {
		sent, err := p.Write(chunk)
		p.plainOut.Add(int64(sent))
		if err != nil {
			return
		}
	}
}

// Whatever a server sends, an exchange ends soon, with the right failure, and in bounded memory.
func TestDo_hostileServers(t *testing.T) {
	const huge = 1 << 30
	flood := func(first, piece string) func(p *peer) {
		return func(p *peer) {
			p.head()
			p.send(first)
			p.flood(piece, huge)
		}
	}
	const status = "HTTP/1.1 200 OK\r\n"
	tests := map[string]struct {
		script func(p *peer)
		reason string
	}{
		"a header line of 1 GiB":           {flood(status+"X: ", "x"), "too_large"},
		"endless header lines":             {flood(status, "X: y\r\n"), "too_large"},
		"endless continuation lines":       {flood(status+"X: y\r\n", " z\r\n"), "too_large"},
		"too many header lines":            {once(status + strings.Repeat("X: y\r\n", maxFields+1) + "\r\n"), "malformed"},
		"a reason phrase of 1 GiB":         {flood("HTTP/1.1 200 ", "x"), "too_large"},
		"endless empty lines":              {flood("", "\r\n"), "too_large"},
		"endless 100s":                     {flood("", "HTTP/1.1 100 Continue\r\n\r\n"), "malformed"},
		"endless 100s with large heads":    {flood("", "HTTP/1.1 100 Continue\r\nX: "+strings.Repeat("x", 60<<10)+"\r\n\r\n"), "too_large"},
		"endless chunk size":               {flood(status+"Transfer-Encoding: chunked\r\n\r\n", "0"), "malformed"},
		"endless chunk extensions":         {flood(status+"Transfer-Encoding: chunked\r\n\r\n5;", "x"), "malformed"},
		"endless trailers":                 {flood(status+"Transfer-Encoding: chunked\r\n\r\n0\r\n", "X: y\r\n"), "malformed"},
		"endless body":                     {flood(status+"\r\n", "x"), ""},
		"garbage":                          {held("\x00\x01\x02\x03"), "malformed"},
		"garbage of one byte":              {held("S"), "malformed"},
		"another protocol":                 {held("220 mail ESMTP ready"), "malformed"},
		"HTTP/2":                           {held("\x00\x00\x12\x04\x00\x00\x00\x00\x00"), "malformed"},
		"HTTP/2.0 in words":                {held("HTTP/2 200\r\n\r\n"), "malformed"},
		"no version":                       {held("HTTP/1. 200 OK\r\n\r\n"), "malformed"},
		"no status":                        {held("HTTP/1.1 \r\n\r\n"), "malformed"},
		"a status of two digits":           {held("HTTP/1.1 20 OK\r\n\r\n"), "malformed"},
		"a status of four digits":          {held("HTTP/1.1 2000 OK\r\n\r\n"), "malformed"},
		"a status below 100":               {held("HTTP/1.1 099 OK\r\n\r\n"), "malformed"},
		"NUL in the status line":           {held("HTTP/1.1 200 O\x00K\r\n\r\n"), "malformed"},
		"NUL in a header":                  {held(status + "X: a\x00b\r\n\r\n"), "malformed"},
		"bare CR in a header":              {held(status + "X: a\rSet-Cookie: b\r\n\r\n"), "malformed"},
		"bare CR in the status line":       {held("HTTP/1.1 200 OK\rX: y\r\n\r\n"), "malformed"},
		"a header without a colon":         {held(status + "nonsense\r\n\r\n"), "malformed"},
		"a header without a name":          {held(status + ": x\r\n\r\n"), "malformed"},
		"a space in a header's name":       {held(status + "X Y: z\r\n\r\n"), "malformed"},
		"a continuation of nothing":        {held(status + " x\r\n\r\n"), "malformed"},
		"a page without a head (HTTP/0.9)": {once("<html></html>"), "malformed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent int64
			ended := make(chan struct{})
			c := connect(t, serve(t, nil, func(p *peer) {
				defer close(ended)
				tt.script(p)
				sent = p.plainOut.Load()
			}), testLimit)
			x, body, err := c.Do(get, 64<<10)
			stage := failure.Receive
			if tt.reason == "" {
				stage = ""
			}
			wantFailure(t, err, stage, tt.reason)
			x.Listen(time.Millisecond)
			c.Close()
			if len(body) > 64<<10 || len(x.Record.Interim) > maxInterim+1 {
				t.Errorf("%d bytes of body, %d interim responses", len(body), len(x.Record.Interim))
			}
			if x.Record.BytesReceived > 2<<20 {
				t.Errorf("%d bytes were read", x.Record.BytesReceived)
			}
			if err != nil && len(err.Error()) > 5*quoted {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
			if strings.HasPrefix(name, "endless") || strings.Contains(name, "GiB") {
				if <-ended; sent >= huge {
					t.Error("all of it was taken")
				}
			}
		})
	}
}

// Not parallel: it measures the memory of the whole process.
func TestDo_memoryIsBounded(t *testing.T) {
	c := connect(t, serve(t, nil, func(p *peer) {
		p.head()
		p.send("HTTP/1.1 200 OK\r\nX: ")
		p.flood("x", 1<<30)
	}), testLimit)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := c.Do(get, 64<<10)
	runtime.ReadMemStats(&after)
	wantFailure(t, err, failure.Receive, "too_large")
	if all := after.TotalAlloc - before.TotalAlloc; all > 32<<20 {
		t.Errorf("%d MiB were allocated for a head of at most 1 MiB", all>>20)
	}
}

// Parsing is not interrupted by the probe's end, so it must be fast for the worst head that the bounds let through.
func TestParseHead_worstHead(t *testing.T) {
	t.Parallel()
	const status, value = "HTTP/1.1 200 OK\r\n", "A: b\r\n"
	for name, line := range map[string]string{"continuations": " c\r\n", "blank continuations": " \n", "line ends in a value": "\t\r\n\t"} {
		head := status + value + strings.Repeat(line, (maxHead-100)/len(line)) + "\r\n\r\n"
		begun := time.Now()
		_, _ = parseHead([]byte(head))
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s: parsing %d bytes took %v", name, len(head), took)
		}
	}
}

// A server that sends one byte now and then, or none, is waited for until the probe's limit and no longer.
func TestDo_slowServers(t *testing.T) {
	t.Parallel()
	drip := func(first, piece string) func(p *peer) {
		return func(p *peer) {
			p.head()
			p.send(first)
			for {
				select {
				case <-p.gone:
					return
				case <-time.After(20 * time.Millisecond):
					p.send(piece)
				}
			}
		}
	}
	tests := map[string]struct {
		script func(p *peer)
		final  bool
		says   string // a pattern of how the wait went
	}{
		"nothing":                   {func(p *peer) { p.hang() }, false, `nothing came for 0\.\d s, until the time limit$`},
		"a 100 and then nothing":    {held("HTTP/1.1 100 Continue\r\n\r\n"), false, `nothing more came for 0\.\d s, until the time limit$`},
		"a header byte by byte":     {drip("HTTP/1.1 200 OK\r\nX: ", "x"), false, endedIn("head that did not end")},
		"header lines one by one":   {drip("HTTP/1.1 200 OK\r\n", "X: y\r\n"), false, endedIn("head that did not end")},
		"a head behind a 100":       {drip("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200", "x"), false, endedIn("head that did not end")},
		"100s one by one":           {drip("", "HTTP/1.1 100 Continue\r\n\r\n"), false, ""},
		"empty lines":               {drip("", "\r\n"), false, endedIn("head that did not end")},
		"a body byte by byte":       {drip("HTTP/1.1 200 OK\r\n\r\n", "x"), true, endedIn("the body")},
		"a chunk size byte by byte": {drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0"), true, endedIn("the body")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			c := connect(t, serve(t, nil, tt.script), 200*time.Millisecond)
			x, _, err := c.Do(get, 64<<10)
			wantFailure(t, err, failure.Receive, "timeout")
			if took := time.Since(begun); took > 3*time.Second {
				t.Errorf("it took %v, with a limit of 0.2 s", took)
			}
			if !regexp.MustCompile(tt.says).MatchString(err.Error()) {
				t.Errorf("%q, want %s", err, tt.says)
			}
			if got := x.Record.Final != nil; got != tt.final {
				t.Errorf("final response: %t, want %t", got, tt.final)
			}
			if partial := int64(len(x.partial)); partial > 0 && x.Record.Unfinished != partial || (x.Record.Quiet == nil) != tt.final {
				t.Errorf("%d bytes of an unfinished head, quiet for %v, want %d bytes", x.Record.Unfinished, x.Record.Quiet, partial)
			}
			if !tt.final && len(x.partialOrInterim()) == 0 && name != "nothing" && name != "empty lines" {
				t.Error("what was measured is lost")
			}
		})
	}
}

// endedIn is the pattern of a time limit that was over while something was coming.
func endedIn(what string) string {
	return `the time limit was over after \d+ bytes of (a )?` + what + `, 0\.\d s after the last byte$`
}

// partialOrInterim is what came without becoming a final response.
func (x *Dialogue) partialOrInterim() string {
	s := string(x.partial)
	for _, r := range x.Record.Interim {
		s += r.Raw
	}
	return s
}

// A request that cannot be written because the server reads nothing ends with the probe too.
func TestDo_serverReadsNothing(t *testing.T) {
	t.Parallel()
	req := *post
	req.Body = make([]byte, 32<<20)
	c := connect(t, serve(t, nil, func(p *peer) { p.hang() }), 500*time.Millisecond)
	x, _, err := c.Do(&req, 10)
	wantFailure(t, err, failure.Send, "timeout")
	if x.Record.BytesSent >= int64(len(req.Body)) { // none at all, where the machine is slow to begin
		t.Errorf("%d bytes sent", x.Record.BytesSent)
	}
}

func TestHandshake_hostileServers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		script func(p *peer)
		reason string
	}{
		"nothing":         {func(p *peer) { p.hang() }, "timeout"},
		"plain HTTP":      {func(p *peer) { p.send("HTTP/1.1 400 Bad Request\r\n\r\n"); p.hang() }, "not_tls"},
		"garbage":         {func(p *peer) { p.send("\x00\xff\x00\xff\x00\xff\x00\xff"); p.hang() }, "not_tls"},
		"TLS garbage":     {func(p *peer) { p.send("\x16\x03\x03\x00\x08garbage!"); p.hang() }, "handshake"},
		"alert":           {func(p *peer) { p.send("\x15\x03\x03\x00\x02\x02\x28"); p.hang() }, "alert"},
		"version alert":   {func(p *peer) { p.send("\x15\x03\x01\x00\x02\x02\x46"); p.hang() }, "version"},
		"an endless head": {func(p *peer) { p.flood("\x16\x03\x03\x40\x00"+strings.Repeat("\x02\xff\xff\xff", 1<<12), 1<<30) }, "handshake"},
		"closed":          {func(p *peer) { _, _ = p.in.Peek(1); _, _ = p.in.Discard(p.in.Buffered()) }, "closed"},
		"reset":           {func(p *peer) { _, _ = p.in.Peek(1); p.reset() }, "reset"},
		"byte by byte": {func(p *peer) {
			for range 10 {
				p.send("\x16")
				time.Sleep(10 * time.Millisecond)
			}
		}, "not_tls"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limit := testLimit
			if tt.reason == "timeout" {
				limit = 100 * time.Millisecond
			}
			c := connect(t, serve(t, nil, tt.script), limit)
			err := c.Handshake(&TLS{ServerName: "mail.contoso.com"})
			wantFailure(t, err, failure.TLS, tt.reason)
			if c.Record.TLS == nil || c.Record.TLS.Length() <= 0 || c.Record.Secure == nil {
				t.Errorf("TLS %v, secure %v: want both recorded", c.Record.TLS, c.Record.Secure)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		address := serve(t, nil, func(p *peer) { p.hang() })
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(50*time.Millisecond, cancel)
		d := &Dialer{Epoch: time.Now()}
		c, err := d.Connect(ctx, 1, "mail", &Resolution{Name: "mail"}, address)
		defer c.Close()
		wantFailure(t, err, "", "")
		wantFailure(t, c.Handshake(&TLS{ServerName: "mail"}), failure.TLS, "timeout")
	})
}
