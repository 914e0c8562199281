package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// MaxAddresses is how many addresses of one name are used; a name may have any number, a probe must not.
const MaxAddresses = 16

// Resolver looks names up. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// aliasResolver is a Resolver that can tell what name an alias stands for. *net.Resolver is one.
type aliasResolver interface {
	LookupCNAME(ctx context.Context, host string) (string, error)
}

// systemResolver asks the operating system's name servers.
var systemResolver = NewResolver("")

// NewResolver asks one name server, "address:port", or the operating system's where that is empty. It asks in Go itself,
// where a look-up ends with its context. On Windows only the system's own resolver knows the name resolution policy
// table, so there that is asked.
func NewResolver(server string) Resolver {
	return &net.Resolver{
		PreferGo: server != "" || runtime.GOOS != "windows",
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, cmp.Or(server, address))
			if err == nil { // package net itself would go on waiting for an answer, 5 s long
				context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
			}
			return conn, err
		},
	}
}

// Resolution is what a look-up gave.
type Resolution struct {
	Name      string
	Addresses []netip.Addr // the preferred family first, at most MaxAddresses
	Dropped   int          // addresses beyond MaxAddresses
	Span      *Span        // nil when the name was an address and nothing was looked up
	Prefer    Preference   // by which it was looked up
}

// Preference is blackbox_exporter's: the family to use, and whether the other one will do.
type Preference struct {
	Protocol string // "ip4" or "ip6" (default)
	Fallback bool
}

func (p Preference) network() string {
	if p.Fallback {
		return "ip"
	}
	if p.Protocol == "ip4" {
		return "ip4"
	}
	return "ip6"
}

// String is the preference as the configuration has it.
func (p Preference) String() string {
	return fmt.Sprintf("ip_protocol %s, ip_protocol_fallback %t", cmp.Or(p.Protocol, "ip6"), p.Fallback)
}

func (p Preference) prefers(a netip.Addr) bool { return a.Is4() == (p.Protocol == "ip4") }

// Resolve looks host up and orders its addresses by preference. It gives a Resolution even when it fails. Errors are
// failures of stage resolve, with reason not_found, no_address, timeout, server_failure, unreachable or error; or of stage internal.
func (d *Dialer) Resolve(ctx context.Context, host string, prefer Preference) (*Resolution, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		addr = addr.Unmap()
		if !prefer.Fallback && !prefer.prefers(addr) {
			return &Resolution{Name: host}, noAddress(host, prefer)
		}
		return &Resolution{Name: host, Addresses: []netip.Addr{addr}}, nil
	}
	resolver := d.Resolver
	if resolver == nil {
		resolver = systemResolver
	}
	span := &Span{Start: d.now()}
	found, err := resolver.LookupNetIP(ctx, prefer.network(), host)
	span.End = d.now()
	if err != nil {
		return &Resolution{Name: host, Span: span}, lookupFailure(ctx, host, prefer, err)
	}
	res := &Resolution{Name: host, Span: span, Addresses: order(found, prefer), Prefer: prefer}
	if len(res.Addresses) == 0 {
		return res, noAddress(host, prefer)
	}
	if extra := len(res.Addresses) - MaxAddresses; extra > 0 {
		res.Addresses, res.Dropped = res.Addresses[:MaxAddresses], extra
	}
	return res, nil
}

// Alias gives the name that host is an alias for, at the end of the chain, without the last dot; empty where it is none.
// Errors are failures of stage resolve.
func (d *Dialer) Alias(ctx context.Context, host string) (string, error) {
	resolver := d.Resolver
	if resolver == nil {
		resolver = systemResolver
	}
	aliases, ok := resolver.(aliasResolver)
	if !ok {
		return "", nil
	}
	name, err := aliases.LookupCNAME(ctx, host)
	if err != nil {
		return "", lookupFailure(ctx, host, Preference{Fallback: true}, err)
	}
	if name = strings.TrimSuffix(name, "."); strings.EqualFold(name, strings.TrimSuffix(host, ".")) {
		return "", nil
	}
	return strings.ToLower(name), nil
}

// order puts the preferred family first and keeps the resolver's order within each; duplicates go.
func order(found []netip.Addr, prefer Preference) []netip.Addr {
	var first, second []netip.Addr
	seen := make(map[netip.Addr]bool, len(found))
	for _, a := range found {
		a = a.Unmap()
		switch {
		case seen[a]:
		case prefer.prefers(a):
			first = append(first, a)
		case prefer.Fallback:
			second = append(second, a)
		}
		seen[a] = true
	}
	return append(first, second...)
}

func noAddress(host string, prefer Preference) error {
	family := "IPv6"
	if prefer.Protocol == "ip4" {
		family = "IPv4"
	}
	if prefer.Fallback {
		family = "IP"
	}
	return failure.New(failure.Resolve, "no_address", "resolve %s: the name has no %s address (%s)", host, family, prefer)
}

// misbehaving is what package net calls every other answer of a name server than SERVFAIL, REFUSED above all.
const misbehaving = "server misbehaving"

func lookupFailure(ctx context.Context, host string, prefer Preference, err error) error {
	var dns *net.DNSError
	var noSuitable *net.AddrError
	switch {
	case ctx.Err() != nil, isTimeout(err):
		return failure.New(failure.Resolve, "timeout", "resolve %s: no answer from the name servers in time: %w", host, err)
	case errors.As(err, &noSuitable):
		return noAddress(host, prefer)
	case errors.As(err, &dns) && dns.IsNotFound:
		return failure.New(failure.Resolve, "not_found", "resolve %s: the name does not exist or has no address: %w", host, err)
	case errors.As(err, &dns) && strings.HasSuffix(dns.Err, syscall.ENETUNREACH.Error()): // package net keeps the text alone
		return failure.New(failure.Resolve, "unreachable", "resolve %s: this machine has no route to its name server: %w", host, err)
	case errors.As(err, &dns) && (dns.IsTemporary || dns.Err == misbehaving):
		return failure.New(failure.Resolve, "server_failure", "resolve %s: the name servers failed: %w", host, err)
	}
	return failure.New(failure.Resolve, "error", "resolve %s: %w", host, err)
}
