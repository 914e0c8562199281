package hostile

import (
	"context"
	"net"
	"strconv"
	"syscall"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// blackhole is a port that answers no connection request: its queue is full, and Linux drops what does not fit.
func blackhole(w world) lab.Peer {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		w.Fatalf("making a port that drops: %v", err)
	}
	w.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		w.Fatalf("making a port that drops: %v", err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		w.Fatalf("making a port that drops: %v", err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		w.Fatalf("making a port that drops: %v", err)
	}
	port := strconv.Itoa(name.(*syscall.SockaddrInet4).Port) //nolint:forcetypeassert // as bound above
	for range 4 {                                            // more than the queue holds
		conn, err := (&net.Dialer{Timeout: 200 * time.Millisecond}).DialContext(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			break
		}
		w.Cleanup(func() { _ = conn.Close() })
	}
	return lab.Peer{Target: net.JoinHostPort(lab.Service, port), Resolver: script.Leads{}}
}
