package inbound

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/policy"
)

// maxStrangers is how many names that are not allowed the log is told of.
const maxStrangers = 100

// hosts knows the names that the exporter may be asked by. A browser that a foreign page has led here, by a name that was
// first the page's own and then became the exporter's address (DNS rebinding), asks by that name: to the browser it is all
// one site, so no other header tells.
type hosts struct {
	own     map[string]bool // names of this machine
	allowed []policy.Rule
	log     *slog.Logger

	mu        sync.Mutex
	strangers map[string]bool // that were told of
}

func newHosts(allowed []policy.Rule, log *slog.Logger) *hosts {
	h := &hosts{own: map[string]bool{}, allowed: allowed, log: log, strangers: map[string]bool{}}
	for _, name := range ownNames() {
		h.own[normal(name)] = true
	}
	return h
}

// ParseHost reads a value of --web.allow-host.
func ParseHost(s string) (policy.Rule, error) {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil || strings.Contains(s, "/") {
		return policy.Rule{}, errors.New("only names have to be allowed, as in exporter.contoso.com or *.contoso.com: addresses are")
	}
	if strings.Trim(s, "*.") == "" {
		return policy.Rule{}, fmt.Errorf("%q names no domain: write the names that the exporter is asked by, as in exporter.contoso.com or *.contoso.com", s)
	}
	return policy.ParseRule(s)
}

// refuse says why a request is not answered, "" where it is. What supervises the exporter may ask by any name:
// path is without the prefix below which it is served.
func (h *hosts) refuse(r *http.Request, path string) string {
	if path == "/-/healthy" || path == "/-/ready" || h.known(r.Host) {
		return ""
	}
	name := plain.Text(hostOf(r.Host), 128)
	h.tell(name, r.RemoteAddr)
	return fmt.Sprintf("the exporter was asked by the name %q, which it does not know as its own: if it is, start it with --web.allow-host=%s; "+
		"if it is not, a foreign page has led your browser here", name, name)
}

// known tells whether host, as a request has it, is one to answer. One without any, as HTTP/1.0 permits, comes from no
// browser. Names without a dot, and those that Kubernetes gives, are no name of the internet, where strangers have theirs.
func (h *hosts) known(host string) bool {
	name := normal(hostOf(host))
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	if !strings.Contains(name, ".") || strings.HasSuffix(name, ".svc") || strings.HasSuffix(name, ".svc.cluster.local") || h.own[name] {
		return true
	}
	for _, rule := range h.allowed {
		if rule.MatchName(name) {
			return true
		}
	}
	return false
}

// hostOf takes the port and the brackets off.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

func normal(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// tell logs a name, once.
func (h *hosts) tell(name, from string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.strangers[name] || len(h.strangers) == maxStrangers {
		return
	}
	h.strangers[name] = true
	h.log.Warn("Request refused: the exporter does not know this name as its own", "host", name, "client", from, "flag", "--web.allow-host="+name)
}
