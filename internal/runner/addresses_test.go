package runner_test

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// dual knows an address of each family of any name.
type dual struct{}

func (dual) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}, nil
}

// TestAddressAlone: a request may name one address of the target's name. That one is asked under the name, whatever family the
// module prefers, and policy is asked about it as about any other.
func TestAddressAlone(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string][]netip.Addr{}
	r := localRunner(t, func(o *runner.Options) { o.Resolver = dual{} }, func(ctx context.Context, run *prober.Run) {
		res, err := run.ResolveTarget(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		seen[run.Target.Name+" "+run.Result.At] = res.Addresses
		mu.Unlock()
		e := run.Endpoint(run.Target, res)
		e.TLS = nil
		conn, err := run.Network.Open(ctx, run.Step("open"), e)
		if err == nil {
			conn.Close()
		}
		if err != nil {
			run.Result.Fail(failure.From(err))
		}
	})
	req := runner.Request{Module: "puppet", Target: "mail.contoso.com:1"}
	all, left, err := r.Addresses(t.Context(), req)
	if err != nil || left != 0 || len(all) != 2 || !all[0].Is6() || !all[1].Is4() {
		t.Fatalf("got %v, %d more, %v", all, left, err)
	}
	reasons := map[string]string{}
	for _, at := range append(all, netip.Addr{}) {
		req.At = at
		answer, err := r.Probe(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		reasons[answer.Result.At] = answer.Result.Failure.Name()
		if answer.Result.Direct {
			t.Errorf("%v: it counts as a server that was asked past the balancer", at)
		}
	}
	for at, want := range map[string]string{"127.0.0.1": "connect/refused", "::1": "policy/address_denied"} {
		if got := seen["mail.contoso.com "+at]; len(got) != 1 || got[0].String() != at || reasons[at] != want {
			t.Errorf("%s: the name has %v, and the probe fails by %s, want %s", at, got, reasons[at], want)
		}
	}
	if got := seen["mail.contoso.com "]; len(got) != 2 {
		t.Errorf("without an address: %v", got)
	}
}

// TestAddressesRefused: where there is no name, there are no addresses of it.
func TestAddressesRefused(t *testing.T) {
	t.Parallel()
	r := localRunner(t, func(o *runner.Options) { o.Resolver = dual{} }, func(context.Context, *prober.Run) {})
	req := runner.Request{Module: "puppet", Target: "127.0.0.1"}
	if _, _, err := r.Addresses(t.Context(), req); err == nil || !strings.Contains(err.Error(), "is an address") {
		t.Errorf("an address: %v", err)
	}
	req.At = netip.IPv6Loopback()
	if _, err := r.Probe(t.Context(), req); err == nil || !strings.Contains(err.Error(), "has no name") {
		t.Errorf("an address of an address: %v", err)
	}
	if _, _, err := r.Addresses(t.Context(), runner.Request{Module: "nope", Target: "mail.contoso.com"}); err == nil || !strings.Contains(err.Error(), "unknown module") {
		t.Errorf("an unknown module: %v", err)
	}
}

// TestPinned: of one name one address is known, of others what the resolver knows.
func TestPinned(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddr("192.0.2.10")
	pinned := wire.Pinned(dual{}, "mail.contoso.com", at)
	for host, want := range map[string][]netip.Addr{
		"mail.contoso.com": {at}, "MAIL.contoso.com.": {at}, "other.contoso.com": {netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()},
	} {
		if got, err := pinned.LookupNetIP(t.Context(), "ip", host); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", host, got, err)
		}
	}
}
