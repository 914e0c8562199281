package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// names is a Resolver that knows some addresses, or fails.
type names struct {
	addresses []string
	err       error
	network   *string // where to note the network asked for
}

func (n names) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if n.network != nil {
		*n.network = network
	}
	if errors.Is(n.err, errSilent) {
		<-ctx.Done()
		return nil, &net.DNSError{Err: ctx.Err().Error(), Name: host, IsTimeout: true}
	}
	var found []netip.Addr
	for _, a := range n.addresses {
		found = append(found, netip.MustParseAddr(a))
	}
	return found, n.err
}

// errSilent has names wait for the end of the look-up's context.
var errSilent = errors.New("no answer")

func TestResolve_preference(t *testing.T) {
	t.Parallel()
	v4, v6, both := []string{"192.0.2.1", "192.0.2.2"}, []string{"2001:db8::1", "2001:db8::2"}, []string{"192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"}
	tests := map[string]struct {
		prefer  Preference
		found   []string
		network string
		want    []string // nil: no_address
	}{
		"ip4 with fallback, both":     {Preference{"ip4", true}, both, "ip", []string{"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"}},
		"ip4 with fallback, v6 only":  {Preference{"ip4", true}, v6, "ip", v6},
		"ip4 alone, both":             {Preference{"ip4", false}, both, "ip4", v4},
		"ip4 alone, v6 only":          {Preference{"ip4", false}, v6, "ip4", nil},
		"ip6 with fallback, both":     {Preference{"ip6", true}, both, "ip", []string{"2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"}},
		"ip6 with fallback, v4 only":  {Preference{"ip6", true}, v4, "ip", v4},
		"ip6 alone, both":             {Preference{"ip6", false}, both, "ip6", v6},
		"ip6 alone, v4 only":          {Preference{"ip6", false}, v4, "ip6", nil},
		"ip6 is the default":          {Preference{"", true}, both, "ip", []string{"2001:db8::1", "2001:db8::2", "192.0.2.1", "192.0.2.2"}},
		"nothing found":               {Preference{"ip4", true}, nil, "ip", nil},
		"each address once":           {Preference{"ip4", true}, []string{"192.0.2.1", "192.0.2.1", "::ffff:192.0.2.1"}, "ip", []string{"192.0.2.1"}},
		"mapped addresses are mapped": {Preference{"ip4", false}, []string{"::ffff:192.0.2.1"}, "ip4", []string{"192.0.2.1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var network string
			d := &Dialer{Epoch: time.Now(), Resolver: names{addresses: tt.found, network: &network}}
			res, err := d.Resolve(context.Background(), "mail.contoso.com", tt.prefer)
			if tt.want == nil {
				wantFailure(t, err, failure.Resolve, "no_address")
			} else {
				wantFailure(t, err, "", "")
			}
			var got []string
			for _, a := range res.Addresses {
				got = append(got, a.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("addresses (-want +got):\n%s", diff)
			}
			if network != tt.network || res.Name != "mail.contoso.com" || res.Span == nil || res.Dropped != 0 {
				t.Errorf("asked for %q, want %q; resolution %+v", network, tt.network, res)
			}
		})
	}
}

func TestResolve_manyAddresses(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 20 {
		many = append(many, fmt.Sprintf("2001:db8::%d", i+1), fmt.Sprintf("192.0.2.%d", i+1))
	}
	d := &Dialer{Epoch: time.Now(), Resolver: names{addresses: many}}
	res, err := d.Resolve(context.Background(), "mail.contoso.com", Preference{"ip4", true})
	wantFailure(t, err, "", "")
	if len(res.Addresses) != MaxAddresses || res.Dropped != 40-MaxAddresses || res.Addresses[MaxAddresses-1] != netip.MustParseAddr("192.0.2.16") {
		t.Errorf("%d addresses, %d dropped, the last is %v", len(res.Addresses), res.Dropped, res.Addresses[len(res.Addresses)-1])
	}
}

// An address is not looked up: it is its own resolution, if the preference lets it.
func TestResolve_literals(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		host   string
		prefer Preference
		want   string // empty: no_address
	}{
		"IPv4":                        {"192.0.2.1", Preference{"ip4", false}, "192.0.2.1"},
		"IPv4 by fallback":            {"192.0.2.1", Preference{"ip6", true}, "192.0.2.1"},
		"IPv4 when only IPv6 may be":  {"192.0.2.1", Preference{"ip6", false}, ""},
		"IPv6":                        {"2001:db8::1", Preference{"ip6", false}, "2001:db8::1"},
		"IPv6 when only IPv4 may be":  {"2001:db8::1", Preference{"ip4", false}, ""},
		"IPv4-mapped IPv6 is an IPv4": {"::ffff:192.0.2.1", Preference{"ip4", false}, "192.0.2.1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &Dialer{Epoch: time.Now(), Resolver: names{err: errors.New("must not be asked")}}
			res, err := d.Resolve(context.Background(), tt.host, tt.prefer)
			if res == nil || res.Name != tt.host || res.Span != nil {
				t.Fatalf("resolution %+v, want one of %s without a look-up", res, tt.host)
			}
			if tt.want == "" {
				wantFailure(t, err, failure.Resolve, "no_address")
				return
			}
			wantFailure(t, err, "", "")
			if len(res.Addresses) != 1 || res.Addresses[0].String() != tt.want {
				t.Errorf("addresses %v, want %s", res.Addresses, tt.want)
			}
		})
	}
}

