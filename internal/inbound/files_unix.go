//go:build unix

package inbound

import (
	"math"
	"os"
	"syscall"
)

// maxFiles is how many files the process may have open, 0 for any number.
func maxFiles() int {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil || limit.Cur >= math.MaxInt32 {
		return 0
	}
	return int(limit.Cur)
}

// openFiles counts the files that the process has open: 0 where the system does not tell. Linux gives the number as the
// directory's size since 6.2; before that the entries are to be counted, which takes a file itself.
func openFiles() int {
	const dir = "/proc/self/fd"
	info, err := os.Stat(dir)
	if err != nil {
		return 0
	}
	if info.Size() > 0 {
		return int(info.Size())
	}
	f, err := os.Open(dir)
	if err != nil {
		return math.MaxInt32 // not even one is left
	}
	defer f.Close() //nolint:errcheck // nothing was written
	names, _ := f.Readdirnames(-1)
	return len(names) - 1
}
