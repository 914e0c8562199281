package lab

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// nameserver is a simulated authority for the mail domain.
type nameserver struct {
	serial  uint32                                      // of its copy
	without []string                                    // "name TYPE" of usual records that its copy lacks
	with    []string                                    // records that it has beside the usual ones, as in a zone file
	answer  func(usual *dns.Msg, ask *dns.Msg) *dns.Msg // changes what it says; nil: nothing is said
	raw     func(w dns.ResponseWriter, ask *dns.Msg)    // in place of all that
	noTCP   bool                                        // nothing listens there
	onlyTCP bool                                        // datagrams are not answered
}

// apex is the zone's name.
const apex = lab.MailDomain + "."

// usual is the zone of a healthy mail domain, without SOA and NS.
var usual = []string{
	"@ MX 10 mail", `@ TXT "v=spf1 mx -all"`, `@ TXT "MS=ms12345678"`, "mail A 192.0.2.25", "mail AAAA 2001:db8::25", "autodiscover CNAME mail",
	`_dmarc TXT "v=DMARC1; p=none"`, `proof TXT "token=AbCdEf"`, "deep.below A 192.0.2.7", "alias CNAME mail",
}

// parse reads records as a zone file of the mail domain has them.
func parse(lines []string) (list []dns.RR) {
	for _, line := range lines {
		z := dns.NewZoneParser(strings.NewReader("$ORIGIN "+apex+"\n$TTL 300\n"+line+"\n"), apex, "")
		rr, ok := z.Next()
		if !ok {
			panic(line + ": " + z.Err().Error())
		}
		list = append(list, rr)
	}
	return list
}

// zone is the copy of a server among so many.
func (n *nameserver) zone(servers int) []dns.RR {
	lines := []string{"@ SOA ns1 hostmaster " + strconv.FormatUint(uint64(n.serial), 10) + " 3600 600 86400 300"}
	for i := range servers {
		lines = append(lines, "@ NS ns"+strconv.Itoa(i+1))
	}
	list := slices.DeleteFunc(parse(usual), func(rr dns.RR) bool {
		name := strings.TrimSuffix(strings.TrimSuffix(rr.Header().Name, apex), ".")
		return slices.Contains(n.without, cmp.Or(name, "@")+" "+dns.TypeToString[rr.Header().Rrtype])
	})
	return slices.Concat(parse(lines), list, parse(n.with))
}

// of are the records of a name and type in a zone, or the alias that the name is.
func of(zone []dns.RR, name string, kind uint16) (list []dns.RR) {
	for _, rr := range zone {
		if h := rr.Header(); strings.EqualFold(h.Name, name) && (h.Rrtype == kind || h.Rrtype == dns.TypeCNAME) {
			list = append(list, rr)
		}
	}
	return list
}

// authority answers as the zone's servers do (RFC 1034 section 4.3.2).
func authority(zone []dns.RR, ask *dns.Msg) *dns.Msg {
	m := new(dns.Msg).SetReply(ask)
	q := ask.Question[0]
	if !dns.IsSubDomain(apex, q.Name) {
		m.Rcode = dns.RcodeRefused
		return m
	}
	for _, rr := range zone {
		if h := rr.Header(); h.Rrtype == dns.TypeNS && h.Name != apex && dns.IsSubDomain(h.Name, q.Name) {
			m.Ns = append(m.Ns, rr)
			m.Extra = append(m.Extra, of(zone, rr.(*dns.NS).Ns, dns.TypeA)...) //nolint:forcetypeassert // by its type
		}
	}
	if len(m.Ns) > 0 {
		return m
	}
	m.Authoritative = true
	follow(m, zone, q.Name, q.Qtype)
	if len(m.Answer) == 0 {
		m.Ns = of(zone, apex, dns.TypeSOA)
		if !slices.ContainsFunc(zone, func(rr dns.RR) bool { return dns.IsSubDomain(q.Name, rr.Header().Name) }) {
			m.Rcode = dns.RcodeNameError
		}
	}
	return m
}

