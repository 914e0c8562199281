package wire

import "syscall"

// Winsock has error numbers of its own (winsock2.h); package syscall names only some of them.
const (
	wsaeconnrefused  = syscall.Errno(10061)
	wsaeaddrnotavail = syscall.Errno(10049)
	wsaenetunreach   = syscall.Errno(10051)
	wsaehostunreach  = syscall.Errno(10065)
)

var (
	resetErrors       = []syscall.Errno{syscall.WSAECONNRESET, syscall.WSAECONNABORTED}
	refusedErrors     = []syscall.Errno{wsaeconnrefused}
	unreachableErrors = []syscall.Errno{wsaenetunreach, wsaehostunreach, wsaeaddrnotavail}
)
