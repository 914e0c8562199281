package dnsrecords_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// copyOf is a zone of the mail domain with a serial, and these records beside what every copy has.
func copyOf(serial int, lines ...string) servers.Zone {
	head := fmt.Sprintf("$ORIGIN contoso.test.\n$TTL 300\n@ SOA ns1 hostmaster %d 3600 600 86400 300\n@ NS ns1\n@ NS ns2\n@ NS ns3\n", serial)
	head += "ns1 A 127.0.0.1\nns2 A 127.0.0.1\nns3 A 127.0.0.1\n@ MX 10 mail\nmail A 192.0.2.25\nautodiscover CNAME mail\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=none\"\n"
	return servers.Zone{Name: "contoso.test", Text: head + strings.Join(lines, "\n") + "\n"}
}

// TestServersSideBySide: NSD, Knot DNS and BIND serve one domain, and each of what goes wrong with one of them is told of it, and of
// nobody else.
func TestServersSideBySide(t *testing.T) {
	t.Parallel()
	const token = `DZC TXT "token=AbCdEf"`
	good := copyOf(2026112902, token)
	tests := map[string]struct {
		zone     servers.Zone // of BIND
		settings string
		front    func(t *testing.T, server string) string // stands before BIND; nil for nothing
		failure  string
		findings []string
		says     []string // in the finding's sentence; BIND stands for its address
		expected float64  // probe_dns_record_expected
	}{
		"all alike": {good, "", nil, "none", nil, nil, 1},
		"a stale copy": {copyOf(2026112901), "", nil, "content/servers_differ", []string{"dns_servers_differ"},
			[]string{"dzc.contoso.test TXT is not there (NXDOMAIN) at BIND, whose copy has the older serial 2026112901", "(serial 2026112902)"}, 0},
		"a copy changed by hand": {copyOf(2026112902, `DZC TXT "token=abcdef"`), "", nil, "content/servers_differ", []string{"dns_servers_differ"},
			[]string{`dzc.contoso.test TXT is "token=abcdef" at BIND, whose copy has serial 2026112902`}, 0},
		"strings split otherwise":   {copyOf(2026112902, `DZC TXT "token=" "AbCdEf"`), "", nil, "none", nil, nil, 1},
		"lame":                      {servers.Zone{Name: "fabrikam.test", Text: strings.ReplaceAll(good.Text, "contoso", "fabrikam")}, "", nil, "status/server_lame", []string{"dns_server_lame"}, []string{"BIND, named by the settings, refuses to answer for it (REFUSED)"}, 1},
		"a copy that never came":    {servers.Zone{Name: "contoso.test"}, "", nil, "status/server_lame", []string{"dns_server_lame"}, []string{"BIND, named by the settings, fails (SERVFAIL)"}, 1},
		"TCP blocked":               {good, "", datagramsAlone, "none", []string{"dns_tcp_blocked"}, []string{"BIND (connect to BIND: the connection was refused"}, 1},
		"a value in other case":     {good, "token=ABCDEF", nil, "content/record_missing", []string{"dns_record_missing"}, []string{"in other case"}, 0},
		"a value that is elsewhere": {good, "nothing like it", nil, "content/record_missing", []string{"dns_record_missing"}, []string{`it is "token=AbCdEf" at `}, 0},
	}
	nsd, knot := servers.StartNameServer(t, "nsd", good), servers.StartNameServer(t, "knotd", good)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bind := servers.StartNameServer(t, "named", tt.zone)
			if tt.front != nil {
				bind = tt.front(t, bind)
			}
			expect := tt.settings
			if expect == "" {
				expect = "token=AbCdEf"
			}
			r := probe(t, module(t, "timeout: 30s", "targets: [contoso.test]",
				fmt.Sprintf("dns_records: {nameserver: %q, servers: [%q, %q, %q], records: [{name: DZC.contoso.test., type: txt, expect: %q}]}", nsd, nsd, knot, bind, expect)), nil, "contoso.test")
			if got := outcome(r); got != tt.failure || !slices.Equal(codes(r), tt.findings) {
				t.Fatalf("%s %v, want %s %v: %v %v", got, codes(r), tt.failure, tt.findings, r.Failure, r.Findings)
			}
			for _, words := range tt.says {
				if words = strings.ReplaceAll(words, "BIND", bind); !strings.Contains(r.Findings[0].Sentence, words) {
					t.Errorf("the finding does not say %q: %s", words, r.Findings[0].Sentence)
				}
			}
			if got := value(r, "probe_dns_record_expected", "dzc.contoso.test"); got != tt.expected {
				t.Errorf("probe_dns_record_expected is %v, want %v", got, tt.expected)
			}
			for _, other := range []string{nsd, knot} {
				if got := value(r, "probe_dns_server_success", "127.0.0.1", other); got != 1 {
					t.Errorf("%s counts as %v", other, got)
				}
			}
		})
	}
}

func outcome(r *result.Result) string {
	if r.Failure == nil {
		return lab.None
	}
	return r.Failure.Name()
}

// codes are those of the findings.
func codes(r *result.Result) (all []string) {
	for _, f := range r.Findings {
		all = append(all, f.Code)
	}
	return all
}

// value is that of a sample whose first labels are these, -1 where it is absent.
func value(r *result.Result, metric string, labels ...string) float64 {
	for _, s := range r.Samples {
		if s.Name == metric && slices.Equal(s.Labels[:len(labels)], labels) {
			return s.Value
		}
	}
	return -1
}

// datagramsAlone is a firewall before a server, which lets no TCP through.
func datagramsAlone(t *testing.T, server string) string {
	t.Helper()
	var config net.ListenConfig
	front, err := config.ListenPacket(context.Background(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		buffer := make([]byte, 4096)
		for {
			n, from, err := front.ReadFrom(buffer)
			if err != nil {
				return
			}
			question := slices.Clone(buffer[:n])
			running.Go(func() { relay(server, question, front, from) })
		}
	})
	t.Cleanup(func() {
		_ = front.Close()
		running.Wait()
	})
	return front.LocalAddr().String()
}

func relay(server string, question []byte, front net.PacketConn, client net.Addr) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(server)))
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(question); err != nil {
		return
	}
	_ = conn.SetReadDeadline(deadline())
	answer := make([]byte, 4096)
	if n, err := conn.Read(answer); err == nil {
		_, _ = front.WriteTo(answer[:n], client)
	}
}
