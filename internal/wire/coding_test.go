package wire

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// coded gives text in a content coding.
func coded(t testing.TB, coding, text string) string {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zlib":
		w = zlib.NewWriter(&b)
	case "flate":
		w, _ = flate.NewWriter(&b, -1)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestCodings: a body that somebody compressed though nobody asked is what it was before; one that cannot be told is
// named. The connection goes on either way.
func TestCodings(t *testing.T) {
	t.Parallel()
	const text = "<Envelope>héllo</Envelope>"
	long := strings.Repeat("<a>b</a>", 1000)
	bomb := strings.Repeat("\x00", 8<<20)
	wrongSum := coded(t, "gzip", text)
	wrongSum = wrongSum[:len(wrongSum)-8] + "\x00\x00\x00\x00" + wrongSum[len(wrongSum)-4:]
	for _, c := range []struct {
		name, field, sent string
		want              string // the body; with unreadable, as it was sent
		unreadable        string // a part of why; empty for none
		truncated         bool
	}{
		{"gzip", "gzip", coded(t, "gzip", text), text, "", false},
		{"gzip by its old name", "X-GZip", coded(t, "gzip", text), text, "", false},
		{"deflate, as it should be", "deflate", coded(t, "zlib", text), text, "", false},
		{"deflate, as some send it", "deflate", coded(t, "flate", text), text, "", false},
		{"none", "identity", text, text, "", false},
		{"an empty body", "gzip", "", "", "", false},
		{"gzip beyond the limit", "gzip", coded(t, "gzip", long), long[:4096], "", true},
		{"brotli", "br", "\x0b\x02\x80hello\x03", "\x0b\x02\x80hello\x03", `"br", which nobody asked for, which the probe cannot undo`, false},
		{"two codings", "gzip, br", "x", "x", "cannot undo", false},
		{"plain text that says gzip", "gzip", text, text, "and is none", false},
		{"plain text that says deflate", "deflate", text, text, "and is none", false},
		{"a wrong checksum", "gzip", wrongSum, wrongSum, "and is none", false},
		{"a bomb", "gzip", coded(t, "gzip", bomb), bomb[:4096], "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			conn := connectSecure(t, false, func(p *peer) {
				p.head()
				p.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", c.field, len(c.sent), c.sent))
				p.head()
				p.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				p.hang()
			})
			x, body, err := conn.Do(get, 4096)
			if err != nil {
				t.Fatal(err)
			}
			final := x.Record.Final
			if string(body) != c.want {
				t.Errorf("body %q, want %q", body, c.want)
			}
			if (c.unreadable == "") != (final.Unreadable == "") || !strings.Contains(final.Unreadable, c.unreadable) {
				t.Errorf("unreadable: %q, want %q", final.Unreadable, c.unreadable)
			}
			if final.Truncated != c.truncated {
				t.Errorf("truncated: %t", final.Truncated)
			}
			if len(c.sent) <= 4096 { // the body was read to its end
				if _, again, err := conn.Do(get, 10); err != nil || string(again) != "ok" {
					t.Errorf("the next answer: %q, %v", again, err)
				}
			}
		})
	}
}

// TestCodedBodyThatBreaksOff gives what came of it: that it breaks off is for its reader to say.
func TestCodedBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("<a>b</a>", 100) + "<c/>"
	whole := coded(t, "gzip", text)
	r, err := parseHead([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := r.decode([]byte(whole[:len(whole)-9]), 4096, nil); len(got) == 0 || !strings.HasPrefix(text, string(got)) || r.Unreadable != "" {
		t.Errorf("%q, unreadable %q", got, r.Unreadable)
	}
}

// TestCodedStream: what a box compresses piece by piece comes piece by piece, and what cannot be undone ends the stream.
func TestCodedStream(t *testing.T) {
	t.Parallel()
	next := make(chan bool)
	conn := connectSecure(t, false, func(p *peer) {
		p.head()
		p.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
		w := gzip.NewWriter(p.Conn)
		for _, piece := range []string{"<a/>", "<b/>"} {
			<-next
			_, _ = io.WriteString(w, piece)
			_ = w.Flush()
		}
		_ = w.Close()
	})
	x, err := conn.Start(get)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := x.Stream(100)
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 100)
	for _, want := range []string{"<a/>", "<b/>"} {
		next <- true
		if n, err := stream.Read(p); err != nil || string(p[:n]) != want {
			t.Fatalf("read %q (%v), want %q", p[:n], err, want)
		}
	}
	if n, err := stream.Read(p); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %d bytes, %v", n, err)
	}
	brotli := connectSecure(t, false, func(p *peer) {
		p.head()
		p.send("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nxxxx")
	})
	x, err = brotli.Start(get)
	if err != nil {
		t.Fatal(err)
	}
	stream, _ = x.Stream(100)
	if _, err := stream.Read(p); !failure.Is(err, failure.Receive, "malformed") || x.Record.Final.Unreadable == "" {
		t.Errorf("a stream in brotli: %v, %+v", err, x.Record.Final)
	}
}

// TestRatio: a small body that becomes a large one is left where the reader's own limit would take it.
func TestRatio(t *testing.T) {
	t.Parallel()
	r, err := parseHead([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	raw := []byte(coded(t, "gzip", strings.Repeat("a", 8<<20)))
	if got := r.decode(raw, 16<<20, nil); !bytes.Equal(got, raw) || !strings.Contains(r.Unreadable, "200 times") {
		t.Errorf("%d bytes, %q", len(got), r.Unreadable)
	}
}

// FuzzDecode: whatever comes as gzip or deflate, no more is given than may be, and nothing is both read and unreadable.
func FuzzDecode(f *testing.F) {
	for _, coding := range []string{"gzip", "zlib", "flate"} {
		f.Add(coding == "gzip", []byte(coded(f, coding, "<Envelope/>")))
	}
	f.Add(true, []byte("<Envelope/>"))
	f.Fuzz(func(t *testing.T, zipped bool, raw []byte) {
		name := "deflate"
		if zipped {
			name = "gzip"
		}
		r, err := parseHead([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: " + name + "\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		const limit = 1000
		body := r.decode(raw, limit, nil)
		if r.Unreadable == "" && len(raw) > 0 && len(body) > limit || r.Unreadable != "" && !bytes.Equal(body, raw) {
			t.Errorf("%d bytes of %d, unreadable %q", len(body), len(raw), r.Unreadable)
		}
	})
}