// follow adds the records of a name, and of what its aliases lead to.
func follow(m *dns.Msg, zone []dns.RR, name string, kind uint16) {
	for range 8 {
		list := of(zone, name, kind)
		m.Answer = append(m.Answer, list...)
		cname, ok := first(list).(*dns.CNAME)
		if !ok || kind == dns.TypeCNAME {
			return
		}
		name = cname.Target
	}
}

func first(list []dns.RR) dns.RR {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// respond is what the server says; nil for nothing.
func (n *nameserver) respond(servers int, ask *dns.Msg) *dns.Msg {
	m := authority(n.zone(servers), ask)
	if ask.IsEdns0() != nil {
		m.SetEdns0(1232, false)
	}
	if n.answer != nil {
		return n.answer(m, ask)
	}
	return m
}

// listeners are what was started at one port, at several addresses of loopback.
type listeners struct {
	port  uint16
	meter *lab.Meter
	ends  []func()
}

// at is an address of loopback, as the nth of its kind.
func at(kind, n int) netip.Addr { return netip.AddrFrom4([4]byte{127, 53, byte(kind), byte(n + 1)}) }

// The kinds of servers, by their addresses.
const (
	zoneServers = iota + 1
	ownServers
	parentServers
	belowServers
)

// serve answers at an address, over UDP and TCP. It takes the first one's port for all.
func (l *listeners) serve(address netip.Addr, tcp, udp bool, handler dns.HandlerFunc) error {
	var config net.ListenConfig
	place := netip.AddrPortFrom(address, l.port).String()
	packets, err := config.ListenPacket(context.Background(), "udp", place)
	if err != nil {
		return err
	}
	l.port = netip.MustParseAddrPort(packets.LocalAddr().String()).Port()
	counted := func(w dns.ResponseWriter, ask *dns.Msg) {
		l.meter.Request()
		handler(w, ask)
	}
	silent := func(dns.ResponseWriter, *dns.Msg) { l.meter.Request() }
	datagrams := &dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(counted)}
	if !udp {
		datagrams.Handler = dns.HandlerFunc(silent)
	}
	l.start(datagrams)
	if !tcp {
		return nil
	}
	listener, err := config.Listen(context.Background(), "tcp", netip.AddrPortFrom(address, l.port).String())
	if err != nil {
		return err
	}
	l.start(&dns.Server{Listener: &counting{listener, l.meter}, Handler: dns.HandlerFunc(counted)})
	return nil
}

func (l *listeners) start(s *dns.Server) {
	started, ended := make(chan struct{}), make(chan struct{})
	s.NotifyStartedFunc = func() { close(started) }
	go func() {
		defer close(ended)
		_ = s.ActivateAndServe()
	}()
	<-started
	l.ends = append(l.ends, func() {
		_ = s.Shutdown()
		<-ended
	})
}

func (l *listeners) close() {
	for _, end := range slices.Backward(l.ends) {
		end()
	}
	l.ends = nil
}

// counting counts the connections that a listener takes.
type counting struct {
	net.Listener
	meter *lab.Meter
}

func (c *counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &counted{Conn: conn, ended: c.meter.Connection()}, nil
}

type counted struct {
	net.Conn
	once  sync.Once
	ended func()
}

func (c *counted) Close() error {
	c.once.Do(c.ended)
	return c.Conn.Close()
}

// write sends an answer, as much of it as the asker takes at once.
func write(w dns.ResponseWriter, ask, m *dns.Msg) {
	if m == nil {
		return
	}
	m.Compress = true
	if _, udp := w.RemoteAddr().(*net.UDPAddr); udp && !m.Truncated {
		size := dns.MinMsgSize
		if opt := ask.IsEdns0(); opt != nil {
			size = int(opt.UDPSize())
		}
		m.Truncate(size)
	}
	_ = w.WriteMsg(m)
}
