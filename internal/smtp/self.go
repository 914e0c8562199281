package smtp

import (
	"encoding/hex"
	"net/netip"
	"os"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Self is how a client names itself in EHLO when nothing is configured: this machine's name where that is qualified, else
// the address that it speaks from, in brackets (RFC 5321 sections 4.1.1.1 and 4.1.3). Servers refuse names that cannot be
// looked up, so the name of a container, which nobody can look up, is none.
func Self(local netip.Addr) string {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return self(host, local)
}

func self(host string, local netip.Addr) string {
	if name, address, err := target.ParseHost(host); err == nil && !address.IsValid() && qualified(name) {
		return name
	}
	return Literal(local)
}

// qualified tells whether a machine's name has a domain that others may know.
func qualified(name string) bool {
	first, domain, ok := strings.Cut(name, ".")
	return ok && domain != "" && !container(first) && first != "localhost" && domain != "localdomain"
}

// container tells whether a label is a container's id: 12 or 64 hexadecimal digits.
func container(label string) bool {
	_, err := hex.DecodeString(label)
	return err == nil && (len(label) == 12 || len(label) == 64)
}

// Literal is an address as EHLO has it.
func Literal(a netip.Addr) string {
	if a = a.Unmap().WithZone(""); a.Is6() {
		return "[IPv6:" + a.String() + "]"
	}
	return "[" + a.String() + "]"
}

// CheckName says what is wrong with a name for EHLO, "" for nothing: it is a host's name, or an address in brackets.
func CheckName(name string) string {
	inner, bracketed := strings.CutPrefix(name, "[")
	if bracketed {
		inner, closed := strings.CutSuffix(inner, "]")
		if _, err := netip.ParseAddr(strings.TrimPrefix(inner, "IPv6:")); err != nil || !closed {
			return "brackets hold an address, as in [192.0.2.1] or [IPv6:2001:db8::1]"
		}
		return ""
	}
	_, address, err := target.ParseHost(name)
	switch {
	case err != nil:
		return err.Error()
	case address.IsValid():
		return "an address stands in brackets: " + Literal(address)
	}
	return ""
}
