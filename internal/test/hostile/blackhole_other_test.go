//go:build !linux

package hostile

import "testing"

// blackhole needs a way to drop connection requests.
func blackhole(t *testing.T) site {
	t.Skip("only Linux is known to drop connection requests when a port's queue is full")
	return site{}
}
