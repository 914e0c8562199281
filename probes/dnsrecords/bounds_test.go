package dnsrecords_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// crowd is a domain that names many servers at many addresses each. One socket is all of them, and the exporter's own name
// server too.
type crowd struct {
	hosts, addresses int
	came             atomic.Int64 // datagrams
	port             uint16
}

// LookupNetIP implements wire.Resolver.
func (c *crowd) LookupNetIP(_ context.Context, _, name string) (list []netip.Addr, err error) {
	var host int
	if _, err := fmt.Sscanf(name, "ns%d.", &host); err != nil {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	for i := range c.addresses {
		list = append(list, netip.AddrFrom4([4]byte{127, 54, byte(host), byte(i + 1)}))
	}
	return list, nil
}

// gather starts a crowd at one port of every address of loopback.
func gather(t *testing.T, hosts, addresses int) *crowd {
	t.Helper()
	c := &crowd{hosts: hosts, addresses: addresses}
	var config net.ListenConfig
	conn, err := config.ListenPacket(t.Context(), "udp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	started, ended := make(chan struct{}), make(chan struct{})
	server := &dns.Server{PacketConn: conn, NotifyStartedFunc: func() { close(started) }, Handler: dns.HandlerFunc(c.answer)}
	go func() {
		defer close(ended)
		_ = server.ActivateAndServe()
	}()
	<-started
	t.Cleanup(func() {
		_ = server.Shutdown()
		<-ended
	})
	c.port = netip.MustParseAddrPort(conn.LocalAddr().String()).Port()
	return c
}

func (c *crowd) answer(w dns.ResponseWriter, ask *dns.Msg) {
	c.came.Add(1)
	q := ask.Question[0]
	m := new(dns.Msg).SetReply(ask)
	m.Authoritative, m.Compress = true, true
	head := func(name string, kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: 60}
	}
	soa := &dns.SOA{Hdr: head("contoso.test.", dns.TypeSOA), Ns: ".", Mbox: ".", Serial: 1}
	switch {
	case q.Qtype == dns.TypeNS && q.Name == "contoso.test.":
		for i := range c.hosts {
			m.Answer = append(m.Answer, &dns.NS{Hdr: head(q.Name, dns.TypeNS), Ns: fmt.Sprintf("ns%d.contoso.test.", i)})
		}
	case q.Qtype == dns.TypeSOA:
		m.Answer = append(m.Answer, soa)
	default:
		m.Ns = append(m.Ns, soa)
	}
	_ = w.WriteMsg(m)
}

// probed probes the domain with these keys.
func (c *crowd) probed(t *testing.T, targets, settings string) (servers int, failed *failure.Failure) {
	t.Helper()
	cfg := module(t, "timeout: 30s", "targets: ["+targets+"]", fmt.Sprintf("dns_records: {nameserver: \"127.0.0.1:%d\"%s}", c.port, settings))
	before := c.came.Load()
	r := probe(t, cfg, c, fmt.Sprintf("contoso.test:%d", c.port))
	for _, s := range r.Samples {
		if s.Name == "probe_dns_server_success" {
			servers++
		}
		if s.Name == "probe_dns_datagrams_sent" && int64(s.Value) != c.came.Load()-before {
			t.Errorf("%v datagrams count as sent, and %d came", s.Value, c.came.Load()-before)
		}
	}
	return servers, r.Failure
}

// TestBounds: however many servers a domain names, and however many records are configured, no more is sent than is promised.
func TestBounds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		hosts, addresses int
		settings         string
		servers          int
	}{
		"few":                      {2, 2, "", 4},
		"many hosts":               {40, 1, "", 16},
		"many addresses":           {3, 16, "", 16},
		"many hosts, many records": {40, 4, ", records: [" + manyRecordsOf("contoso.test", 12) + "]", 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := gather(t, tt.hosts, tt.addresses)
			servers, _ := c.probed(t, "contoso.test", tt.settings)
			if came := c.came.Load(); came > 256 || came < int64(tt.servers) {
				t.Errorf("%d datagrams came", came)
			}
			if servers != tt.servers {
				t.Errorf("%d servers were asked, want %d", servers, tt.servers)
			}
		})
	}
}

// TestNetworksAsTargets: where a module's targets are networks alone, no domain of a caller's choice leads out of them.
func TestNetworksAsTargets(t *testing.T) {
	t.Parallel()
	c := gather(t, 2, 1)
	if servers, failed := c.probed(t, "192.0.2.0/24", ""); servers > 0 || !failure.Is(failed, failure.Policy, "not_a_target") {
		t.Errorf("%d servers count as asked: %v", servers, failed)
	}
	if servers, failed := c.probed(t, "127.54.0.0/16", ""); servers != 2 || failure.Is(failed, failure.Policy) {
		t.Errorf("%d servers were asked: %v", servers, failed)
	}
}
