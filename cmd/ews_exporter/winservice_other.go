//go:build !windows

package main

// runService says that there is no service manager of Windows here.
func (c *command) runService() int {
	return c.fail("%s is for Windows; on Linux the package brings a service for systemd", c.selected)
}
