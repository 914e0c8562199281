package storage

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lock takes the file's lock, which lasts as long as the file is open.
func lock(f *os.File) error {
	const all = ^uint32(0)
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, all, all, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrInUse
	}
	return err
}

// syncFolder has nothing to do: NTFS writes renames to its journal, and a folder cannot be flushed.
func syncFolder(string) error { return nil }
