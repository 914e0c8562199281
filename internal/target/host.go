package target

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// profile maps names as look-ups do (UTS #46, non-transitional) and checks the labels. It leaves hyphens in the third
// and fourth place alone, because hosts are named so (r3---a), and non-letters too: checkLabels judges those, and
// allows the underscore, which Windows lets an administrator put into a host's name.
var profile = idna.New(
	idna.MapForLookup(),
	idna.BidiRule(),
	idna.Transitional(false),
	idna.CheckHyphens(false),
	idna.StrictDomainName(false),
)

// ParseHost reads a name or an address without a port. A name comes back as A-labels in lower case without the
// trailing dot. An address comes back in its shortest spelling, together with its value; IPv6 stands with or without
// brackets, and an IPv4-mapped one (::ffff:192.0.2.1) becomes the IPv4 address that a connection would really go to.
// Spellings that resolvers read differently (decimal, octal, hex, short, with a zone) are errors.
func ParseHost(s string) (string, netip.Addr, error) {
	switch {
	case s == "":
		return "", netip.Addr{}, errors.New("the host is empty")
	case !utf8.ValidString(s):
		return "", netip.Addr{}, fmt.Errorf("%q is not valid UTF-8", s)
	case strings.Contains(s, "%"):
		return "", netip.Addr{}, fmt.Errorf("%q: a zone (%%eth0) or a percent-encoded character is not accepted in a host", s)
	case strings.HasPrefix(s, "["):
		return parseBracketed(s)
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().String(), a.Unmap(), nil
	}
	if strings.Contains(s, ":") {
		return "", netip.Addr{}, fmt.Errorf("%q is neither a name nor an address; a port is not accepted here", s)
	}
	name, err := parseName(s)
	return name, netip.Addr{}, err
}

func parseBracketed(s string) (string, netip.Addr, error) {
	inner, closed := strings.CutSuffix(s[1:], "]")
	a, err := netip.ParseAddr(inner)
	if !closed || err != nil || !a.Is6() {
		return "", netip.Addr{}, fmt.Errorf("%q: brackets hold an IPv6 address, as in [2001:db8::1]", s)
	}
	return a.Unmap().String(), a.Unmap(), nil
}

// parseName gives a name's A-labels.
func parseName(s string) (string, error) {
	name := s
	if !mapped(s) {
		var err error
		if name, err = profile.ToASCII(s); err != nil {
			return "", fmt.Errorf("%q is not a valid name: %w", s, err)
		}
	}
	name = strings.TrimSuffix(name, ".")
	if len(name) > 253 {
		return "", fmt.Errorf("the name is %d characters long, DNS allows 253", len(name))
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if err := checkLabel(label); err != nil {
			return "", fmt.Errorf("%q is not a valid name: %w", s, err)
		}
	}
	// No top-level domain is a number, so this was meant as an address (URL Standard, "ends in a number").
	if last := labels[len(labels)-1]; isNumber(last) {
		return "", fmt.Errorf("%q is an unusual spelling of an address: write four decimal numbers without leading zeros, as in 192.0.2.1", s)
	}
	return name, nil
}

// checkLabel holds a label to RFC 1123 §2.1 (letters, digits, hyphens within) and the underscore.
// mapped tells whether a name is what profile would make of it, as nearly all are: letters in lower case, and no A-label, whose
// code would have to be looked into.
func mapped(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return !strings.Contains(s, "xn--")
}

func checkLabel(label string) error {
	switch {
	case label == "":
		return errors.New("a label between two dots is empty")
	case len(label) > 63:
		return fmt.Errorf("a label is %d characters long, DNS allows 63", len(label))
	case label[0] == '-' || label[len(label)-1] == '-':
		return fmt.Errorf("the label %q begins or ends with a hyphen", label)
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return fmt.Errorf("the label %q holds %q", label, c)
		}
	}
	return nil
}

// isNumber tells whether a resolver could read the label as a decimal, octal or hexadecimal number.
func isNumber(label string) bool {
	digits, hex := strings.CutPrefix(label, "0x")
	for _, c := range []byte(digits) {
		if (c < '0' || c > '9') && (!hex || c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
