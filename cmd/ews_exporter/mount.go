package main

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/inbound"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// mount is where the exporter is reached, by the flags --web.external-url and --web.route-prefix, which mean what they mean
// to Prometheus.
type mount struct {
	external *url.URL // by people, through whatever stands in front; nil: not known. Without a host where only its path is given
	prefix   string   // of the paths that the exporter itself is asked for, as in /ews; "": none
}

// newMount reads the flags. Without a prefix it is the external URL's path.
func newMount(external, prefix string) (mount, error) {
	var m mount
	if external != "" {
		u, err := parseExternal(external)
		if err != nil {
			return mount{}, err
		}
		m.external = u
		if prefix == "" {
			prefix = u.Path
		}
	}
	if prefix = strings.Trim(prefix, "/"); prefix == "" {
		return m, nil
	}
	m.prefix = "/" + prefix
	if !isPath(m.prefix) {
		return mount{}, fmt.Errorf("--web.route-prefix: %q is no prefix of paths: write letters, digits, and . _ ~ - between slashes, as in /ews", m.prefix)
	}
	return m, nil
}

// parseExternal reads an external URL, with its host as browsers write it.
func parseExternal(text string) (*url.URL, error) {
	wrong := errors.New("--web.external-url: write the URL by which browsers reach the exporter, as in https://monitor.contoso.com/ews/, or its path: without user, query or fragment")
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, wrong // which does not repeat it: a password may be in it
	}
	pathOnly := u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/")
	whole := (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
	if !pathOnly && !whole || !isPath(strings.TrimRight(u.Path, "/")) {
		return nil, wrong
	}
	if !whole {
		return u, nil
	}
	host, addr, err := target.ParseHost(u.Hostname())
	if err != nil {
		return nil, wrong
	}
	if addr.Is6() {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme] { // browsers leave out what goes without saying
		host += ":" + port
	}
	u.Host = host
	return u, nil
}

var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

// isPath tells whether clients and the exporter read a path alike: nothing is encoded, and nothing leads up.
func isPath(path string) bool {
	parts := strings.Split(path, "/")
	return plainPath.MatchString(path) && !slices.Contains(parts, ".") && !slices.Contains(parts, "..")
}

// at is where people open a path, which begins without a slash: a URL, or a path where no host is known.
func (m mount) at(path string) string {
	if m.external != nil {
		return strings.TrimRight(m.external.String(), "/") + "/" + path
	}
	return m.prefix + "/" + path
}

// origin is the external URL's, as browsers send it; "" where no host is known.
func (m mount) origin() string {
	if m.external == nil || m.external.Host == "" {
		return ""
	}
	return m.external.Scheme + "://" + m.external.Host
}

// allowed is the rule that lets the exporter be asked by the external URL's host; none where that is an address, or not known.
func (m mount) allowed() []policy.Rule {
	if m.external == nil {
		return nil
	}
	rule, err := inbound.ParseHost(m.external.Hostname())
	if err != nil {
		return nil
	}
	return []policy.Rule{rule}
}
