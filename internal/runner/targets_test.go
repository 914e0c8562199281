package runner_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// TestModuleTargets: whoever can reach the exporter cannot have a module with targets asked for anything else, and none that
// needs targets without. Nothing is sent then.
func TestModuleTargets(t *testing.T) {
	t.Parallel()
	server := lab.Serve(t, lab.Write("220 mail.contoso.test\r\n"), lab.ReadLine, lab.Write("250 mail.contoso.test\r\n"), lab.Hang)
	_, port, _ := net.SplitHostPort(server.Addr())
	cfg := load(t, `
modules:
  here: {prober: smtp, ip_protocol: ip4, timeout: 3s, targets: [127.0.0.1, mx.contoso.test], smtp: {security: none, mail_from: true}}
  named: {prober: smtp, ip_protocol: ip4, timeout: 3s, targets: ["mx*.contoso.test"], smtp: {security: none}}
  looks: {prober: autodiscover, ip_protocol: ip4, timeout: 5s, targets: [192.0.2.0/24], autodiscover: {email: a@sub.contoso.test}}
  there: {prober: smtp, ip_protocol: ip4, timeout: 3s, targets: [192.0.2.0/24], smtp: {security: none}}
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
	t.Run("what a look-up leads to", func(t *testing.T) {
		t.Parallel()
		answer, err := r.Probe(t.Context(), runner.Request{Module: "looks", Target: "sub.contoso.test"})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range answer.Result.Connections {
			t.Errorf("%s was dialled", c.Address)
		}
		if f := answer.Result.Failure; !failure.Is(f, failure.Policy, "not_a_target") {
			t.Errorf("%v", f)
		}
	})
}

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
