package wire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// outOfOrder tells how many segments came over a connection before others that they follow (tcp(7), TCP_INFO; since Linux 5.4).
func outOfOrder(socket syscall.RawConn) int {
	var count int
	_ = socket.Control(func(fd uintptr) { // a socket that is gone has none
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil { //nolint:gosec // a descriptor is an int
			count = int(info.Rcv_ooopack)
		}
	})
	return count
}
