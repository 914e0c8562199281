package probes_test

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/probes"
)

// halfReachable gives every name an address of IPv6 to which no machine has a route, for TCP goes to no group of hosts, and
// one of IPv4.
type halfReachable struct{}

func (halfReachable) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("ff0e::1"), netip.MustParseAddr("127.0.0.1")}, nil
}

// TestAFamilyWithoutARoute: whatever is probed, a family that cannot be reached is told as that, with the settings that
// choose another.
func TestAFamilyWithoutARoute(t *testing.T) {
	t.Parallel()
	cfg := config.Default(probes.All())
	for _, allowed := range []string{"*.contoso.test", "contoso.test", "ff0e::1", "127.0.0.1"} {
		rule, err := policy.ParseRule(allowed)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Policy.Allow = append(cfg.Policy.Allow, rule)
	}
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: halfReachable{},
		Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	for name, m := range cfg.Modules {
		if m.Definition.NoProxy {
			continue // it asks servers that it looks for by itself
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer, err := r.Probe(context.Background(), runner.Request{Module: name, Target: "mail.contoso.test"})
			if err != nil { // one that asks of a mail domain
				answer, err = r.Probe(context.Background(), runner.Request{Module: name, Target: "probe@contoso.test"})
			}
			if err != nil {
				t.Fatal(err)
			}
			f := answer.Result.Failure
			if f == nil || string(f.Stage)+"/"+f.Reason != "connect/family_unreachable" {
				t.Fatalf("it reports %v", f)
			}
			for _, want := range []string{"that is IPv6", "has IPv4 addresses too", "ip_protocol ip4", "ip_protocol_fallback false"} {
				if !strings.Contains(f.Message, want) {
					t.Errorf("it does not say %q: %s", want, f.Message)
				}
			}
			if v := answer.Result.Verdict; v == nil || v.Advice != "family_without_route" {
				t.Errorf("the verdict is %+v", v)
			}
		})
	}
}
