// Package policy says what may be reached, and which targets a secret may be sent to.
package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Rule is one entry of policy.allow or policy.deny. It is one of
//
//   - a name: mail.contoso.com, which matches only itself;
//   - a glob: in *.contoso.com the leading asterisk stands for one or more labels, so it matches every name below
//     contoso.com and never contoso.com itself; any other asterisk stands for characters within its label, so
//     ex*.contoso.com matches ex01.contoso.com and not ex.lab.contoso.com;
//   - an address: 192.0.2.1 or 2001:db8::1;
//   - a network: 192.0.2.0/24 or 2001:db8::/32;
//   - a reference to a service of the configuration: service:mail, or service:* for all of them.
//
// A leading asterisk reaches every depth because a deny rule that stopped at one label would fail without a word. The
// targets of an auth, where the wide reading is the dangerous one, are a TargetPattern instead.
// The zero Rule matches nothing.
type Rule struct {
	name   string       // A-labels in lower case, perhaps with asterisks; empty for an address or a network
	prefix netip.Prefix // an address is a /32 or /128

	service string // of a reference, which has nothing else
}

// ParseRule reads a rule. The error says what is wrong and what to write instead.
func ParseRule(s string) (Rule, error) {
	if service, is, err := reference(s); is {
		return Rule{service: service}, err
	}
	switch {
	case s == "":
		return Rule{}, errors.New("the rule is empty: write a name, a glob, an address or a CIDR")
	case strings.Contains(s, "://"):
		return Rule{}, fmt.Errorf("%q is a URL: a rule is a name, a glob, an address or a CIDR", s)
	case strings.Contains(s, "/"):
		return parseNetwork(s)
	case strings.Contains(s, "*"):
		return parseGlob(s)
	}
	host, addr, err := target.ParseHost(s)
	if err != nil {
		return Rule{}, err
	}
	if addr.IsValid() {
		return Rule{prefix: netip.PrefixFrom(addr, addr.BitLen())}, nil
	}
	return Rule{name: host}, nil
}

func parseNetwork(s string) (Rule, error) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return Rule{}, fmt.Errorf("%q is not a network in CIDR notation, as in 192.0.2.0/24 or 2001:db8::/32", s)
	}
	if p.Addr().Is4In6() {
		return Rule{}, fmt.Errorf("%q is an IPv4-mapped network: write it as an IPv4 network", s)
	}
	if p != p.Masked() {
		return Rule{}, fmt.Errorf("%q has bits set beyond its length: write %s for the network, or %s for the one address", s, p.Masked(), p.Addr())
	}
	return Rule{prefix: p}, nil
}

func parseGlob(s string) (Rule, error) {
	rest, _ := strings.CutPrefix(s, "*.")
	if rest == "" || strings.Trim(rest, "*.") == "" {
		return Rule{}, fmt.Errorf("%q names no domain: an empty allow list already permits every name", s)
	}
	if !strings.Contains(rest, "*") {
		host, addr, err := target.ParseHost(rest)
		if err != nil {
			return Rule{}, err
		}
		if addr.IsValid() {
			return Rule{}, fmt.Errorf("%q is a glob over an address: write a CIDR", s)
		}
		return Rule{name: "*." + host}, nil
	}
	// With the asterisks replaced by a letter the rest must be a name that stays as it is: an asterisk says nothing
	// within an internationalised label, whose A-label looks different.
	plain := strings.TrimSuffix(strings.ToLower(s), ".")
	stand := strings.ReplaceAll(strings.TrimPrefix(plain, "*."), "*", "x")
	if host, _, err := target.ParseHost(stand); err != nil || host != stand {
		return Rule{}, fmt.Errorf("%q is not a glob over a name: apart from asterisks it must be a name in ASCII letters, as in ex*.contoso.com", s)
	}
	return Rule{name: plain}, nil
}

// String gives the rule in its normal spelling; ParseRule reads it back.
func (r Rule) String() string {
	switch {
	case r.service != "":
		return servicePrefix + r.service
	case r.name != "":
		return r.name
	case r.prefix.IsSingleIP():
		return r.prefix.Addr().String()
	case r.prefix.IsValid():
		return r.prefix.String()
	}
	return ""
}

// MarshalText gives String.
func (r Rule) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is ParseRule.
func (r *Rule) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRule(string(text))
	return err
}

// MatchName tells whether the rule is about names and matches this one, which must be normal (see target.ParseHost).
func (r Rule) MatchName(name string) bool {
	if r.name == "" || name == "" {
		return false
	}
	if !strings.Contains(r.name, "*") { // most are none, and there may be thousands, held against each probe's host
		return r.name == name
	}
	want, labels := strings.Split(r.name, "."), strings.Split(name, ".")
	if want[0] == "*" {
		want = want[1:]
		if len(labels) <= len(want) {
			return false
		}
		labels = labels[len(labels)-len(want):]
	}
	if len(labels) != len(want) {
		return false
	}
	for i, label := range labels {
		// The only special character that a rule can hold is the asterisk, so there is no bad pattern.
		if ok, _ := path.Match(want[i], label); !ok {
			return false
		}
	}
	return true
}

// matchAddr tells whether the rule is about addresses and holds this one, which must be unmapped and without zone.
func (r Rule) matchAddr(a netip.Addr) bool { return r.prefix.IsValid() && r.prefix.Contains(a) }
