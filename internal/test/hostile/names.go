package hostile

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// zone is a name server, and a peer that would be found at 127.0.0.1.
func zone(answer func(ask *dns.Msg) *dns.Msg) peer {
	return func(w world) lab.Peer {
		p := good(w)
		p.Resolver = script.Resolver(script.Nameserver(w, answer))
		return p
	}
}

// found is a peer that a resolver finds in its own way, probed with these keys.
func found(resolver lab.Resolver, keys ...string) peer {
	return func(w world) lab.Peer {
		p := good(w)
		p.Resolver, p.Keys = resolver, keys
		return p
	}
}

// broken is a resolver that does not work.
type broken struct{}

func (broken) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, errors.New("the resolver is out of order")
}

// unrouted is the resolver of a machine without a route to its name server, in the words of package net.
type unrouted struct{}

func (unrouted) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	return nil, &net.DNSError{Name: name, Server: "192.0.2.53:53", IsTemporary: true, Err: "dial udp 192.0.2.53:53: connect: " + syscall.ENETUNREACH.Error()}
}

// own is where the exporter listens.
func own(world) lab.Peer {
	at := netip.MustParseAddrPort(lab.Own)
	return lab.Peer{Target: fmt.Sprintf("%s:%d", lab.Service, at.Port()), Resolver: script.Finds{at.Addr()}}
}

// halfReached is a peer with an address of IPv6 too, to which no machine has a route, for TCP goes to no group of hosts.
func halfReached(w world) lab.Peer {
	const group = "ff0e::1"
	p := found(script.Finds{netip.MustParseAddr(group), netip.MustParseAddr("127.0.0.1")})(w)
	p.Policy = "allow: [127.0.0.0/8, '" + group + "']"
	return p
}

// thousand are a thousand addresses; the peer listens at the first.
func thousand() []string {
	all := []string{"A 127.0.0.1"}
	for i := range 999 {
		all = append(all, fmt.Sprintf("A 127.1.%d.%d", i/250, 1+i%250))
	}
	return all
}

// garbage answers with bytes that are no message.
func garbage(w world) lab.Peer {
	var listen net.ListenConfig
	conn, err := listen.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	if err != nil {
		w.Fatalf("starting a name server: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buffer := make([]byte, 1500)
		for {
			_, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			for range 100 {
				_, _ = conn.WriteTo([]byte("\xff\xff\xff\xffgarbage"), from)
			}
		}
	}()
	w.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	return lab.Peer{Target: lab.Service, Resolver: script.Resolver(conn.LocalAddr().String())}
}

func names() Group {
	return Group{"Names", "the name server", []Behaviour{
		{Does: "says that the name does not exist (NXDOMAIN)", Reports: "resolve/not_found", peer: zone(script.Code(dns.RcodeNameError))},
		{Does: "says that it failed (SERVFAIL)", Reports: "resolve/server_failure", peer: zone(script.Code(dns.RcodeServerFailure))},
		{Does: "refuses to answer (REFUSED)", Reports: "resolve/server_failure", peer: zone(script.Code(dns.RcodeRefused))},
		{Does: "has no address for the name", Reports: "resolve/not_found", peer: zone(script.Records(dns.TypeTXT))},
		{Does: "leads from alias to alias in a circle", Reports: "resolve/not_found", peer: zone(script.Records(dns.TypeA, "CNAME a.contoso.test.", "CNAME "+lab.Service+"."))},
		{Does: "fails in a way of its own", Reports: "resolve/error", peer: found(broken{})},
		{Does: "cannot be reached, for want of a route", Reports: "resolve/unreachable", peer: found(unrouted{})},
		{Does: "knows an address of the other family alone", Reports: "resolve/no_address", peer: found(script.Finds{netip.IPv6Loopback()}, "ip_protocol: ip4", "ip_protocol_fallback: false")},
		{Does: "knows an address of a family without a route, and one of the other", Reports: "connect/family_unreachable", peer: halfReached},
		{Does: "never answers", Reports: "resolve/timeout", Hangs: true, peer: zone(func(*dns.Msg) *dns.Msg { return nil })},
		{Does: "answers with garbage", Reports: "resolve/timeout", Hangs: true, peer: garbage},
		{Does: "gives 1,000 addresses", Reports: "success", peer: zone(script.Records(dns.TypeA, thousand()...))},
		{Does: "gives the clouds' metadata address (rebinding)", Reports: "policy/address_denied", peer: zone(script.Records(dns.TypeA, "A "+script.Metadata))},
		{Does: "gives the metadata address in IPv6 clothes", Reports: "policy/address_denied", peer: zone(script.Records(dns.TypeAAAA, "AAAA ::ffff:"+script.Metadata))},
		{Does: "gives an address that no rule allows", Reports: "policy/address_not_allowed", peer: zone(script.Records(dns.TypeA, "A 192.0.2.1"))},
		{Does: "gives an address that is none of the module's targets", Reports: "policy/not_a_target", peer: found(script.Leads{}, "targets: [192.0.2.0/24]")},
		{Does: "gives the exporter's own address", Reports: "policy/own_listener", peer: own},
		{Does: "gives an address that a rule denies", Reports: "policy/address_denied", peer: zone(script.Records(dns.TypeA, "A "+lab.Denied))},
	}}
}
