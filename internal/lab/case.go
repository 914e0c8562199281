package lab

import (
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
}

// Peer is where a case is probed, and how.
type Peer struct {
	Target   string   // as in a request to /probe, less hostname
	Resolver Resolver // of its names; nil for the system's
	// Server is one server of it by its address, which can be asked without the Resolver, and Hostname the name that it is
	// asked for then; empty where there is no such way.
	Server, Hostname string

	Keys         []string   // of the module, as Module has them
	Logon        string     // keys of the module's auth beside its targets, as the inside of a YAML flow mapping; empty for no auth
	LogonTargets []string   // where its secret may go; nil for the target alone
	Authority    *Authority // that the module trusts; nil for none
	// Adapt changes the prober's settings where its configuration cannot, such as ports; nil for nothing.
	Adapt func(settings any)
	Cost  func() Cost // what it was cost so far; nil where that is not counted
}

// Resolver finds the addresses of a peer's names.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// WriteConfig writes an exporter's configuration into dir, with one module of the prober's name, for the peer alone, and
// returns the file's path.
func (p Peer) WriteConfig(dir, prober string) (string, error) {
	var text strings.Builder
	files := map[string][]byte{}
	if p.Logon != "" {
		targets := p.LogonTargets
		if targets == nil {
			targets = []string{p.Target}
		}
		fmt.Fprintf(&text, "auths:\n  case: {%s, targets: [%s]}\n", p.Logon, "'"+strings.Join(targets, "', '")+"'")
	}
	fmt.Fprintf(&text, "modules:\n  %[1]s:\n    prober: %[1]s\n", prober)
	if p.Logon != "" {
		text.WriteString("    auth: case\n")
	}
	if p.Authority != nil {
		text.WriteString("    tls_config: {ca_file: " + caFile + "}\n")
		files[caFile] = p.Authority.PEM()
	}
	for _, line := range p.Keys {
		text.WriteString("    " + line + "\n")
	}
	text.WriteString("policy: {allow: [127.0.0.0/8, '::1']}\n")
	files[configFile] = []byte(text.String())
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return "", fmt.Errorf("writing a case's configuration: %w", err)
		}
	}
	return filepath.Join(dir, configFile), nil
}
