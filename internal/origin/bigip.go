package origin

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// DecodeBigIPCookie reads the pool member's address and port out of the value of a BIG-IP's persistence cookie
// (BIGipServer<pool>). It knows the four forms of F5's article K6917, "Overview of BIG-IP persistence cookie encoding":
//
//	1677787402.20480.0000                       IPv4: address and port with their bytes reversed
//	vi20010112000000000000000000000030.20480    IPv6: address in hex, port with its bytes reversed
//	rd5o00000000000000000000ffffc0000201o80     IPv4 in a route domain: mapped address in hex, port as it is
//	rd3o20010112000000000000000000000030o80     IPv6 in a route domain
//
// An encrypted cookie, and anything else, is false.
func DecodeBigIPCookie(value string) (netip.AddrPort, bool) {
	if rest, ok := strings.CutPrefix(value, "rd"); ok {
		return decodeRouteDomain(rest)
	}
	if rest, ok := strings.CutPrefix(value, "vi"); ok {
		address, port, _ := strings.Cut(rest, ".")
		return join(hexAddress(address), port, true)
	}
	address, rest, _ := strings.Cut(value, ".")
	port, reserved, _ := strings.Cut(rest, ".")
	n, err := strconv.ParseUint(address, 10, 32)
	if err != nil || reserved != "0000" {
		return netip.AddrPort{}, false
	}
	var octets [4]byte
	binary.LittleEndian.PutUint32(octets[:], uint32(n))
	return join(netip.AddrFrom4(octets), port, true)
}

func decodeRouteDomain(rest string) (netip.AddrPort, bool) {
	domain, rest, _ := strings.Cut(rest, "o")
	if _, err := strconv.ParseUint(domain, 10, 32); err != nil {
		return netip.AddrPort{}, false
	}
	address, port, _ := strings.Cut(rest, "o")
	return join(hexAddress(address), port, false)
}

// hexAddress reads 32 hex digits; IPv4-mapped becomes IPv4. Anything else is the zero Addr.
func hexAddress(digits string) netip.Addr {
	if len(digits) != 32 {
		return netip.Addr{}
	}
	raw, err := hex.DecodeString(digits)
	if err != nil {
		return netip.Addr{}
	}
	return netip.AddrFrom16([16]byte(raw)).Unmap()
}

func join(address netip.Addr, port string, reversed bool) (netip.AddrPort, bool) {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || !address.IsValid() {
		return netip.AddrPort{}, false
	}
	p := uint16(n)
	if reversed {
		p = bits.ReverseBytes16(p)
	}
	return netip.AddrPortFrom(address, p), true
}