func TestResolve_failures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err    error
		cancel bool
		reason string
	}{
		"NXDOMAIN":               {&net.DNSError{Err: "no such host", Name: "mail", IsNotFound: true}, false, "not_found"},
		"SERVFAIL":               {&net.DNSError{Err: "server misbehaving", Name: "mail", IsTemporary: true}, false, "server_failure"},
		"the resolver's timeout": {&net.DNSError{Err: "i/o timeout", Name: "mail", IsTimeout: true, IsTemporary: true}, false, "timeout"},
		"the probe's limit":      {errSilent, false, "timeout"},
		"cancelled":              {errSilent, true, "timeout"},
		"no route": {
			&net.DNSError{Err: "dial udp 192.0.2.53:53: connect: " + syscall.ENETUNREACH.Error(), Name: "mail", Server: "192.0.2.53:53", IsTemporary: true}, false, "unreachable",
		},
		"no address of that family": {&net.AddrError{Err: "no suitable address found", Addr: "mail"}, false, "no_address"},
		"anything else":             {&net.DNSError{Err: "cannot unmarshal DNS message", Name: "mail"}, false, "error"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			if tt.cancel {
				cancel()
			}
			d := &Dialer{Epoch: time.Now(), Resolver: names{err: tt.err}}
			res, err := d.Resolve(ctx, "mail", Preference{"ip4", true})
			wantFailure(t, err, failure.Resolve, tt.reason)
			if res == nil || res.Span == nil || len(res.Addresses) != 0 {
				t.Errorf("resolution %+v, want the look-up's time and no address", res)
			}
		})
	}
}

// aliases is a Resolver that can tell what an alias stands for.
type aliases struct {
	names
	canonical string
}

func (a aliases) LookupCNAME(context.Context, string) (string, error) { return a.canonical, a.err }

func TestAlias(t *testing.T) {
	t.Parallel()
	notFound := &net.DNSError{Err: "no such host", Name: "mail.contoso.test", IsNotFound: true}
	for name, tt := range map[string]struct {
		resolver   Resolver
		host, want string
		reason     string
	}{
		"an alias":                    {resolver: aliases{canonical: "EX01.contoso.test."}, host: "mail.contoso.test", want: "ex01.contoso.test"},
		"none":                        {resolver: aliases{canonical: "mail.contoso.test."}, host: "Mail.contoso.test"},
		"none, asked with a last dot": {resolver: aliases{canonical: "mail.contoso.test."}, host: "mail.contoso.test."},
		"a resolver that cannot tell": {resolver: names{}, host: "mail.contoso.test"},
		"no such name":                {resolver: aliases{names: names{err: notFound}}, host: "mail.contoso.test", reason: "not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := (&Dialer{Resolver: tt.resolver}).Alias(t.Context(), tt.host)
			if got != tt.want || tt.reason == "" && err != nil || tt.reason != "" && !failure.Is(err, failure.Resolve, tt.reason) {
				t.Errorf("%q, %v; want %q, %q", got, err, tt.want, tt.reason)
			}
		})
	}
}
