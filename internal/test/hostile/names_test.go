package hostile

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// metadata is where clouds keep what must not get out; it is always denied.
const metadata = "169.254.169.254"

// leads is a resolver whose names lead to the peers, and some to where nobody may go.
type leads struct{}

func (leads) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	switch host = strings.TrimSuffix(host, "."); {
	case host == "metadata.contoso.test":
		return []netip.Addr{netip.MustParseAddr(metadata)}, nil
	case strings.HasSuffix(host, ".contoso.test"):
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// nameserver is a name server, over UDP and TCP, that answers as it is told; what is given as nil is not answered.
func nameserver(t testing.TB, answer func(ask *dns.Msg) *dns.Msg) (address string) {
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
	var listen net.ListenConfig
	tcp, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp, err := listen.ListenPacket(t.Context(), "udp", tcp.Addr().String())
	if err != nil {
		t.Skipf("the port that is free for TCP is not for UDP: %v", err)
	}
	for _, server := range []*dns.Server{{Listener: tcp, Handler: handler}, {PacketConn: udp, Handler: handler}} {
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		ended := make(chan struct{})
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

// zone is a row's name server, and a peer that would be found at 127.0.0.1.
func zone(answer func(ask *dns.Msg) *dns.Msg) func(*testing.T) site {
	return func(t *testing.T) site {
		s := good(t)
		s.resolver = wire.NewResolver(nameserver(t, answer))
		return s
	}
}

// code answers with a response code alone.
func code(rcode int) func(*dns.Msg) *dns.Msg {
	return func(ask *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetRcode(ask, rcode)
		m.RecursionAvailable = true
		return m
	}
}

// records answers questions of one type with records, given as in a zone file less their names.
func records(kind uint16, texts ...string) func(*dns.Msg) *dns.Msg {
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

// thousand are a thousand addresses; the peer listens at the first.
func thousand() []string {
	all := []string{"A 127.0.0.1"}
	for i := range 999 {
		all = append(all, fmt.Sprintf("A 127.1.%d.%d", i/250, 1+i%250))
	}
	return all
}

// garbage answers with bytes that are no message.
func garbage(t *testing.T) site {
	var listen net.ListenConfig
	conn, err := listen.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
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
	t.Cleanup(func() {
		_ = conn.Close()
		<-ended
	})
	return site{target: "https://" + service, resolver: wire.NewResolver(conn.LocalAddr().String())}
}

// lookedUp is a mail domain of which only the service record is there.
func lookedUp(answer func(ask *dns.Msg) *dns.Msg) func(*testing.T) site {
	return func(t *testing.T) site {
		address := nameserver(t, func(ask *dns.Msg) *dns.Msg {
			if ask.Question[0].Qtype != dns.TypeSRV {
				return code(dns.RcodeNameError)(ask)
			}
			return answer(ask)
		})
		return site{
			target: "probe@contoso.test", resolver: wire.NewResolver(address),
			settings: map[string]string{autodiscover: "attempts: 1, nameserver: " + fmt.Sprintf("%q", address)},
		}
	}
}

func names() group {
	return group{"Names", "the name server", []fault{
		{does: "says that the name does not exist (NXDOMAIN)", peer: zone(code(dns.RcodeNameError)), reports: everywhere("resolve/not_found")},
		{does: "says that it failed (SERVFAIL)", peer: zone(code(dns.RcodeServerFailure)), reports: everywhere("resolve/server_failure")},
		{does: "refuses to answer (REFUSED)", peer: zone(code(dns.RcodeRefused)), reports: everywhere("resolve/server_failure")},
		{does: "has no address for the name", peer: zone(records(dns.TypeTXT)), reports: everywhere("resolve/not_found")},
		{does: "leads from alias to alias in a circle", peer: zone(records(dns.TypeA, "CNAME a.contoso.test.", "CNAME "+service+".")), reports: everywhere("resolve/not_found")},
		{does: "never answers", peer: zone(func(*dns.Msg) *dns.Msg { return nil }), reports: everywhere("resolve/timeout"), hangs: true},
		{does: "answers with garbage", peer: garbage, reports: everywhere("resolve/timeout"), hangs: true},
		{does: "gives 1,000 addresses", peer: zone(records(dns.TypeA, thousand()...)), reports: everywhere("success").less(smtpProber).but(sslBinding, "connect/refused, bindings_left_out")},
		{does: "gives the clouds' metadata address (rebinding)", peer: zone(records(dns.TypeA, "A "+metadata)), reports: everywhere("policy/address_denied")},
		{does: "gives the metadata address in IPv6 clothes", peer: zone(records(dns.TypeAAAA, "AAAA ::ffff:"+metadata)), reports: everywhere("policy/address_denied")},
		{does: "gives an address that a rule denies", peer: zone(records(dns.TypeA, "A 127.6.6.6")), reports: everywhere("policy/address_denied")},
		{does: "has no service record", peer: lookedUp(code(dns.RcodeNameError)), reports: verdicts{autodiscover: "resolve/not_found"}},
		{does: "never answers for the service record", peer: lookedUp(func(*dns.Msg) *dns.Msg { return nil }), reports: verdicts{autodiscover: "resolve/timeout"}, hangs: true},
		{does: "has a service record that leads to a stranger", peer: lookedUp(records(dns.TypeSRV, "SRV 0 0 443 mail.fabrikam.test.")), reports: verdicts{autodiscover: "policy/redirect_not_allowed, autodiscover_redirect_not_allowed"}},
		{does: "has 1,000 service records", peer: lookedUp(manyRecords()), reports: verdicts{autodiscover: "resolve/not_found"}},
	}}
}

func manyRecords() func(*dns.Msg) *dns.Msg {
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf("SRV 0 0 443 ex%d.contoso.test.", i))
	}
	return records(dns.TypeSRV, all...)
}
