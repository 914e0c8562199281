package failure

import "syscall"

// Winsock and the kernel have error numbers of their own (winsock2.h, winerror.h); package syscall names only some of them.
var (
	outOfFiles  = []syscall.Errno{4, 10024}                 // ERROR_TOO_MANY_OPEN_FILES, WSAEMFILE
	outOfMemory = []syscall.Errno{8, 14, 1450, 1455, 10055} // ERROR_NOT_ENOUGH_MEMORY, ERROR_OUTOFMEMORY, ERROR_NO_SYSTEM_RESOURCES, ERROR_COMMITMENT_LIMIT, WSAENOBUFS
	noAddress   = []syscall.Errno{10049}                    // WSAEADDRNOTAVAIL
)
