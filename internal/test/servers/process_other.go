//go:build !linux

package servers

import (
	"context"
	"net"
	"os/exec"
)

// group leaves a server as it is: the servers come from Debian packages, and elsewhere killing the one process is
// enough for those that somebody has installed by hand.
func group(*exec.Cmd) {}

func killGroup(*exec.Cmd) {}

// listens tells whether somebody accepts connections at address.
func listens(ctx context.Context, address string) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
