package wire

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// segmentsOf tells what became of a connection's segments: how many came before others that they follow (since Linux 5.4), and how
// many of ours were sent again (tcp(7), TCP_INFO).
func segmentsOf(socket syscall.RawConn) (outOfOrder, resent int) {
	_ = socket.Control(func(fd uintptr) { // a socket that is gone has none
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil { //nolint:gosec // a descriptor is an int
			outOfOrder, resent = int(info.Rcv_ooopack), int(info.Total_retrans)
		}
	})
	return outOfOrder, resent
}
