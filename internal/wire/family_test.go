package wire

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// nowhere are addresses that have no route, whatever the machine: TCP goes to no group of hosts.
const nowhere4, nowhere6 = "224.0.0.1", "ff0e::1"

// TestConnect_family: where the family of an address was a choice, the failure says by what it was made.
func TestConnect_family(t *testing.T) {
	t.Parallel()
	closed := closedPort(t)
	for name, test := range map[string]struct {
		prefer Preference
		found  []string
		host   string
		reason string
		want   string // what the message ends with, "" where the family has no part in it
	}{
		"IPv6 has no route": {Preference{"ip6", true}, []string{nowhere6, "127.0.0.1"}, "mail", "family_unreachable",
			"; that is IPv6, by the module's ip_protocol ip6, ip_protocol_fallback true; the name has IPv4 addresses too, and ip_protocol ip4 with ip_protocol_fallback false asks those alone"},
		"IPv4 has no route": {Preference{"ip4", true}, []string{nowhere4, "::1"}, "mail", "family_unreachable",
			"; that is IPv4, by the module's ip_protocol ip4, ip_protocol_fallback true; the name has IPv6 addresses too, and ip_protocol ip6 with ip_protocol_fallback false asks those alone"},
		"by default": {Preference{"", true}, []string{nowhere6, "127.0.0.1"}, "mail", "family_unreachable",
			"; that is IPv6, by the module's ip_protocol ip6, ip_protocol_fallback true; the name has IPv4 addresses too, and ip_protocol ip4 with ip_protocol_fallback false asks those alone"},
		"another family listens, maybe": {Preference{"ip4", true}, []string{"127.0.0.1", "::1"}, "mail", "refused",
			"; that is IPv4, by the module's ip_protocol ip4, ip_protocol_fallback true; the name has IPv6 addresses too, and ip_protocol ip6 with ip_protocol_fallback false asks those alone"},
		"there is no other":         {Preference{"ip6", true}, []string{nowhere6}, "mail", "unreachable", ""},
		"another was not looked up": {Preference{"ip6", false}, []string{nowhere6}, "mail", "unreachable", "; that is IPv6, and by the module's ip_protocol ip6, ip_protocol_fallback false no other was looked up"},
		"it was an address":         {Preference{"ip6", true}, nil, nowhere6, "unreachable", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &Dialer{Epoch: time.Now(), Resolver: names{addresses: test.found}}
			res, err := d.Resolve(context.Background(), test.host, test.prefer)
			if err != nil {
				t.Fatal(err)
			}
			c, err := d.Connect(context.Background(), 1, "mail", res, netip.AddrPortFrom(res.Addresses[0], closed.Port()))
			c.Close()
			wantFailure(t, err, failure.Connect, test.reason)
			if _, said, _ := strings.Cut(err.Error(), " s)"); said != test.want {
				t.Errorf("it says %q, want %q: %s", said, test.want, err)
			}
		})
	}
}
