package lab

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// Case is a peer, or several, for what no scenario shows, and what a probe of it reports.
type Case struct {
	Name  string
	Start func(t TB) Peer // what it starts ends with the test
	Want  Verdict
	Hangs bool // it ends with the time limit, so that is short
	Slow  bool // it takes many seconds, and is left to the whole run
	// Floods tells that it sends 100 MB, or without end: nothing else runs meanwhile, and the probe's memory is watched.
	Floods bool
	Times  int // how often it is probed; Want is of the last probe. 0: once
}

// Reports reads what a probe reports in a case: "success" or "stage/reason", and behind it the codes of findings, each after
// a comma.
func Reports(text string) Verdict {
	said, codes, _ := strings.Cut(text, ", ")
	if said == "success" {
		said = None
	}
	return Verdict{Failure: said, Finding: codes}
}

// Group is a table of cases about one kind of misbehaviour. The page on broken and hostile peers has a table for each.
type Group struct {
	Title string
	Who   string // does what the cases' names go on with, such as "the peer"
	Cases []Case
}

// Meeting is with a group of those peers that several probers can meet, by its title (see internal/test/hostile).
type Meeting struct {
	Group string
	Keys  []string // of the module, as Module has them; PORT stands for the peer's. Nil for the part's Least
	Usual string   // what the prober reports of most of them; empty for what most probers report
	// But is what it reports otherwise, by the case's name, as Reports reads it. Empty for what it cannot meet.
	But map[string]string
}

// Peer is where a case is probed, and how.
type Peer struct {
	Target   string   // as in a request to /probe, less hostname
	As       string   // hostname, where a server is asked past a balancer under the service's name; empty for none
	Resolver Resolver // of its names; nil for the system's
	// Server is one server of it by its address, which can be asked without the Resolver, and Hostname the name that it is
	// asked for then; empty where there is no such way.
	Server, Hostname string

	Keys         []string          // of the module, as Module has them
	Logon        string            // keys of the module's auth beside its targets, as the inside of a YAML flow mapping; empty for no auth
	LogonTargets []string          // where its secret may go; nil for the target alone
	ProxyLogon   string            // keys of the auth of the module's proxy, in the same form, with its targets; empty for none
	Authority    *Authority        // that the module trusts; nil for none
	Files        map[string]string // beside the configuration, for keys that name one
	Policy       string            // the inside of a YAML flow mapping; empty for Policy
	Outside      bool              // the exporter looks from outside
	// Adapt changes the prober's settings where its configuration cannot, such as ports; nil for nothing.
	Adapt      func(settings any)
	Cost       func() Cost // what it was cost so far; nil where that is not counted
	RelayCheck bool        // it is asked as by hand, whether it takes mail for strangers
}

// Resolver finds the addresses of a peer's names.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Addresses that may not be reached.
const (
	Denied = "127.6.6.6"   // a rule of the policy of cases denies it
	Own    = "127.6.6.7:9" // the exporter itself listens there
)

// Policy is that of cases, less what stands in Peer.Policy.
const Policy = "allow: [127.0.0.0/8, '::1'], deny: [" + Denied + "]"

// WriteConfig writes an exporter's configuration into dir, with one module of the prober's name, for the peer alone, and
// returns the file's path.
func (p Peer) WriteConfig(dir, prober string) (string, error) {
	var text strings.Builder
	files := map[string][]byte{}
	if p.Logon+p.ProxyLogon != "" {
		text.WriteString("auths:\n")
	}
	if p.Logon != "" {
		targets := p.LogonTargets
		if targets == nil {
			targets = []string{p.Target}
		}
		fmt.Fprintf(&text, "  case: {%s, targets: [%s]}\n", p.Logon, "'"+strings.Join(targets, "', '")+"'")
	}
	if p.ProxyLogon != "" {
		fmt.Fprintf(&text, "  proxy: {%s}\n", p.ProxyLogon)
	}
	fmt.Fprintf(&text, "modules:\n  %[1]s:\n    prober: %[1]s\n", prober)
	if p.Logon != "" {
		text.WriteString("    auth: case\n")
	}
	if p.ProxyLogon != "" {
		text.WriteString("    proxy_auth: proxy\n")
	}
	if p.Authority != nil {
		text.WriteString("    tls_config: {ca_file: " + caFile + "}\n")
		files[caFile] = p.Authority.PEM()
	}
	for _, line := range p.Keys {
		text.WriteString("    " + line + "\n")
	}
	fmt.Fprintf(&text, "policy: {%s}\n", cmp.Or(p.Policy, Policy))
	if p.Outside {
		text.WriteString("vantage: outside\n")
	}
	files[configFile] = []byte(text.String())
	for name, content := range p.Files {
		files[name] = []byte(content)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return "", fmt.Errorf("writing a case's configuration: %w", err)
		}
	}
	return filepath.Join(dir, configFile), nil
}
