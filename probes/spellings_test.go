package probes_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// nobodyThere gives every name an address of loopback at which nothing listens.
type nobodyThere struct{}

func (nobodyThere) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.99.0.1")}, nil
}

// TestSpellingsOfATarget: within min_interval one target is probed once, whatever the prober, its scheme and its paths, and
// however the target is written.
func TestSpellingsOfATarget(t *testing.T) {
	t.Parallel()
	var probed atomic.Int32
	cfg := seldom(t)
	for _, d := range probes.All() {
		m := cfg.Modules[d.Name]
		for group, spellings := range spellingsFor(t, m) {
			t.Run(d.Name+"/"+group, func(t *testing.T) {
				r := runner.New(runner.Options{
					Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: nobodyThere{},
					Version: "test", Log: slog.New(slog.DiscardHandler), Observe: func(*result.Result) { probed.Add(1) },
				})
				for i, spelling := range spellings {
					before := probed.Load()
					_, err := r.Probe(t.Context(), runner.Request{Module: d.Name, Target: spelling})
					if is := probed.Load() != before; err != nil || is != (i == 0) {
						t.Errorf("%s, beside %s: probed %v, %v", spelling, spellings[0], is, err)
					}
				}
			})
		}
	}
}

// seldom has a module of each prober, with its name, that probes once an hour.
func seldom(t *testing.T) *config.Config {
	t.Helper()
	least := map[string][]string{}
	for _, p := range labs.All() {
		least[p.Prober] = p.Least
	}
	text := strings.Builder{}
	text.WriteString("policy: {allow: [127.0.0.0/8, '::1', '*.contoso.test', contoso.test]}\nmodules:\n")
	for _, d := range probes.All() {
		fmt.Fprintf(&text, "  %s:\n    prober: %s\n    min_interval: 1h\n", d.Name, d.Name)
		for _, key := range least[d.Name] {
			fmt.Fprintf(&text, "    %s\n", key)
		}
	}
	path := filepath.Join(t.TempDir(), "seldom.yml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{path}, probes.All())
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	return cfg
}

// spellingsFor gives spellings of one target by what they differ in.
func spellingsFor(t *testing.T, m *config.Module) map[string][]string {
	t.Helper()
	const name, port = "mail.contoso.test", "2053"
	aim, err := prober.AimOf(m.Definition, m.Settings, name+":"+port, "")
	if err != nil {
		t.Fatal(err)
	}
	scheme := aim.Target.Scheme
	usual, err := prober.AimOf(m.Definition, m.Settings, scheme+"://"+name, "")
	if err != nil {
		t.Fatal(err)
	}
	_, own, _ := net.SplitHostPort(usual.Target.HostPort())
	all := map[string][]string{
		"name":              {name + ":" + port, strings.ToUpper(name) + ":" + port, name + ".:" + port, "mail。contoso。test:" + port},
		"port":              {name + ":" + port, name + ":0" + port, scheme + "://" + name + ":00" + port},
		"the scheme's port": {scheme + "://" + name, scheme + "://" + name + ":" + own, name + ":" + own, strings.ToUpper(scheme) + "://" + name},
	}
	base := scheme + "://" + name + ":" + port
	all["path"] = append([]string{base}, pathsFor(m, base, scheme)...)
	if _, err := prober.AimOf(m.Definition, m.Settings, "[::1]:"+port, ""); err == nil {
		all["IPv6"] = []string{"[::1]:" + port, "[0::0:1]:" + port, "[0:0:0:0:0:0:0:1]:" + port, scheme + "://[::0.0.0.1]:" + port}
		all["IPv4 in IPv6"] = []string{"127.99.0.1:" + port, "[::ffff:127.99.0.1]:" + port, "[::FFFF:7F63:1]:" + port}
	}
	return all
}

// pathsFor writes out what is no other question.
func pathsFor(m *config.Module, base, scheme string) []string {
	own := m.Settings.Paths()
	switch {
	case scheme != "https" && scheme != "http":
		return []string{base + "/", base + "?", base + "/?"}
	case m.Definition.TargetPath == prober.PathUnused:
		return []string{base + "/", base + "/a", base + "/b?c", base + "?d"}
	case len(own) != 1:
		return nil
	case m.Definition.TargetPath == prober.RootUnused:
		return []string{base + "/", base + "?", base + own[0], base + own[0] + "?"}
	}
	return []string{base + own[0], base + own[0] + "?"}
}
