package revocation

import (
	"fmt"
	"net/netip"
	"testing"
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	for want, all := range map[string][]string{
		"[]":                      nil,
		"[192.0.2.1]":             {"192.0.2.1"},
		"[192.0.2.1 192.0.2.2]":   {"192.0.2.1", "192.0.2.2", "192.0.2.3"},
		"[2001:db8::1 192.0.2.1]": {"2001:db8::1", "2001:db8::2", "192.0.2.1"},
	} {
		var addresses []netip.Addr
		for _, a := range all {
			addresses = append(addresses, netip.MustParseAddr(a))
		}
		if got := fmt.Sprint(candidates(addresses)); got != want {
			t.Errorf("%v: %s, want %s", all, got, want)
		}
	}
}
