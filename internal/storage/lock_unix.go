//go:build unix

package storage

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the file's lock, which lasts as long as the file is open.
func lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrInUse
	}
	return err
}

// syncFolder sees to it that a rename in the folder is safe on the disk.
func syncFolder(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the path is the operator's own
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
