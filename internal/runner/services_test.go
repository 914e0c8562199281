package runner_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// clerk is a prober that names a mailbox, and says which address it found its target at.
type clerk struct {
	Mailbox string `yaml:"mailbox"`
}

var clerkKind = prober.Definition{Name: "clerk", New: func() prober.Prober { return &clerk{} }, Paths: prober.ServicePaths}

func (*clerk) Check(func(field, problem string)) {}
func (*clerk) Need() time.Duration               { return time.Millisecond }
func (*clerk) Paths() []string                   { return nil }
func (*clerk) Plan(bool) []string                { return nil }
func (*clerk) Blank(*result.Result)              {}

func (*clerk) ForMailbox(address string) prober.Prober { return &clerk{address} }

func (c *clerk) Probe(ctx context.Context, run *prober.Run) {
	run.Result.Address = c.Mailbox
	found, err := run.ResolveTarget(ctx)
	if err != nil {
		run.Result.Fail(failure.From(err))
		return
	}
	for _, a := range found.Addresses {
		run.Result.Proxy += a.String() + " "
	}
}

// family knows two addresses of a name.
type family struct{}

func (family) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, nil
}

const clerks = `
modules:
  clerk: {prober: clerk, min_interval: 1m, clerk: {mailbox: own@contoso.com}}
services:
  mail: {name: mail.contoso.com, resolve: true, mailboxes: [a@contoso.com, b@contoso.com], modules: [clerk]}
policy: {allow: [service:mail]}
`

func clerkRunner(t *testing.T) *runner.Runner {
	t.Helper()
	cfg := load(t, clerks, nil)
	return runner.New(runner.Options{Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Version: "test", Log: slog.New(slog.DiscardHandler), Resolver: family{}})
}

// TestEachMailbox: a request may name a mailbox that a service has; each has a result of its own, and no other may be asked for.
func TestEachMailbox(t *testing.T) {
	t.Parallel()
	r := clerkRunner(t)
	for mailbox, want := range map[string]string{"": "own@contoso.com", "a@contoso.com": "a@contoso.com", "b@contoso.com": "b@contoso.com"} {
		answer, err := r.Probe(t.Context(), runner.Request{Module: "clerk", Target: "mail.contoso.com", Mailbox: mailbox})
		if err != nil || answer.Result.Address != want || answer.Result.Mailbox != mailbox {
			t.Errorf("for %q: %v, %+v", mailbox, err, answer.Result)
		}
	}
	var refused *runner.Refusal
	_, err := r.Probe(t.Context(), runner.Request{Module: "clerk", Target: "mail.contoso.com", Mailbox: "ceo@contoso.com"})
	if !errors.As(err, &refused) || refused.Status != 403 || refused.Reason != runner.DeniedTarget {
		t.Errorf("somebody else's mailbox: %v", err)
	}
}

// TestAddressOfABalancer: an address that service discovery lists in a name's stead may be asked where the name may, as long as
// the name has it; no other address may, nor that one by another name.
func TestAddressOfABalancer(t *testing.T) {
	t.Parallel()
	r := clerkRunner(t)
	answer, err := r.Probe(t.Context(), runner.Request{Module: "clerk", Target: "192.0.2.2", Hostname: "mail.contoso.com"})
	if err != nil || answer.Result.Failure != nil || answer.Result.Proxy != "192.0.2.2 " || answer.Result.Target != "192.0.2.2" || answer.Result.Name != "mail.contoso.com" || answer.Result.Direct {
		t.Errorf("an address of the balancer: %v, %+v", err, answer.Result)
	}
	for what, req := range map[string]runner.Request{
		"without the name": {Target: "192.0.2.2"},
		"by another name":  {Target: "192.0.2.2", Hostname: "intranet.contoso.com"},
		"at another port":  {Target: "192.0.2.2:8080", Hostname: "mail.contoso.com"},
	} {
		req.Module = "clerk"
		var refused *runner.Refusal
		if _, err := r.Probe(t.Context(), req); !errors.As(err, &refused) || refused.Status != 403 {
			t.Errorf("%s: %v", what, err)
		}
	}
	answer, err = r.Probe(t.Context(), runner.Request{Module: "clerk", Target: "192.0.2.99", Hostname: "mail.contoso.com"})
	if err == nil && answer.Result.Success() {
		t.Errorf("an address that the name has not: %+v", answer.Result)
	}
}
