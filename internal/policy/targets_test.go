package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// TestTargets: a module with targets is for them alone, by name before the look-up, by address when it is dialled.
func TestTargets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, rules, target, hostname, address string
		before, dialled                        bool // permitted
	}{
		{"none", "", "mail.contoso.com", "", "192.0.2.1", true, true},
		{"a name", "mail.contoso.com", "mail.contoso.com", "", "192.0.2.1", true, true},
		{"another name", "mail.contoso.com", "mx.contoso.com", "", "192.0.2.1", false, false},
		{"a glob", "*.contoso.com", "ex01.lab.contoso.com:2525", "", "192.0.2.1", true, true},
		{"an address", "192.0.2.1", "192.0.2.1:587", "", "192.0.2.1", true, true},
		{"an address mapped", "192.0.2.1", "[::ffff:192.0.2.1]", "", "::ffff:192.0.2.1", true, true},
		{"another address", "192.0.2.1", "192.0.2.2", "", "192.0.2.2", false, false},
		{"a network by name", "192.0.2.0/24", "mail.contoso.com", "", "192.0.2.9", true, true},
		{"a network that the name does not lead to", "192.0.2.0/24", "mail.contoso.com", "", "198.51.100.1", true, false},
		{"a hostname permits nothing", "mail.contoso.com", "192.0.2.1", "mail.contoso.com", "192.0.2.1", false, false},
		{"several", "mail.contoso.com 2001:db8::/32", "2001:db8::7", "", "2001:db8::7", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var rules Targets
			for rule := range strings.FieldsSeq(c.rules) {
				rules = append(rules, parsed(t, rule)...)
			}
			tg, err := target.ParseAs("smtp", c.target, c.hostname)
			if err != nil {
				t.Fatal(err)
			}
			err = rules.Target(tg)
			if (err == nil) != c.before || err != nil && !failure.Is(err, failure.Policy, NotATarget) {
				t.Errorf("before the look-up: %v", err)
			}
			err = rules.Address(tg.Host, netip.AddrPortFrom(netip.MustParseAddr(c.address), 25))
			if (err == nil) != c.dialled || err != nil && !failure.Is(err, failure.Policy, NotATarget) {
				t.Errorf("when it is dialled: %v", err)
			}
		})
	}
}
