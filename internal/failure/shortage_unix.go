//go:build !windows

package failure

import "syscall"

var (
	outOfFiles  = []syscall.Errno{syscall.EMFILE, syscall.ENFILE}
	outOfMemory = []syscall.Errno{syscall.ENOMEM, syscall.ENOBUFS}
	noAddress   = []syscall.Errno{syscall.EADDRNOTAVAIL}
)
