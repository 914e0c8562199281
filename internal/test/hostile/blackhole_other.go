//go:build !linux

package hostile

import (
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// blackhole needs a way to drop connection requests.
func blackhole(w world) lab.Peer {
	script.Skip(w, "only Linux is known to drop connection requests when a port's queue is full")
	return lab.Peer{}
}
