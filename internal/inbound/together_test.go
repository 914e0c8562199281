package inbound

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
)

// counted counts the writes to the connections that it accepts.
type counted struct {
	net.Listener
	writes atomic.Int64
}

func (l *counted) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &countedConn{c, l}, err
}

type countedConn struct {
	net.Conn
	of *counted
}

func (c *countedConn) Write(p []byte) (int, error) {
	c.of.writes.Add(1)
	return c.Conn.Write(p)
}

// paged answers with as many bytes as the query says, by Together.
func paged(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.URL.RawQuery)
	w.Header().Set("Content-Length", strconv.Itoa(n))
	Together(w, r, func() {
		_, _ = w.Write(bytes.Repeat([]byte("x"), n/2))
		if r.URL.Path == "/fault" {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(bytes.Repeat([]byte("x"), n-n/2))
	})
}

// TestTogether: an answer of a few KiB leaves in one piece, and a long one whole; one after another on a connection.
func TestTogether(t *testing.T) {
	t.Parallel()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &counted{Listener: plain}
	g := New(Options{Probes: 1, Refused: func(string) {}, Log: slog.New(slog.DiscardHandler)})
	server := g.Server(context.Background(), http.HandlerFunc(paged))
	done := make(chan error, 1)
	go func() { done <- server.Serve(g.Listener(l)) }()
	defer func() {
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	c, err := net.Dial("tcp", plain.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for _, test := range []struct {
		method string
		length int
		writes int64 // 0: any number
	}{{"GET", 10, 1}, {"GET", 7000, 1}, {"GET", 200 << 10, 0}, {"HEAD", 7000, 1}, {"GET", 0, 1}, {"GET", pieceLength - 500, 1}, {"GET", 7000, 1}} {
		before := l.writes.Load()
		request, _ := http.NewRequestWithContext(t.Context(), test.method, "http://localhost/page?"+strconv.Itoa(test.length), nil)
		if err := request.Write(c); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(in, request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if want := test.length; err != nil || test.method == "GET" && len(body) != want {
			t.Fatalf("%s of %d bytes: %d came, error %v", test.method, want, len(body), err)
		}
		if writes := l.writes.Load() - before; test.writes > 0 && writes != test.writes {
			t.Errorf("%s of %d bytes left in %d pieces, want %d", test.method, test.length, writes, test.writes)
		}
	}
}

// TestTogetherOverTLS: by HTTP/1 and by HTTP/2 answers come whole, and one that breaks off ends.
func TestTogetherOverTLS(t *testing.T) {
	t.Parallel()
	g := guard(t, paged, true)
	for _, protocol := range []string{"http/1.1", "h2"} {
		client := g.client(t)
		if protocol == "http/1.1" {
			client.Transport.(*http.Transport).ForceAttemptHTTP2 = false //nolint:forcetypeassert // it is one
		}
		for _, path := range []string{"/page?7000", "/page?200000", "/fault?7000", "/page?7000"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+g.address+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.SetBasicAuth("prometheus", "right")
			answer, err := client.Do(request)
			var body []byte
			if err == nil {
				body, err = io.ReadAll(answer.Body)
				_ = answer.Body.Close()
			}
			_, length, _ := bytes.Cut([]byte(path), []byte("?"))
			if whole := strconv.Itoa(len(body)) == string(length) && err == nil; whole == (request.URL.Path == "/fault") {
				t.Errorf("%s %s: %d bytes, error %v", protocol, path, len(body), err)
			}
		}
	}
}
