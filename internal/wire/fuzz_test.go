package wire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http/httputil"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// seeds are responses as boxes send them, and as they should not.
var seeds = []string{
	exchangeHead,
	"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 100 \r\n\r\n",
	"\r\n\nHTTP/1.0 501\nServer: x\n\nno such thing",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
	"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nX: a\r\n b\r\n\tc\r\n\r\nhello!",
	"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
	"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00",
	"HTTP/2 200\r\n\r\n",
	"220 mail ESMTP\r\n",
	"\x15\x03\x01\x00\x02\x02\x28",
}

// Whatever is taken for a head keeps its bounds, its raw text, and no control character that splits a line.
func FuzzHead(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseHead(raw)
		if err != nil {
			if !failure.Is(err, failure.Receive, "malformed") {
				t.Fatalf("an error that is no failure of ours: %v", err)
			}
			return
		}
		if r.Raw != string(raw) {
			t.Fatalf("raw %q became %q", raw, r.Raw)
		}
		if r.Status < 100 || r.Status > 999 || !strings.HasPrefix(r.Proto, "HTTP/1.") || len(r.Header) > maxFields {
			t.Fatalf("proto %q, status %d, %d fields", r.Proto, r.Status, len(r.Header))
		}
		size := len(r.Reason)
		for _, field := range r.Header {
			size += len(field.Name) + len(field.Value)
			if field.Name == "" || strings.ContainsAny(field.Name, " \t\r\n\x00:") || strings.ContainsAny(field.Value, "\r\n\x00") {
				t.Fatalf("field %q: %q", field.Name, field.Value)
			}
		}
		if size > len(raw) {
			t.Fatalf("%d bytes became %d", len(raw), size)
		}
		if _, n, err := frame("POST", r); err == nil && n < 0 {
			t.Fatalf("a body of %d bytes", n)
		}
	})
}

// A server's whole output, whatever it is, ends in a final response or a failure of stage receive, within the bounds,
// and every byte is accounted for.
func FuzzResponse(f *testing.F) {
	for i, s := range seeds {
		f.Add([]byte(s), uint16(1+i))
	}
	const limit = 100
	f.Fuzz(func(t *testing.T, output []byte, piece uint16) {
		client, server := net.Pipe()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		c := &Conn{Record: &Connection{Address: netip.MustParseAddrPort("192.0.2.1:443")}, dialer: &Dialer{Epoch: time.Now()}, ctx: ctx}
		c.attach(client)
		served := make(chan struct{})
		go func() {
			defer close(served)
			defer func() { _ = server.Close() }()
			_, _ = io.CopyN(io.Discard, server, int64(len("GET /ews/ HTTP/1.1\r\nHost: mail.contoso.com\r\n\r\n")))
			for rest := output; len(rest) > 0; {
				n := min(len(rest), 1+int(piece))
				if _, err := server.Write(rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
		}()
		x, body, err := c.Do(get, limit)
		received := x.Record.BytesReceived
		x.Listen(time.Second)
		c.Close()
		<-served
		switch {
		case ctx.Err() != nil:
			t.Fatal("it did not end")
		case err != nil && !failure.Is(err, failure.Receive, "malformed", "closed", "too_large"):
			t.Fatalf("failed with %+v", failure.From(err))
		case err == nil && x.Record.Final == nil:
			t.Fatal("neither a final response nor a failure")
		case len(body) > limit || len(x.Record.Interim) > maxInterim+1:
			t.Fatalf("%d bytes of body, %d interim responses", len(body), len(x.Record.Interim))
		case received > int64(len(output)) || x.Record.BytesReceived > int64(len(output)) || x.Record.Stray > len(output):
			t.Fatalf("%d, then %d bytes received, %d stray, of %d sent", received, x.Record.BytesReceived, x.Record.Stray, len(output))
		}
		raw := 0
		for _, r := range append(x.Record.Interim, x.Record.Final) {
			if r != nil {
				raw += len(r.Raw)
				if !bytes.Contains(output, []byte(r.Raw)) {
					t.Fatalf("a head that was never sent: %q", r.Raw)
				}
			}
		}
		if raw+x.Record.Stray > len(output) {
			t.Fatalf("%d bytes of heads and %d stray ones of %d sent", raw, x.Record.Stray, len(output))
		}
	})
}

// The chunked coding is read as net/http reads it, or not at all.
func FuzzChunks(f *testing.F) {
	for _, s := range []string{"5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\n", "0\r\n\r\n", "1\r\nx\r\n1\r\ny\r\n0\r\n\r\n", "ffffffffffffffff\r\n", "5\nhello\n0\n\n", "5\r\nhello, world\r\n", " 5 \r\nhello\r\n0\r\n\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, coded []byte) {
		const limit = 4096
		ours, err := io.ReadAll(io.LimitReader(&chunkReader{r: bufio.NewReader(bytes.NewReader(coded))}, limit))
		if err != nil && !failure.Is(err, failure.Receive, "malformed") && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("an error that is not ours: %v", err)
		}
		theirs, theirErr := io.ReadAll(io.LimitReader(httputil.NewChunkedReader(bytes.NewReader(coded)), limit))
		if err == nil && theirErr == nil && !bytes.Equal(ours, theirs) {
			t.Fatalf("read as %q, and by net/http as %q", ours, theirs)
		}
	})
}
