// Package target parses what a caller asks to have probed.
package target

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Target is a parsed target parameter.
type Target struct {
	Raw    string     // as written
	Scheme string     // "https" (default) or "http"; the prober's own where it speaks something else: "smtp"
	Host   string     // a name as A-labels in lower case without trailing dot, or an address
	Addr   netip.Addr // valid when Host is an IP literal
	Port   uint16     // the scheme's (see ports), unless written
	Path   string     // of a URL over HTTP, with its query; empty otherwise
	Name   string     // the hostname parameter if given, else Host: what Host, SNI, certificate check and auth go by
}

// maxLength bounds a target parameter, in bytes.
const maxLength = 2048

// ports are those of the schemes that a target may have.
var ports = map[string]uint16{
	"https": 443, "http": 80, "smtp": 25, "dns": 53,
	"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995,
	"state": 42424, // of ASP.NET sessions
}

// private are the schemes whose probers let no secret go before TLS is there: from the start, or once they have asked for it.
var private = map[string]bool{"https": true, "imap": true, "imaps": true, "pop3": true, "pop3s": true}

// Private tells whether a secret that is meant for the target goes over TLS alone.
func (t Target) Private() bool { return private[t.Scheme] }

// Parse reads a target parameter (host, host:port, an address with or without port, an http or https URL) and the
// hostname parameter (a name or an address; empty when there is none). IPv6 needs brackets where a port follows.
// Errors are for the caller (400) and never repeat what stands before an @, which may be a password.
func Parse(raw, hostname string) (Target, error) { return ParseAs("https", raw, hostname) }

// ParseAs is Parse for a prober that speaks what scheme names: a target without a scheme is one of it, and of URLs only
// its own are taken, or for https those of http too.
func ParseAs(scheme, raw, hostname string) (Target, error) {
	if err := checkText(raw); err != nil {
		return Target{}, fmt.Errorf("the target %w", err)
	}
	t := Target{Raw: raw, Scheme: scheme}
	authority := raw
	if scheme, rest, ok := strings.Cut(raw, "://"); ok {
		if err := t.setScheme(scheme); err != nil {
			return Target{}, err
		}
		end := len(rest)
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			end = i
		}
		authority = rest[:end]
		path, err := parsePath(rest[end:])
		if err != nil {
			return Target{}, fmt.Errorf("the target's %w", err)
		}
		t.Path = path
	}
	if t.Scheme != "https" && t.Scheme != "http" {
		if t.Path != "" && t.Path != "/" {
			return Target{}, fmt.Errorf("the target has a path, and %s knows none", t.Scheme)
		}
		t.Path = ""
	}
	if err := t.setAuthority(authority); err != nil {
		return Target{}, fmt.Errorf("the target is malformed: %w", err)
	}
	if err := t.setName(hostname); err != nil {
		return Target{}, err
	}
	return t, nil
}

// setScheme takes the scheme that is written, where the prober speaks it.
func (t *Target) setScheme(written string) error {
	written = strings.ToLower(written)
	if t.Scheme != "https" && written != t.Scheme {
		return fmt.Errorf("the target is a URL of a scheme other than %s: write host or host:port", t.Scheme)
	}
	if t.Scheme == "https" && written != "https" && written != "http" {
		return errors.New("the target is a URL of a scheme other than https and http")
	}
	t.Scheme = written
	return nil
}

// checkText refuses what no target holds, whatever its form.
func checkText(s string) error {
	switch {
	case s == "":
		return errors.New("is empty: write a host, host:port, an address or a URL")
	case len(s) > maxLength:
		return fmt.Errorf("is %d bytes long, at most %d are accepted", len(s), maxLength)
	case !utf8.ValidString(s):
		return errors.New("is not valid UTF-8")
	}
	for _, r := range s {
		if r == ' ' || !unicode.IsPrint(r) {
			return fmt.Errorf("holds a space or an invisible character (%U)", r)
		}
	}
	return nil
}

// parsePath checks what follows a URL's authority. It stays as written, because it goes into the request line so; a query that is
// empty is none.
func parsePath(s string) (string, error) {
	if strings.Contains(s, "#") {
		return "", errors.New("fragment (#…) is never sent to a server: leave it out")
	}
	if strings.HasPrefix(s, "?") {
		s = "/" + s
	}
	if path, query, _ := strings.Cut(s, "?"); query == "" {
		s = path
	}
	for _, c := range []byte(s) {
		if c >= utf8.RuneSelf {
			return "", errors.New("path holds a character that is not ASCII: percent-encode it")
		}
	}
	if _, err := url.PathUnescape(s); err != nil {
		return "", fmt.Errorf("path is malformed: %w", err)
	}
	return s, nil
}

// setAuthority reads host[:port].
func (t *Target) setAuthority(s string) error {
	if strings.Contains(s, "@") {
		return errors.New("there is an @ in it; user names and passwords are configured as an auth, never written into a target")
	}
	if i := strings.IndexAny(s, `/?#\`); i >= 0 {
		return fmt.Errorf("there is a %q in the host; a path needs a whole URL, as in https://mail.example.com/EWS/", s[i])
	}
	host, port, err := splitHostPort(s)
	if err != nil {
		return err
	}
	if t.Host, t.Addr, err = ParseHost(host); err != nil {
		return err
	}
	t.Port = ports[t.Scheme]
	if port == "" {
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return fmt.Errorf("the port %q is not a number from 1 to 65535", port)
	}
	t.Port = uint16(n)
	return nil
}

// splitHostPort cuts a port off; port is empty where none is written. Two colons without brackets are an IPv6 address.
func splitHostPort(s string) (host, port string, err error) {
	host, port, found := strings.Cut(s, ":")
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']') + 1
		if end == 0 {
			return "", "", errors.New("the bracket [ is not closed")
		}
		host = s[:end]
		if s[end:] != "" && s[end] != ':' {
			return "", "", errors.New("only a port may follow the bracket ]")
		}
		port, found = strings.CutPrefix(s[end:], ":")
	} else if strings.Contains(port, ":") {
		return s, "", nil
	}
	if found && port == "" {
		return "", "", errors.New("no port follows the colon")
	}
	return host, port, nil
}

// setName takes the hostname parameter, or the host where there is none.
func (t *Target) setName(hostname string) error {
	t.Name = t.Host
	if hostname == "" {
		return nil
	}
	if err := checkText(hostname); err != nil {
		return fmt.Errorf("the hostname %w", err)
	}
	if strings.ContainsAny(hostname, "@/") {
		return errors.New("the hostname is not a name: it has no scheme, path or user")
	}
	name, _, err := ParseHost(hostname)
	if err != nil {
		return fmt.Errorf("the hostname is malformed: %w", err)
	}
	t.Name = name
	return nil
}

// HostPort is the host and port to reach: host:port, with brackets around IPv6.
func (t Target) HostPort() string {
	return net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port)))
}

// Authority is the name to ask for, as the Host header and URLs write it: with the port only where it is not the
// scheme's own (RFC 9110 §4.2.3), and with brackets around IPv6.
func (t Target) Authority() string {
	if t.Port != ports[t.Scheme] {
		return net.JoinHostPort(t.Name, strconv.Itoa(int(t.Port)))
	}
	if strings.Contains(t.Name, ":") {
		return "[" + t.Name + "]"
	}
	return t.Name
}

// URL is the URL that a request asks for: by Name, whatever host is dialled. The target's own path stands in place of
// the given one, which begins with a slash.
func (t Target) URL(path string) string {
	if t.Path != "" {
		path = t.Path
	}
	return t.Scheme + "://" + t.Authority() + path
}
