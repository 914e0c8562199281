//go:build !unix

package inbound

// Windows bounds a process's handles by memory alone.
func maxFiles() int  { return 0 }
func openFiles() int { return 0 }
