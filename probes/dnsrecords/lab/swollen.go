package lab

import (
	"encoding/binary"
	"net"
	"strings"

	"github.com/miekg/dns"
)

// swollen answers as the zone's servers do, and fills what is left of the message with records of twelve to sixteen bytes that
// each name what stands in the message once (RFC 1035 section 4.1.4), so that they are a hundred times as large once they are
// read. Datagrams that are not to be filled say that the answer does not fit.
func swollen(datagrams bool) func(w dns.ResponseWriter, ask *dns.Msg) {
	return func(w dns.ResponseWriter, ask *dns.Msg) {
		m := authority((&nameserver{serial: serial}).zone(1), ask)
		_, udp := w.RemoteAddr().(*net.UDPAddr)
		if m.Truncated = udp && !datagrams; m.Truncated {
			_ = w.WriteMsg(m)
			return
		}
		size := dns.MaxMsgSize
		if udp {
			size = 4096
		}
		packed, err := m.Pack()
		if err != nil {
			return
		}
		_, _ = w.Write(fill(packed, size))
	}
}

// hollow does so with a text of empty strings.
func hollow(w dns.ResponseWriter, ask *dns.Msg) {
	m := authority((&nameserver{serial: serial}).zone(1), ask)
	_, udp := w.RemoteAddr().(*net.UDPAddr)
	if m.Truncated = udp; udp {
		_ = w.WriteMsg(m)
		return
	}
	packed, err := m.Pack()
	if err != nil {
		return
	}
	binary.BigEndian.PutUint16(packed[10:], binary.BigEndian.Uint16(packed[10:])+1)
	n := dns.MaxMsgSize - len(packed) - 11
	packed = append(packed, 0, 0, byte(dns.TypeTXT), 0, dns.ClassINET, 0, 0, 0, 60)
	packed = binary.BigEndian.AppendUint16(packed, uint16(n)) //nolint:gosec // of a message
	_, _ = w.Write(append(packed, make([]byte, n)...))
}

// fill adds records of type RP, of three names each (RFC 1183 section 2.2), until the message has this many bytes.
func fill(packed []byte, size int) []byte {
	here := len(packed)
	name := strings.Repeat("\x3f"+strings.Repeat("\x01", 63), 3) + "\x3d" + strings.Repeat("\x01", 61) + "\x00"
	there := binary.BigEndian.AppendUint16(nil, uint16(0xc000|here)) //nolint:gosec // the answer before it is short
	records := 0
	for owner := name; len(packed)+len(owner)+14 <= size; owner = string(there) {
		packed = append(packed, owner...)
		packed = append(packed, 0, byte(dns.TypeRP), 0, dns.ClassINET, 0, 0, 0, 60, 0, 4)
		packed = append(append(packed, there...), there...)
		records++
	}
	had := binary.BigEndian.Uint16(packed[10:])
	binary.BigEndian.PutUint16(packed[10:], had+uint16(records)) //nolint:gosec // at most 4,096
	return packed
}

// crowd are so many servers that all answer so.
func crowd(n int, raw func(w dns.ResponseWriter, ask *dns.Msg)) (list []*nameserver) {
	for range n {
		list = append(list, &nameserver{raw: raw})
	}
	return list
}
