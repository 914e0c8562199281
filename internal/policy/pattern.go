package policy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/ews-exporter/ews_exporter/internal/target"
)

// TargetPattern is one entry of an auth's targets: a name or an address that the secret may be sent to, with a port
// (443 unless one is written). In *.contoso.com the asterisk stands for exactly one label, as in certificates
// (RFC 9525 §6.3). service:mail refers to a service of the configuration. The zero TargetPattern matches nothing.
type TargetPattern struct {
	host     string // A-labels in lower case, or an address; without the "*."
	port     uint16
	wildcard bool

	service string // of a reference, which has nothing else
}

// defaultPort is the port of a pattern that names none: secrets travel over https.
const defaultPort = 443

// ParseTargetPattern reads a pattern: host, host:port, *.host, *.host:port, an IPv4 or IPv6 address, or
// [IPv6]:port, or a reference to a service. The error says what is wrong and what to write instead.
func ParseTargetPattern(s string) (TargetPattern, error) {
	if s == "" {
		return TargetPattern{}, errors.New("the target is empty: write the host that the secret may be sent to")
	}
	if service, is, err := reference(s); is {
		return TargetPattern{service: service}, err
	}
	if strings.ContainsAny(s, "/@#?") {
		return TargetPattern{}, fmt.Errorf("%q is not a host: write the host alone, or host:port", s)
	}
	host, port, err := splitPort(s)
	if err != nil {
		return TargetPattern{}, err
	}
	rest, wildcard := strings.CutPrefix(host, "*.")
	if strings.Contains(rest, "*") {
		return TargetPattern{}, fmt.Errorf("%q: an asterisk may only be the whole first label, as in *.contoso.com", s)
	}
	name, addr, err := target.ParseHost(rest)
	if err != nil {
		return TargetPattern{}, err
	}
	if wildcard {
		if err := checkParent(s, name, addr); err != nil {
			return TargetPattern{}, err
		}
	}
	return TargetPattern{host: name, port: port, wildcard: wildcard}, nil
}

// splitPort takes a port off the end. More than one colon outside brackets is an IPv6 address without a port.
func splitPort(s string) (host string, port uint16, err error) {
	if strings.Count(s, ":") != 1 && !strings.Contains(s, "]:") {
		return s, defaultPort, nil
	}
	i := strings.LastIndexByte(s, ':')
	n, err := strconv.ParseUint(s[i+1:], 10, 16)
	if err != nil || n == 0 {
		return "", 0, fmt.Errorf("%q: the port must be a number from 1 to 65535", s)
	}
	return s[:i], uint16(n), nil
}

// checkParent refuses wildcards below which strangers can have a name.
func checkParent(s, name string, addr netip.Addr) error {
	if addr.IsValid() {
		return fmt.Errorf("%q is a wildcard over an address: write the addresses one by one", s)
	}
	suffix, icann := publicsuffix.PublicSuffix(name)
	if suffix == name && (icann || strings.Contains(name, ".")) {
		return fmt.Errorf("%q would send the secret to anybody's host: names below %s are handed out to the public", s, name)
	}
	return nil
}

// Match tells whether the secret may be sent to this name (or address) and port. The name must be in its normal
// spelling, as target.Target.Name is.
func (p TargetPattern) Match(name string, port uint16) bool {
	if p.host == "" || port != p.port {
		return false
	}
	if !p.wildcard {
		return name == p.host
	}
	label, parent, ok := strings.Cut(name, ".")
	return ok && label != "" && parent == p.host
}

// Wildcard tells whether the pattern begins with "*.".
func (p TargetPattern) Wildcard() bool { return p.wildcard }

// Host is the name or the address, without the asterisk of a wildcard.
func (p TargetPattern) Host() string { return p.host }

// String gives the pattern in its normal spelling; ParseTargetPattern reads it back.
func (p TargetPattern) String() string {
	if p.service != "" {
		return servicePrefix + p.service
	}
	host := p.host
	if p.wildcard {
		host = "*." + host
	}
	if p.port == defaultPort || p.host == "" {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(int(p.port)))
}

// MarshalText gives String.
func (p TargetPattern) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is ParseTargetPattern.
func (p *TargetPattern) UnmarshalText(text []byte) (err error) {
	*p, err = ParseTargetPattern(string(text))
	return err
}
