package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestModuleTargets: whoever can reach the exporter cannot have a module with targets asked for anything else, and none that
// needs targets without. Nothing is sent then.
func TestModuleTargets(t *testing.T) {
	t.Parallel()
	server := lab.Serve(t, lab.Cut)
	_, port, _ := net.SplitHostPort(server.Addr())
	cfg := load(t, `
modules:
  here: {prober: nuisance, ip_protocol: ip4, timeout: 3s, targets: [127.0.0.1, mx.contoso.test]}
  named: {prober: asker, ip_protocol: ip4, timeout: 3s, targets: ["mx*.contoso.test"]}
  there: {prober: asker, ip_protocol: ip4, timeout: 3s, targets: [192.0.2.0/24]}
policy: {allow: [127.0.0.0/8, "*.contoso.test"]}
`, nil)
	bare := *cfg.Modules["here"]
	bare.Name, bare.Targets = "bare", nil // as no file can have it
	cfg.Modules["bare"] = &bare
	r := resolving(cfg)
	for name, tt := range map[string]struct {
		module, target, hostname string
		status                   int // 0: it is probed
	}{
		"an address":                     {"here", "127.0.0.1:" + port, "", 0},
		"a name":                         {"here", "mx.contoso.test:" + port, "", 0},
		"another address":                {"here", "127.0.0.2:" + port, "", 403},
		"another name":                   {"named", "mail.contoso.test:" + port, "", 403},
		"another under a permitted name": {"here", "127.0.0.2:" + port, "mx.contoso.test", 403},
		"an address where names are":     {"named", "127.0.0.1:" + port, "", 403},
		"an address of no network":       {"there", "127.0.0.1:" + port, "", 403},
		"targets are needed":             {"bare", "127.0.0.1:" + port, "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := r.Probe(t.Context(), runner.Request{Module: tt.module, Target: tt.target, Hostname: tt.hostname})
			var refusal *runner.Refusal
			if errors.As(err, &refusal) != (tt.status != 0) || refusal != nil && (refusal.Status != tt.status || refusal.Reason != runner.DeniedTarget) {
				t.Errorf("%v, want %d", err, tt.status)
			}
		})
	}
	t.Run("what only the look-up tells", func(t *testing.T) {
		t.Parallel()
		answer, err := r.Probe(t.Context(), runner.Request{Module: "there", Target: "mx.contoso.test:" + port})
		if err != nil {
			t.Fatal(err)
		}
		f := answer.Result.Failure
		if f == nil || !failure.Is(f, failure.Policy, "not_a_target") || len(answer.Result.Connections) > 0 {
			t.Errorf("%v, %v", f, answer.Result.Connections)
		}
	})
}

// TestTargetsOfALookUp: what probers that are asked for a domain find by themselves has to be a target of the module too.
func TestTargetsOfALookUp(t *testing.T) {
	t.Parallel()
	tested := 0
	for _, p := range labs.All() {
		if !slices.Contains(definition(p).Paths, prober.Path{Way: prober.ByDomain}) {
			continue
		}
		tested++
		cfg := load(t, fmt.Sprintf("modules: {m: {prober: %s, ip_protocol: ip4, timeout: 5s, targets: [192.0.2.0/24], %s}}\npolicy: {allow: [127.0.0.0/8, \"*.contoso.test\"]}\n",
			p.Prober, inline(slices.DeleteFunc(slices.Clone(p.Least), func(key string) bool { return strings.HasPrefix(key, "targets:") }))), nil)
		answer, err := resolving(cfg).Probe(t.Context(), runner.Request{Module: "m", Target: "sub.contoso.test"})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range answer.Result.Connections {
			t.Errorf("%s: %s was dialled", p.Prober, c.Address)
		}
		if f := answer.Result.Failure; !failure.Is(f, failure.Policy, "not_a_target") {
			t.Errorf("%s: %v", p.Prober, f)
		}
	}
	if tested == 0 {
		t.Error("no prober is asked for a domain")
	}
}

// nuisance is an asker that must not be turned against just anybody.
type nuisance struct{ asker }

var nuisanceKind = prober.Definition{Name: "nuisance", New: func() prober.Prober { return &nuisance{asker{Times: 1}} }}

// WantsTargets implements prober.Bound.
func (*nuisance) WantsTargets() string { return "nuisance" }

// resolving is a runner for which every name leads to 127.0.0.1.
func resolving(cfg *config.Config) *runner.Runner {
	r := newRunner(cfg)
	r.Resolver = loopback{}
	return r
}

type loopback struct{}

func (loopback) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}
