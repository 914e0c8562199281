//go:build !windows

package wire

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// poll reads what lies ready in the socket and does not wait: os.ErrDeadlineExceeded where that is nothing. It costs one
// system call and no timer.
func poll(socket syscall.RawConn, p []byte) (int, error) {
	var n int
	var err error
	unread := socket.Read(func(fd uintptr) bool {
		n, err = syscall.Read(int(fd), p) //nolint:gosec // a descriptor is an int
		return true
	})
	switch {
	case unread != nil: // the probe has ended
		return 0, unread
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return 0, os.ErrDeadlineExceeded
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

// socketOf is the socket of a connection; nil where it has none.
func socketOf(conn net.Conn) syscall.RawConn {
	below, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	socket, err := below.SyscallConn()
	if err != nil {
		return nil
	}
	return socket
}
