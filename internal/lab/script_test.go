package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// dial connects to addr, over TLS where config is given, and closes with the test.
func dial(t *testing.T, addr string, config *tls.Config) net.Conn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if config != nil {
		conn = tls.Client(conn, config)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func TestScriptWritesExactlyWhatItSays(t *testing.T) {
	t.Parallel()
	s := Serve(t, ReadHead, Write("HTTP/1.1 100 Continue\r\n\r\n"), Await, ReadBody(5), Write("late"), Drip("drip", time.Millisecond))
	conn := dial(t, s.Addr(), nil)
	send(t, conn, "POST / HTTP/1.1\r\n\r\n")
	first := make([]byte, 25)
	if _, err := io.ReadFull(conn, first); err != nil || string(first) != "HTTP/1.1 100 Continue\r\n\r\n" {
		t.Fatalf("got %q, %v before the body", first, err)
	}
	send(t, conn, "12345 and more that nobody reads")
	rest, err := io.ReadAll(conn)
	if err != nil || string(rest) != "latedrip" {
		t.Fatalf("got %q, %v after the body", rest, err)
	}
	if got := s.Received(0); !strings.HasPrefix(got, "POST / HTTP/1.1\r\n\r\n12345") {
		t.Errorf("Received(0) = %q", got)
	}
}

func TestScriptGivesEachConnectionItsOwn(t *testing.T) {
	t.Parallel()
	authority, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	config, err := authority.ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	s := ServeEach(t, config, []Step{Write("one")}, []Step{Write("more")})
	client := &tls.Config{RootCAs: authority.Pool(), ServerName: "mail.contoso.test", MinVersion: tls.VersionTLS12}
	for _, want := range []string{"one", "more", "more"} {
		if got, err := io.ReadAll(dial(t, s.Addr(), client)); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if got := s.Connections(); got != 3 {
		t.Errorf("Connections() = %d, want 3", got)
	}
}

func TestScriptEnds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		step Step
		want error
	}{
		{"with a reset", Reset, syscall.ECONNRESET},
		{"with a cut", Cut, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, Serve(t, Await, ReadBody(2), tt.step).Addr(), nil)
			send(t, conn, "hi")
			if _, err := io.ReadAll(conn); !errors.Is(err, tt.want) {
				t.Errorf("reading until the end gives %v, want %v", err, tt.want)
			}
		})
	}
}

// A script that hangs, and one that waits for ever, end with their test; goleak says whether they did.
func TestScriptEndsWithItsTest(t *testing.T) {
	t.Parallel()
	dial(t, Serve(t, Hang).Addr(), nil)
	dial(t, Serve(t, Wait(time.Hour)).Addr(), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	<-ctx.Done()
}
