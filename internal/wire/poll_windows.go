package wire

import (
	"net"
	"os"
	"syscall"
)

// socketOf gives none: a read of Windows' overlapped sockets waits, so a short time limit has to do.
func socketOf(net.Conn) syscall.RawConn { return nil }

func poll(syscall.RawConn, []byte) (int, error) { return 0, os.ErrDeadlineExceeded }
