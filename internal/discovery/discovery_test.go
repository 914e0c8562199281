package discovery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// dns answers with addresses, or with an error.
type dns struct {
	addresses []netip.Addr
	err       error
	asked     int
}

func (d *dns) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	d.asked++
	return d.addresses, d.err
}

func configured() *config.Config {
	m := &config.Module{Name: "m", Definition: prober.Definition{Paths: prober.ServicePaths}, Settings: still{}}
	s := &config.Service{Key: "mail", Name: "mail.contoso.com", Balancers: []string{"mail.contoso.com:8443"}, Resolve: true, Servers: []string{"ex01.contoso.com"}, Modules: []string{"m"}}
	return &config.Config{Modules: map[string]*config.Module{"m": m}, Services: map[string]*config.Service{"mail": s}}
}

type still struct{ prober.Prober }

func targets(cells []config.Cell) string {
	var all []string
	for _, c := range cells {
		all = append(all, c.Target)
	}
	return strings.Join(all, " ")
}

// TestAFailedLookUpKeepsTheList: names are looked up again after a while; a name server that is silent, or says that there is no
// such name, takes no target away.
func TestAFailedLookUpKeepsTheList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		names := &dns{err: errors.New("no answer")}
		cfg := configured()
		f := &Finder{Config: func() *config.Config { return cfg }, Resolver: names, Log: slog.New(slog.DiscardHandler)}
		if got := targets(f.Listed()); got != "ex01.contoso.com" {
			t.Errorf("before the first look-up: %s", got)
		}
		step := func(what string, d dns, want string) {
			t.Helper()
			time.Sleep(time.Minute)
			names.addresses, names.err = d.addresses, d.err
			_, cells, err := f.Cells(t.Context())
			if got := targets(cells); want != "" && (err != nil || got != want || targets(f.Listed()) != want) || want == "" && (err == nil || !strings.Contains(err.Error(), "service mail: ")) {
				t.Errorf("%s: %s, %v; want %s", what, got, err, want)
			}
		}
		one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::2")
		step("never found", dns{err: errors.New("no answer")}, "")
		step("found", dns{addresses: []netip.Addr{two, one}}, "192.0.2.1:8443 [2001:db8::2]:8443 ex01.contoso.com")
		step("silence", dns{err: errors.New("no answer")}, "192.0.2.1:8443 [2001:db8::2]:8443 ex01.contoso.com")
		step("no address", dns{}, "192.0.2.1:8443 [2001:db8::2]:8443 ex01.contoso.com")
		step("one less", dns{addresses: []netip.Addr{one}}, "192.0.2.1:8443 ex01.contoso.com")
		asked := names.asked
		for range 10 {
			_, cells, _ := f.Cells(t.Context())
			if c := cells[0]; c.Hostname != "mail.contoso.com" || c.Via() != "balancer" {
				t.Fatal(fmt.Sprint("an address is asked as ", c))
			}
		}
		if names.asked != asked {
			t.Errorf("asked %d times within a moment", names.asked-asked)
		}
	})
}
