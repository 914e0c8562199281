package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// closedPort is a port where nobody listens, nor begins to: it is the near end of a connection that stays open.
func closedPort(t testing.TB) netip.AddrPort {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c, err := new(net.Dialer).DialContext(context.Background(), "tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Close(), l.Close() })
	return c.LocalAddr().(*net.TCPAddr).AddrPort()
}

func TestConnect_refused(t *testing.T) {
	t.Parallel()
	address := closedPort(t)
	d := &Dialer{Epoch: time.Now()}
	res := &Resolution{Name: "ex01", Span: &Span{0, 0.5}}
	c, err := d.Connect(context.Background(), 7, "mail.contoso.com", res, address)
	wantFailure(t, err, failure.Connect, "refused")
	for _, want := range []string{address.String(), "mail.contoso.com", "refused"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the message %q does not say %q", err, want)
		}
	}
	if r := c.Record; r.ID != 7 || r.Name != "mail.contoso.com" || r.Address != address || r.Resolve != res.Span || r.Connect == nil || r.TLS != nil {
		t.Errorf("record %+v", c.Record)
	}
	c.Close()
	if c.Reusable() {
		t.Error("a connection that was never made is called reusable")
	}
}

func TestConnect_endsWithTheProbe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	d := &Dialer{Epoch: time.Now()}
	c, err := d.Connect(ctx, 1, "mail", &Resolution{Name: "mail"}, closedPort(t))
	c.Close()
	wantFailure(t, err, failure.Connect, "timeout")
}

// What policy refuses is not dialled, and its own error comes back.
func TestConnect_check(t *testing.T) {
	t.Parallel()
	var accepted atomic.Int32
	address := serve(t, nil, func(*peer) { accepted.Add(1) })
	denied := failure.New(failure.Policy, "denied", "not there")
	d := &Dialer{
		Epoch: time.Now(),
		Check: func(host string, a netip.AddrPort) error {
			if host != "ex01.contoso.com" || a != address {
				t.Errorf("asked about %s at %s, want the name looked up and the address about to be dialled", host, a)
			}
			return denied
		},
		Acquire: func(context.Context, netip.Addr) (func(), error) {
			t.Error("a place was taken for what is not dialled")
			return func() {}, nil
		},
	}
	c, err := d.Connect(context.Background(), 1, "mail.contoso.com", &Resolution{Name: "ex01.contoso.com"}, address)
	c.Close()
	if !errors.Is(err, denied) || c.Record.Connect != nil {
		t.Errorf("got %v, connect %v, want what Check said and nothing dialled", err, c.Record.Connect)
	}
	time.Sleep(20 * time.Millisecond)
	if accepted.Load() != 0 {
		t.Error("the address was dialled")
	}
}

// A place at an address is given back exactly once, however the connection ended.
func TestConnect_acquireAndRelease(t *testing.T) {
	t.Parallel()
	full := failure.New(failure.Internal, "busy", "no place")
	tests := map[string]struct {
		address  netip.AddrPort
		err      error
		stage    failure.Stage
		reason   string
		released int32
	}{
		"connected": {serve(t, nil, once("")), nil, "", "", 1},
		"refused":   {closedPort(t), nil, failure.Connect, "refused", 1},
		"no place":  {closedPort(t), full, failure.Internal, "busy", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var released atomic.Int32
			d := &Dialer{Epoch: time.Now(), Acquire: func(_ context.Context, a netip.Addr) (func(), error) {
				if a != tt.address.Addr() {
					t.Errorf("a place was asked for at %s, want %s", a, tt.address.Addr())
				}
				return func() { released.Add(1) }, tt.err
			}}
			c, err := d.Connect(context.Background(), 1, "mail", &Resolution{Name: "mail"}, tt.address)
			wantFailure(t, err, tt.stage, tt.reason)
			if released.Load() != 0 {
				t.Error("released before Close")
			}
			c.Close()
			c.Close()
			if released.Load() != tt.released {
				t.Errorf("released %d times, want %d", released.Load(), tt.released)
			}
		})
	}
}

// The errors of the operating system that no loopback gives.
func TestConnectReason(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Winsock has other error numbers")
	}
	for errno, want := range map[syscall.Errno]string{
		syscall.ECONNREFUSED: "refused", syscall.EHOSTUNREACH: "unreachable", syscall.ENETUNREACH: "unreachable",
		syscall.EADDRNOTAVAIL: "unreachable", syscall.ETIMEDOUT: "timeout", syscall.ECONNRESET: "reset", syscall.EMFILE: "error",
	} {
		err := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
		if got := connectReason(err); got != want {
			t.Errorf("%v: reason %q, want %q", errno, got, want)
		}
	}
}

func TestConn_namesItself(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]*Connection{
		"192.0.2.1:443":                        {Name: "192.0.2.1", Address: netip.MustParseAddrPort("192.0.2.1:443")},
		"[2001:db8::1]:443 (mail.contoso.com)": {Name: "mail.contoso.com", Address: netip.MustParseAddrPort("[2001:db8::1]:443")},
	} {
		if got := (&Conn{Record: r}).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
