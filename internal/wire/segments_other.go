//go:build !linux

package wire

import "syscall"

// segmentsOf is not known here.
func segmentsOf(syscall.RawConn) (outOfOrder, resent int) { return 0, 0 }
