package script

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Metadata is where clouds keep what must not get out; it is always denied.
const Metadata = "169.254.169.254"

// Leads is a resolver by whom every host of the mail domain is at 127.0.0.1, but for those at Metadata's and nowhere.
type Leads struct{}

// The hosts that lead elsewhere.
const (
	MetadataHost = "metadata." + lab.MailDomain
	Nowhere      = "no-such-host." + lab.MailDomain
)

// LookupNetIP implements lab.Resolver.
func (Leads) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	switch host = strings.TrimSuffix(host, "."); {
	case host == MetadataHost:
		return []netip.Addr{netip.MustParseAddr(Metadata)}, nil
	case strings.HasSuffix(host, "."+lab.MailDomain) && host != Nowhere:
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// Finds is a resolver by whom every host is at these addresses.
type Finds []netip.Addr

// LookupNetIP implements lab.Resolver.
func (f Finds) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { return f, nil }

// Nameserver is a name server, over UDP and TCP, that answers as it is told; what is given as nil is not answered.
func Nameserver(t lab.TB, answer func(ask *dns.Msg) *dns.Msg) (address string) {
	t.Helper()
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, ask *dns.Msg) {
		if m := answer(ask); m != nil {
			m.Compress = true
			if _, udp := w.RemoteAddr().(*net.UDPAddr); udp {
				m.Truncate(1232)
			}
			_ = w.WriteMsg(m)
		}
	})
	tcp, udp := bothPorts(t)
	for _, server := range []*dns.Server{{Listener: tcp, Handler: handler}, {PacketConn: udp, Handler: handler}} {
		started, ended := make(chan struct{}), make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() {
			defer close(ended)
			_ = server.ActivateAndServe()
		}()
		<-started
		t.Cleanup(func() {
			_ = server.Shutdown()
			<-ended
		})
	}
	return tcp.Addr().String()
}

// bothPorts listens on one port for TCP and UDP. One that is free for TCP need not be for UDP.
func bothPorts(t lab.TB) (tcp net.Listener, udp net.PacketConn) {
	t.Helper()
	var listen net.ListenConfig
	var err error
	for range 10 {
		if tcp, err = listen.Listen(context.Background(), "tcp", "127.0.0.1:0"); err != nil {
			break
		}
		if udp, err = listen.ListenPacket(context.Background(), "udp", tcp.Addr().String()); err == nil {
			return tcp, udp
		}
		_ = tcp.Close()
	}
	t.Fatalf("starting a name server: %v", err)
	return nil, nil
}

// Code answers with a response code alone.
func Code(rcode int) func(*dns.Msg) *dns.Msg {
	return func(ask *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetRcode(ask, rcode)
		m.RecursionAvailable = true
		return m
	}
}

// Records answers questions of one type with records, given as in a zone file less their names.
func Records(kind uint16, texts ...string) func(*dns.Msg) *dns.Msg {
	return func(ask *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(ask)
		m.RecursionAvailable = true
		for _, text := range texts {
			if ask.Question[0].Qtype != kind {
				break
			}
			rr, err := dns.NewRR(ask.Question[0].Name + " 60 IN " + text)
			if err != nil {
				panic(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		return m
	}
}

// Resolver asks the name server at an address.
func Resolver(address string) lab.Resolver { return wire.NewResolver(address) }
