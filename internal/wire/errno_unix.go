//go:build !windows

package wire

import "syscall"

// A write to a connection that the peer has reset gives EPIPE from the second one on. A host without
// IPv6, such as most containers, has no address to dial from and says EADDRNOTAVAIL.
var (
	resetErrors       = []syscall.Errno{syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED}
	refusedErrors     = []syscall.Errno{syscall.ECONNREFUSED}
	unreachableErrors = []syscall.Errno{syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EADDRNOTAVAIL}
)
