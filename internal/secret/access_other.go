//go:build !windows

package secret

import "os"

// openToAll says it where everybody on the machine may read a file.
func openToAll(path string) []string {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return nil
	}
	return []string{"the file can be read by everybody on this machine; chmod o-r takes that away"}
}
