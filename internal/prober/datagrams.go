package prober

import (
	"context"
	"net/netip"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Datagrams asks in datagrams, within bounds of its own. It is safe for the goroutines of one probe.
type Datagrams struct {
	network *Network
	bounds  *wire.Datagrams
}

// Datagrams bounds what the probe sends in datagrams: so many in all, and to one address no faster than pace.
func (n *Network) Datagrams(most int, pace time.Duration) *Datagrams {
	return &Datagrams{n, &wire.Datagrams{Most: most, Pace: pace}}
}

// Sent is how many datagrams went out so far.
func (d *Datagrams) Sent() int { return d.bounds.Sent() }

// Ask sends payload to an endpoint and waits so long for what accept takes as its answer (see wire.Datagram).
func (d *Datagrams) Ask(ctx context.Context, e Endpoint, payload []byte, wait time.Duration, accept func([]byte) bool) ([]byte, error) {
	dialer, err := d.network.dialerTo(e)
	if err != nil {
		return nil, err
	}
	return dialer.Exchange(ctx, d.bounds, wire.Datagram{Host: e.From.Name, To: e.Addr, Payload: payload, Wait: wait, Accept: accept})
}

// Nameserver is the endpoint of a name server of the exporter's own.
func Nameserver(address netip.AddrPort) Endpoint {
	name := address.Addr().String()
	return Endpoint{Addr: address, From: &wire.Resolution{Name: name}, Name: name, Own: true}
}
