package sslbinding

import (
	"net/netip"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/revocation"
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
	closer     bool // ask again, and by other hellos, as the settings say

	failure  *failure.Failure // why no certificate was seen
	unshaken *failure.Failure // why there was no handshake, where the certificate could be read all the same
	asking   asked            // what the server does that asks for a client's certificate
	implicit bool             // it is TLS from the start, against the settings' starttls
	suites   []string         // all that it has, where clients of today find none in common; the first few
	hellos   []string         // the forms of a hello that it does not answer
	others   []*binding       // what else it showed, asked again
	asked    int              // how often it was asked by handshakes alike
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

// empty tells whether the door is there and showed no certificate: it ended the handshake.
func (b *binding) empty() bool { return failure.Is(b.err(), failure.TLS, "closed", "reset", "alert") }

// missing tells whether the door has no certificate to show. That is how http.sys shows that nothing is bound, by closing or
// resetting, and how others do: nginx by unrecognized_name, servers written in Go by internal_error. The alert
// handshake_failure says that nothing is in common, which may be something else.
func (b *binding) missing() bool {
	return b.empty() && (b.peer.Alert == 0 || b.peer.Alert == wire.UnrecognizedName || b.peer.Alert == wire.InternalError)
}

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

// doors lists what to knock at, within the limits of a probe: first every door by the service's name, then the other
// forms, then closer looks, so that what is cut off is what matters least. It gives the number of connections that are free,
// and of those left out.
func (s *Settings) doors(hosts []host, port uint16, name string) (bindings []*binding, free, left int) {
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
	free = most - len(bindings)
	sweep := func(b *binding) { b.sweep = true }
	closer := func(b *binding) { b.closer = true }
	if s.Sweep {
		free, left = spend(bindings, len(versions), free, left, sweep)
	}
	if s.closerCost() > 0 {
		free, left = spend(bindings, s.closerCost(), free, left, closer)
	}
	return bindings, free, left
}

// closerCost is how many more connections a door takes that is asked again and by other hellos.
func (s *Settings) closerCost() int {
	cost := s.Repeat - 1
	if s.Hellos {
		cost += len(hellos)
	}
	return cost
}

// connections is how many a probe may spend on doors: revocation needs some too.
func (s *Settings) connections() int {
	if s.Revocation {
		return prober.MaxConnections - maxAsked*revocation.MaxTries
	}
	return prober.MaxConnections
}

// spend marks the doors by the service's name that are looked at closer, for so many connections each, while there are free
// ones.
func spend(bindings []*binding, cost, free, left int, mark func(*binding)) (stillFree, stillLeft int) {
	for _, b := range bindings {
		switch {
		case b.form != own:
		case free < cost:
			left += cost
		default:
			mark(b)
			free -= cost
		}
	}
	return free, left
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
