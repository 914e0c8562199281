package hostile

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

func connections() Group {
	return Group{"Connections", "the peer", []Behaviour{
		{Does: "refuses the connection", Reports: "connect/refused", peer: func(w world) lab.Peer { return script.Closed(w) }},
		{Does: "is where no way leads", Reports: "connect/unreachable", peer: func(world) lab.Peer {
			nowhere := netip.MustParseAddr("255.255.255.255") // to which nobody connects
			return lab.Peer{Target: lab.Service + ":443", Resolver: script.Finds{nowhere}, Policy: fmt.Sprintf("allow: [%s]", nowhere)}
		}},
		{Does: "does not answer the connection request (a firewall that drops)", Reports: "connect/timeout", Hangs: true, peer: blackhole},
		{Does: "accepts, and resets at once", Reports: "tls/reset", peer: raw(lab.Wait(time.Second), lab.Reset)},
		{Does: "accepts, and closes at once", Reports: "tls/closed", peer: raw()},
		{Does: "accepts, and never says a word", Reports: "tls/timeout", Hangs: true, peer: raw(lab.Hang)},
	}}
}
