//go:build !linux

package wire

import "syscall"

// outOfOrder is not known here.
func outOfOrder(syscall.RawConn) int { return 0 }
