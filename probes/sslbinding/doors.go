package sslbinding

import (
	"net/netip"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// form is what a client says of the name it wants, in TLS's server_name (SNI).
type form int

const (
	own     form = iota // the service's name; the only form whose certificate is required
	without             // no SNI: old clients, and what opens an address
	unknown             // a name that the server cannot have
)

// unknownName is sent in form unknown: no server has a name below .invalid (RFC 6761 section 6.4).
const unknownName = "ews-exporter-unknown.invalid"

// step is the name of the form's step.
func (f form) step() string { return [...]string{"binding", "without_sni", "unknown_sni"}[f] }

// binding is what one door shows: an address and port, asked in one form.
type binding struct {
	address    netip.AddrPort
	form       form
	sni        string // for a person and the label: the name, "(none)" or "(unknown)"
	server     string // the entry of the setting addresses that it comes from; empty for the target's own addresses
	resolution *wire.Resolution
	sweep      bool // try each TLS version

	failure  *failure.Failure // why no certificate was seen
	record   *wire.Connection // nil when nothing was dialled
	peer     wire.Peer
	chain    chain
	accepted []uint16 // TLS versions, when they were swept
	refused  []uint16
	revoked  *bool // nil: not checked
}

// seen tells whether a certificate was seen.
func (b *binding) seen() bool { return len(b.peer.Certificates) > 0 }

// leaf describes the certificate, which must have been seen.
func (b *binding) leaf() *wire.Certificate { return &b.record.Secure.Chain[0] }

// empty tells whether the door is there and has no certificate to show: it ended the handshake. That is how http.sys
// shows that nothing is bound, by closing or resetting, and how others do, by an alert.
func (b *binding) empty() bool { return failure.Is(b.err(), failure.TLS, "closed", "reset", "alert") }

// err is the failure as an error: a nil *Failure in an error would not be nil.
func (b *binding) err() error {
	if b.failure == nil {
		return nil
	}
	return b.failure
}

// host is one address to look at, and where it comes from.
type host struct {
	address    netip.Addr
	server     string
	resolution *wire.Resolution
}

// sweepCost is how many connections it takes to try each TLS version.
var sweepCost = len(versions)

// doors lists what to knock at, within the limits of a probe: first every door by the service's name, then the other
// forms, then the sweeps, so that what is cut off is what matters least. It gives the number of connections left out.
func (s *Settings) doors(hosts []host, port uint16, name string) (bindings []*binding, left int) {
	forms := []form{own, without, unknown}
	if isAddress(name) { // an address is never sent as SNI (RFC 6066 section 3), so the first form is the second
		forms = []form{own, unknown}
	}
	for _, f := range forms {
		for _, h := range hosts {
			for _, p := range s.ports(port) {
				bindings = append(bindings, &binding{
					address: netip.AddrPortFrom(h.address, p), form: f, sni: label(f, name), server: h.server, resolution: h.resolution,
				})
			}
		}
	}
	most := s.connections()
	if extra := len(bindings) - most; extra > 0 {
		bindings, left = bindings[:most], extra
	}
	if s.Sweep {
		left += planSweeps(bindings, most-len(bindings))
	}
	return bindings, left
}

// connections is how many a probe may spend on doors: revocation needs some too.
func (s *Settings) connections() int {
	if s.Revocation {
		return prober.MaxConnections - maxAsked*maxTries
	}
	return prober.MaxConnections
}

// planSweeps marks the bindings whose TLS versions are tried with the connections that are free.
func planSweeps(bindings []*binding, free int) (left int) {
	for _, b := range bindings {
		switch {
		case b.form != own:
		case free < sweepCost:
			left += sweepCost
		default:
			b.sweep = true
			free -= sweepCost
		}
	}
	return left
}

func label(f form, name string) string {
	switch {
	case f == unknown:
		return "(unknown)"
	case f == without || isAddress(name):
		return "(none)"
	}
	return name
}

func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil
}

// gather joins the target's addresses and the servers', each once, at most wire.MaxAddresses, and tells how many more
// there were.
func gather(resolutions []lookup) (hosts []host, left int) {
	for _, l := range resolutions {
		left += l.resolution.Dropped
		for _, a := range l.resolution.Addresses {
			switch {
			case slices.ContainsFunc(hosts, func(h host) bool { return h.address == a }):
			case len(hosts) == wire.MaxAddresses:
				left++
			default:
				hosts = append(hosts, host{a, l.server, l.resolution})
			}
		}
	}
	return hosts, left
}

// lookup is what one name gave.
type lookup struct {
	server     string // empty for the target's own
	resolution *wire.Resolution
}
