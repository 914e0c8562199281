package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// socket is a socket that does with each datagram what it is told.
func socket(t *testing.T, answer func(conn net.PacketConn, from net.Addr, datagram []byte)) netip.AddrPort {
	t.Helper()
	var config net.ListenConfig
	conn, err := config.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, maxDatagram)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			answer(conn, from, slices.Clone(buffer[:n]))
		}
	}()
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	return netip.MustParseAddrPort(conn.LocalAddr().String())
}

func echoes(conn net.PacketConn, from net.Addr, datagram []byte) { _, _ = conn.WriteTo(datagram, from) }

func sendTo(t *testing.T, d *Dialer, bounds *Datagrams, to netip.AddrPort, payload string) ([]byte, error) {
	t.Helper()
	return d.Exchange(t.Context(), bounds, Datagram{
		Host: to.Addr().String(), To: to, Payload: []byte(payload), Wait: 300 * time.Millisecond,
		Accept: func(got []byte) bool { return bytes.Equal(got, []byte(payload)) },
	})
}

// TestDatagrams: an answer is what is taken for one and comes from whom was asked; everything else is a failure with its reason.
func TestDatagrams(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	closed, err := config.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := netip.MustParseAddrPort(closed.LocalAddr().String())
	_ = closed.Close()
	for name, tt := range map[string]struct {
		to      netip.AddrPort
		failure string
	}{
		"answered": {socket(t, echoes), ""},
		"answered after other things": {socket(t, func(conn net.PacketConn, from net.Addr, datagram []byte) {
			for range 10 {
				_, _ = conn.WriteTo([]byte("other"), from)
			}
			echoes(conn, from, datagram)
		}), ""},
		"silent":             {socket(t, func(net.PacketConn, net.Addr, []byte) {}), "receive/timeout"},
		"answered otherwise": {socket(t, func(conn net.PacketConn, from net.Addr, _ []byte) { _, _ = conn.WriteTo([]byte("other"), from) }), "receive/malformed"},
		"flooded": {socket(t, func(conn net.PacketConn, from net.Addr, _ []byte) {
			for range 3 * maxStrays {
				_, _ = conn.WriteTo([]byte("other"), from)
			}
		}), "receive/malformed"},
		"answered from another port": {socket(t, func(_ net.PacketConn, from net.Addr, datagram []byte) {
			if other, err := net.Dial("udp", from.String()); err == nil { //nolint:noctx // a datagram does not wait
				_, _ = other.Write(datagram)
				_ = other.Close()
			}
		}), "receive/timeout"},
		"nobody there": {nobody, "connect/refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sendTo(t, &Dialer{}, &Datagrams{Most: 10}, tt.to, "question")
			if got := failure.From(err); tt.failure == "" && err != nil || tt.failure != "" && (got == nil || got.Name() != tt.failure) {
				t.Errorf("%v, want %s", err, tt.failure)
			}
		})
	}
}

// TestDatagramsAreBounded: no more leave than the bound, by whatever goroutine, and nothing where policy says no.
func TestDatagramsAreBounded(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var came []time.Time
	to := socket(t, func(conn net.PacketConn, from net.Addr, datagram []byte) {
		mu.Lock()
		came = append(came, time.Now())
		mu.Unlock()
		echoes(conn, from, datagram)
	})
	denied := &Dialer{Check: func(string, netip.AddrPort) error {
		return failure.New(failure.Policy, "address_denied", "no")
	}}
	bounds := &Datagrams{Most: 8, Pace: 20 * time.Millisecond}
	if _, err := sendTo(t, denied, bounds, to, "never"); !failure.Is(err, failure.Policy, "address_denied") {
		t.Errorf("what policy denies: %v", err)
	}
	var running sync.WaitGroup
	refused := make(chan error, 20)
	for range 20 {
		running.Go(func() {
			_, err := sendTo(t, &Dialer{}, bounds, to, "question")
			if failure.Is(err, failure.Policy, ReasonTooManyDatagrams) {
				refused <- err
			}
		})
	}
	running.Wait()
	mu.Lock()
	defer mu.Unlock()
	if len(refused) != 12 || len(came) != 8 || bounds.Sent() != 8 {
		t.Errorf("%d came, %d were refused, %d count as sent", len(came), len(refused), bounds.Sent())
	}
	if took := came[len(came)-1].Sub(came[0]); took < 7*bounds.Pace/2 {
		t.Errorf("8 datagrams came within %s", took)
	}
}

// TestDatagramsEndWithTheProbe: neither a wait for an answer nor one for a turn outlasts it.
func TestDatagramsEndWithTheProbe(t *testing.T) {
	t.Parallel()
	to := socket(t, func(net.PacketConn, net.Addr, []byte) {})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	bounds := &Datagrams{Most: 10, Pace: time.Hour}
	for _, want := range []string{"receive/timeout", "send/timeout"} {
		_, err := (&Dialer{}).Exchange(ctx, bounds, Datagram{Host: "127.0.0.1", To: to, Payload: []byte("x"), Wait: time.Hour, Accept: func([]byte) bool { return true }})
		if f := failure.From(err); f == nil || f.Name() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestMessages: a message over a stream comes whole, or as a failure that says how it did not.
func TestMessages(t *testing.T) {
	t.Parallel()
	whole := binary.BigEndian.AppendUint16(nil, 6)
	for name, tt := range map[string]struct {
		answer  []byte
		failure string
	}{
		"whole":             {append(slices.Clone(whole), "answer"...), ""},
		"empty":             {[]byte{0, 0}, ""},
		"cut":               {append(slices.Clone(whole), "ans"...), "receive/closed"},
		"cut in its length": {whole[:1], "receive/closed"},
		"nothing":           {nil, "receive/closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var config net.ListenConfig
			l, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			go func() {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Read(make([]byte, 100))
				_, _ = conn.Write(tt.answer)
				_ = conn.Close()
			}()
			to := netip.MustParseAddrPort(l.Addr().String())
			conn, err := (&Dialer{}).Connect(t.Context(), 1, "127.0.0.1", &Resolution{Name: "127.0.0.1"}, to)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			got, err := conn.Message([]byte("question"), time.Now().Add(2*time.Second))
			switch {
			case tt.failure == "" && (err != nil || !bytes.Equal(got, tt.answer[2:])):
				t.Errorf("%q, %v", got, err)
			case tt.failure != "" && (err == nil || failure.From(err).Name() != tt.failure):
				t.Errorf("%v, want %s", err, tt.failure)
			}
		})
	}
}
